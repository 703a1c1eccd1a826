"""What is inside of a compressed file (gzip) or an archive (zip): read within bounds, never written."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from trajcore.errors import BadInput
from trajcore.formats.base import Files
from trajcore.formats.json.text import first_character
from trajcore.reading import read_bounded, unpacked_bytes

_HEAD: Final = 64
_OPENING: Final = (b"{", b"[")
_MOST_FILES: Final = 10_000
_NUMBERED: Final = re.compile(r"(?P<directory>.*/)?(?P<number>[0-9]{1,18})\.json")
_CUT: Final = "its compressed data ends too early"
_FAULTS: Final = (
    zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, OSError, ValueError,
    NotImplementedError, RuntimeError,  # packed in a way that is not known here, or encrypted
)  # fmt: skip


def contents(files: Files) -> Sequence[Files]:
    """What may be recordings in a packed file: one where it is compressed, in an archive one or more.

    Of an archive these are its files that begin as JSON does, and each directory of numbered events as one
    list. Raises `BadInput`, naming it, for what cannot be unpacked or becomes too large.
    """
    data = files.source.data
    try:
        return _archived(files, data) if files.packing == "zip" else [_unzipped(files, data)]
    except _FAULTS as error:
        raise BadInput(f"{files.name} cannot be unpacked: {error}.") from None


def _unzipped(files: Files, data: bytes) -> Files:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
        file = _UpToTheCut(packed)
        inside = read_bounded(file, files.name, unpacked_bytes(len(data)))
    return Files(files.name, files.path, inside, packed="gzip", missing=_CUT if file.is_cut else "")


class _UpToTheCut:
    """A compressed file, read up to where it was cut off."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self.is_cut = False

    def read(self, size: int) -> bytes:
        """The next bytes, `size` at most; none at its end."""
        try:
            return self._file.read1(size)
        except EOFError:
            self.is_cut = True
            return b""


def _archived(files: Files, data: bytes) -> list[Files]:
    found: dict[str, bytes] = {}
    left = unpacked_bytes(len(data))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > _MOST_FILES:
            raise BadInput(f"{files.name} holds more than {_MOST_FILES} files: unpack it first.")
        for info in infos:
            with archive.open(info) as file:
                is_text = first_character(file.read(_HEAD)) in _OPENING
            if not is_text and not _NUMBERED.fullmatch(info.filename):
                continue
            with archive.open(info) as file:
                found[info.filename] = inside = read_bounded(file, files.name, left)
            left -= len(inside)
    recordings = list(_recordings(found))
    if not recordings:
        raise BadInput(f"{files.name} is an archive with no recording in it.")
    return [
        Files(
            files.name if len(recordings) == 1 else f"{files.name}: {name}",
            files.path, text, packed="zip", inside=name,
        )
        for name, text in recordings
    ]  # fmt: skip


def _recordings(found: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Files that begin as JSON does and, of a directory with numbered ones, a list of these in order."""
    stores: dict[str, dict[int, bytes]] = {}
    for name, data in found.items():
        numbered = _NUMBERED.fullmatch(name)
        if numbered:
            stores.setdefault(numbered["directory"] or "", {})[int(numbered["number"])] = data
        else:
            yield name, data
    for directory, events in stores.items():
        texts = (events[number].strip() for number in sorted(events))
        yield directory.rstrip("/") or "events", b"[\n" + b",\n".join(texts) + b"\n]\n"
