"""What is inside of a compressed file (gzip) or an archive (zip): read within bounds, never written."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from trajcore.errors import BadInput
from trajcore.formats.base import Files
from trajcore.formats.json.text import first_character
from trajcore.reading import TooLarge, read_bounded, unpacked_bytes

_HEAD: Final = 64
_MOST_FILES: Final = 50_000
_MOST_RECORDINGS: Final = 1000
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
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        recordings = list(_recordings(_unpacked(archive, files.name, unpacked_bytes(len(data)))))
    if not recordings:
        raise BadInput(f"{files.name} is an archive with no recording in it.")
    if len(recordings) > _MOST_RECORDINGS:
        raise BadInput(f"{files.name} holds more than {_MOST_RECORDINGS} recordings: unpack it first.")
    alone = len(recordings) == 1
    return [
        Files(files.name if alone else f"{files.name}: {name}", files.path, text, packed="zip", inside=name)
        for name, text in recordings
    ]


def _unpacked(archive: zipfile.ZipFile, name: str, largest: int) -> Iterator[tuple[str, bytes]]:
    """The files of an archive that begin as JSON does, and all numbered ones: some may be damaged."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > _MOST_FILES:
        raise BadInput(f"{name} holds more than {_MOST_FILES} files: unpack it first.")
    left = largest
    for info in infos:
        with archive.open(info) as file:
            is_text = first_character(file.read(_HEAD)) in (b"{", b"[")
        if is_text or _NUMBERED.fullmatch(info.filename):
            with archive.open(info) as file:
                try:
                    inside = read_bounded(file, name, left)
                except TooLarge:
                    raise TooLarge(name, largest) from None
            left -= len(inside)
            yield info.filename, inside


def _recordings(found: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Recordings by their names; numbered files of a directory that are no lists are the events of one."""
    stores: dict[str, dict[int, bytes]] = {}
    for name, data in found:
        numbered = _NUMBERED.fullmatch(name)
        if numbered and first_character(data) != b"[":
            stores.setdefault(numbered["directory"] or "", {})[int(numbered["number"])] = data
        else:
            yield name, data
    for directory, events in stores.items():
        texts = (events[number].removeprefix(codecs.BOM_UTF8).strip() for number in sorted(events))
        yield directory.rstrip("/") or "events", b"[\n" + b",\n".join(texts) + b"\n]\n"
