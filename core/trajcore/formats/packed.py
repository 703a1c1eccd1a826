"""What is inside of a compressed file (gzip) or an archive (zip, tar, tar in gzip): read within bounds.

None of it is ever written.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from trajcore.errors import BadInput
from trajcore.formats import eventnames
from trajcore.formats.base import Files, is_tar
from trajcore.formats.json.text import first_character
from trajcore.reading import TooLarge, read_bounded, unpacked_bytes

_HEAD: Final = 64
_MOST_FILES: Final = 50_000
_MOST_RECORDINGS: Final = 1000
_NUMBERED: Final = re.compile(r"(?P<directory>.*/)?(?P<number>[0-9]{1,18})\.json")
_CUT: Final = "its compressed data ends too early"
_FAULTS: Final = (
    tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, OSError, ValueError,
    NotImplementedError, RuntimeError,  # packed in a way that is not known here, or encrypted
)  # fmt: skip


def contents(files: Files) -> Sequence[Files]:
    """What may be recordings in a packed file: one where it is compressed, in an archive one or more.

    Of an archive these are its files that begin as JSON does, and each directory of numbered events as one
    list, each conversation as its files. Raises `BadInput`, naming it, for what cannot be unpacked or
    becomes too large.
    """
    data = files.source.data
    try:
        if files.packing == "zip":
            return _archived(files, _in_zip(data, files.name), "zip")
        if files.packing == "tar":
            return _archived(files, _in_tar(data, files.name), "tar")
        return _unzipped(files, data)
    except _FAULTS as error:
        raise BadInput(f"{files.name} cannot be unpacked: {error}.") from None


def _unzipped(files: Files, data: bytes) -> Sequence[Files]:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
        file = _UpToTheCut(packed)
        inside = read_bounded(file, files.name, unpacked_bytes(len(data)))
    missing = _CUT if file.is_cut else ""
    if is_tar(inside):
        return _archived(files, _in_tar(inside, files.name), "gzip", missing)
    return [Files(files.name, files.path, inside, packed="gzip", missing=missing)]


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


def _archived(
    files: Files, found: Iterable[tuple[str, bytes]], packed: str, missing: str = ""
) -> list[Files]:
    """The recordings among the files of an archive; the last of them is where that was cut off."""
    recordings = list(_recordings(found))
    if not recordings:
        raise BadInput(f"{files.name} is an archive with no recording in it.")
    if len(recordings) > _MOST_RECORDINGS:
        raise BadInput(f"{files.name} holds more than {_MOST_RECORDINGS} recordings: unpack it first.")
    alone, last = len(recordings) == 1, len(recordings) - 1
    return [
        Files(
            files.name if alone else f"{files.name}: {name}",
            files.path,
            b"" if isinstance(text, dict) else text,
            packed=packed,
            inside=name,
            missing=missing if number == last else "",
            members=text if isinstance(text, dict) else None,
        )
        for number, (name, text) in enumerate(recordings)
    ]


def _in_zip(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """The files of a zip archive that may be recordings."""
    left = largest = unpacked_bytes(len(data))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > _MOST_FILES:
            raise BadInput(f"{name} holds more than {_MOST_FILES} files: unpack it first.")
        for info in infos:
            with archive.open(info) as file:
                head = file.read(_HEAD)
            if not _may_be_recording(info.filename, head):
                continue
            with archive.open(info) as file:
                try:
                    inside = read_bounded(file, name, left)
                except TooLarge:
                    raise TooLarge(name, largest) from None
            left -= len(inside)
            yield info.filename, inside


def _in_tar(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """The files of a tar archive that may be recordings: a slice of it each, the last one up to a cut.

    Links, devices and files with holes are none.
    """
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        number = 0
        while (info := _next(archive, number)) is not None:
            number += 1
            if number > _MOST_FILES:
                raise BadInput(f"{name} holds more than {_MOST_FILES} files: unpack it first.")
            if not info.isreg() or info.issparse():
                continue
            inside = data[info.offset_data : info.offset_data + info.size]
            told = info.name.removeprefix("./")
            if _may_be_recording(told, inside[:_HEAD]):
                yield told, inside


def _next(archive: tarfile.TarFile, number: int) -> tarfile.TarInfo | None:
    """The member with this number; None behind the last one, or the one that an archive was cut off in."""
    try:
        return archive.next()
    except tarfile.ReadError:
        if not number:
            raise
        return None


def _may_be_recording(name: str, head: bytes) -> bool:
    """Whether a file begins as JSON does, or is a numbered one, which may be damaged."""
    return (
        first_character(head) in (b"{", b"[")
        or _NUMBERED.fullmatch(name) is not None
        or eventnames.is_member(name)
    )


def _recordings(found: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes | dict[str, bytes]]]:
    """Recordings by their names; numbered files of a directory that are no lists are the events of one.

    The files of a conversation are one recording, by their names in its directory.
    """
    stores: dict[str, dict[int, bytes]] = {}
    conversations: dict[str, dict[str, bytes]] = {}
    for name, data in found:
        numbered = _NUMBERED.fullmatch(name)
        if eventnames.is_member(name):
            prefix = eventnames.prefix_of(name)
            conversations.setdefault(prefix, {})[name.removeprefix(prefix)] = data
        elif numbered and first_character(data) != b"[":
            stores.setdefault(numbered["directory"] or "", {})[int(numbered["number"])] = data
        else:
            yield name, data
    for prefix, members in conversations.items():
        yield prefix.rstrip("/") or "events", members
    for directory, events in stores.items():
        texts = (events[number].removeprefix(codecs.BOM_UTF8).strip() for number in sorted(events))
        yield directory.rstrip("/") or "events", b"[\n" + b",\n".join(texts) + b"\n]\n"
