"""JSON Lines, a record on each line: what programs write that add to a file while they run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import Files, Layout, Span
from trajcore.formats.json.text import loads

_BLANK: Final = b" \t\r\n"


class JsonLines:
    """`{…}` on each line, all of one trajectory."""

    name: Final = "jsonl"

    def records(self, files: Files, row: str | None) -> Iterator[Layout]:
        """The records of the file. Raises `BadInput`, naming the line, for what is no object."""
        if files.directory is not None or row is not None or files.first != b"{":
            return
        source = files.source
        records, spans = [], []
        at = files.begin
        for number, line in enumerate(source.data[at:].split(b"\n"), 1):
            text = line.strip(_BLANK)
            if text:
                if number == 1 and not text.endswith(b"}"):
                    return  # An object over several lines.
                begin = at + line.index(text[:1])
                records.append(_record(text, number, source.name))
                spans.append(Span(0, begin, begin + len(text)))
            at += len(line) + 1
        yield Layout(self.name, (source,), records, spans, files.begin, lines=True)

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """A line for each record."""
        for record in records:
            yield record
            yield b"\n"


def _record(text: bytes, number: int, name: str) -> msgspec.Raw:
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        if not isinstance(loads(text.decode(), name, first_line=number), dict):
            raise BadInput(f"{name} is not a trajectory: line {number} is no object.") from None
    return msgspec.Raw(text)
