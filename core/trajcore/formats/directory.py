"""OpenHands' event store: a directory with one file for each event, named by its id."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import Layout, Source, Span
from trajcore.formats.json.text import described, loads, text_start

_BLANK: Final = b" \t\r\n"


def read(directory: Path) -> Layout:
    """Find the events of a directory. Raises `BadInput`, naming the file, where one cannot be used."""
    files = _event_files(directory)
    if not files:
        raise BadInput(f"{directory} is a directory with no events in it: expected files like 0.json.")
    sources, events, spans = [], [], []
    for number, path in enumerate(files):
        try:
            source = Source(str(path), path, path.read_bytes())
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
        begin, end = _event_span(source)
        sources.append(source)
        events.append(msgspec.Raw(source.data[begin:end]))
        spans.append(Span(number, begin, end))
    return Layout(sources, events, spans)


def _event_files(directory: Path) -> list[Path]:
    inside = directory / "events"
    place = inside if inside.is_dir() else directory
    files = [path for path in place.glob("*.json") if path.stem.isascii() and path.stem.isdigit()]
    return sorted(files, key=lambda path: int(path.stem))


def _event_span(source: Source) -> tuple[int, int]:
    start = text_start(source.data, source.name)
    value = loads(source.data[start:].decode(), source.name)
    if not isinstance(value, dict):
        raise BadInput(f"{source.name} is no event: expected an object, found {described(value)}.")
    end = len(source.data.rstrip(_BLANK))
    return start + len(source.data[start:]) - len(source.data[start:].lstrip(_BLANK)), end
