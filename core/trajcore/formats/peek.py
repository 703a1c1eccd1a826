"""The first records of whatever a file, an archive or a directory holds: bounded, and never an error.

It is asked whose a recording is that could not be read, so nothing is taken for granted here: neither a
name nor an extension, nor that all of it is JSON.
"""

from __future__ import annotations

import codecs
import io
import json
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from trajcore.formats.base import PACKED

MOST_RECORDS: Final = 64
"""How many records are looked at."""
MOST_BYTES: Final = 1 << 20
"""How many bytes of records are looked at; the first record is, whatever its length."""

_DEPTH: Final = 3
"""How far below a directory recordings are looked for: Codex keeps them by year, month and day."""
_MOST_ENTRIES: Final = 1000
_MOST_FILE_BYTES: Final = 4 << 20
_MOST_BYTES_INSIDE: Final = 16 << 20
_FAULTS: Final = (msgspec.DecodeError, ValueError, RecursionError)

_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list: Final = msgspec.json.Decoder(list[msgspec.Raw])


def records(data: bytes) -> list[Any]:
    """The first records of a text: the members of its list, its lines, or the one object that it is.

    Lists inside a record are cut to their first members; what is no JSON is left out.
    """
    text = data.removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith(b"["):
        return members(text)
    if not text.startswith(b"{"):
        return []
    end = text.find(b"\n")
    first = text if end < 0 else text[:end].rstrip()
    if end >= 0 and first.endswith(b"}") and _cut(first) is not None:
        return cut(line for line in io.BytesIO(text) if line.strip())
    return cut([text])


def cut(raws: Iterator[bytes] | Sequence[msgspec.Raw | bytes]) -> list[Any]:
    """The first of some JSON texts as Python objects; those that are none are left out."""
    found = []
    left = MOST_BYTES
    for raw in islice(raws, MOST_RECORDS):
        if left <= 0:
            break
        left -= memoryview(raw).nbytes
        value = _cut(raw)
        if value is not None:
            found.append(value)
    return found


def members(text: bytes | msgspec.Raw) -> list[Any]:
    """The first members of the list that a JSON text is."""
    try:
        return cut(_list.decode(text))
    except _FAULTS:
        value = _as_python_reads_it(bytes(text))
        return value[:MOST_RECORDS] if isinstance(value, list) else []


def _cut(raw: msgspec.Raw | bytes) -> Any:
    """The value of a JSON text, the lists in it cut short where it is an object; None where it is no JSON."""
    if bytes(memoryview(raw)[:1]) not in (b"{", b" ", b"\t", b"\r", b"\n"):
        return _value(raw)
    try:
        return {key: _shortened(value) for key, value in _object.decode(raw).items()}
    except _FAULTS:
        value = _as_python_reads_it(bytes(raw))
        if not isinstance(value, dict):
            return value
        return {key: v[:MOST_RECORDS] if isinstance(v, list) else v for key, v in value.items()}


def _shortened(raw: msgspec.Raw) -> Any:
    is_list = bytes(memoryview(raw)[:1]) == b"["
    return members(raw) if is_list else _value(raw)


def _value(raw: msgspec.Raw | bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except _FAULTS:
        return _as_python_reads_it(bytes(raw))


def _as_python_reads_it(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_int=float)
    except (ValueError, RecursionError):
        return None


def is_archive(data: bytes) -> bool:
    """Whether a file is a zip archive."""
    return data.startswith(PACKED["zip"])


def archived(data: bytes) -> Iterator[bytes]:
    """The first files of a zip archive, each up to a limit, whatever it claims to unpack to."""
    import zipfile
    import zlib

    damaged = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError)
    unknown = (NotImplementedError, RuntimeError)  # packed in a way that is not known here, or encrypted
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = (info for info in archive.infolist() if not info.is_dir() and info.file_size)
            left = _MOST_BYTES_INSIDE
            for info in islice(files, MOST_RECORDS):
                if left <= 0:
                    return
                with archive.open(info) as file:
                    inside = file.read(min(left, _MOST_FILE_BYTES))
                left -= len(inside)
                yield inside
    except (*damaged, *unknown):
        return


def filed(directory: Path) -> Iterator[tuple[int, bytes]]:
    """The first files in a directory and below it, each with how deep it lies there and its first bytes."""
    left = _MOST_BYTES_INSIDE
    for depth, path in islice(_files(directory), MOST_RECORDS):
        if left <= 0:
            return
        try:
            if not os.path.isfile(path):  # a pipe would be waited for
                continue
            with path.open("rb") as file:
                data = file.read(min(left, _MOST_FILE_BYTES))
        except OSError:
            continue
        left -= len(data)
        yield depth, data


def _files(directory: Path) -> Iterator[tuple[int, Path]]:
    """Files that are not hidden, those that lie higher first."""
    level = [directory]
    for depth in range(_DEPTH + 1):
        below: list[Path] = []
        for place in level:
            for entry in _entries(place):
                if entry.is_dir(follow_symlinks=False):
                    below.append(Path(entry.path))
                elif entry.is_file():
                    yield depth, Path(entry.path)
        level = below[:MOST_RECORDS]


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as found:
            listed = [entry for entry in islice(found, _MOST_ENTRIES) if not entry.name.startswith(".")]
    except OSError:
        return []
    return sorted(listed, key=lambda entry: entry.name)
