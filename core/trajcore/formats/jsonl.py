"""JSON Lines, a record on each line: what programs write that add to a file while they run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import DAMAGED, Files, Layout, Span
from trajcore.formats.json.damaged import place
from trajcore.formats.json.text import described, in_words, is_cut_off

_BLANK: Final = b" \t\r\n"
_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class JsonLines:
    """`{…}` on each line, all of one trajectory."""

    name: Final = "jsonl"

    def records(self, files: Files, row: str | None) -> Iterator[Layout]:
        """The records of the file, damaged lines among them. Raises `BadInput` where none is whole."""
        if files.directory is not None or row is not None or not _is_lines(files):
            return
        source = files.source
        records: list[msgspec.Raw] = []
        spans: list[Span] = []
        damaged: dict[int, str] = {}
        data, at = source.data, files.start
        whole = memoryview(data)
        while at < len(data):
            end = data.find(b"\n", at)
            end = len(data) if end < 0 else end
            line = data[at:end]
            text = line.strip(_BLANK)
            if text:
                begin = at + line.index(text[:1])
                span = Span(0, begin, begin + len(text))
                fault = _fault(text, data, begin, is_utf8=files.is_utf8)
                if fault is not None:
                    damaged[len(records)] = fault
                # A view: a recording may be half of the memory.
                records.append(msgspec.Raw(whole[span.begin : span.end]) if fault is None else DAMAGED)
                spans.append(span)
            at = end + 1
        if len(damaged) == len(records):
            raise BadInput(f"{source.name} is not a trajectory: {damaged[0]}.")
        yield Layout(self.name, (source,), records, spans, files.start, lines=True, damaged=damaged)

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """A line for each record."""
        for record in records:
            yield record
            yield b"\n"


def _is_lines(files: Files) -> bool:
    """Several lines, or an object on the only one."""
    return files.has_lines or (
        files.first == b"{" and b"\n" not in files.source.data[files.start :].strip(_BLANK)
    )


def _fault(text: bytes, data: bytes, begin: int, *, is_utf8: bool) -> str | None:
    """Where a line of a file breaks; None where it is an object."""
    try:
        _decoder.decode(text if is_utf8 else text.decode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            value = json.loads(text, parse_int=float)
        except json.JSONDecodeError as error:
            shown = text.decode("utf-8", "replace")
            at = len(text) if is_cut_off(error, shown) else len(shown[: error.pos].encode())
            return f"{place(data, begin + at)}: {in_words(error, shown, 'the line')}"
        except UnicodeDecodeError as error:
            return f"{place(data, begin + error.start)}: no UTF-8, {error.reason}"
        except RecursionError:
            return f"{place(data, begin)}: it is nested too deeply"
        if not isinstance(value, dict):
            return f"{place(data, begin)}: {described(value)}, not an object"
    return None
