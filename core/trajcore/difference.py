"""What a save would change: a unified diff of the document and its files as they are on disk.

Only the regions that differ are compared line by line. Events that stand on one line are shown indented.
"""

from __future__ import annotations

import difflib
import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from trajcore.document.regions import Region, Text, regions
from trajcore.document.saving import Job
from trajcore.formats.base import Files, Layout
from trajcore.formats.json.reading import as_object
from trajcore.formats.registry import readings
from trajcore.reading import Missing, read_file, recording_bytes
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory

_CONTEXT: Final = 3
_ONE_LINE: Final = 160
"""An event of more bytes than this on one line is shown indented."""

_TOO_MANY: Final = 4_000_000
"""From so many pairs of lines on, two regions are not compared line by line."""

_NO_NEWLINE: Final = "\\ No newline at end of file"


def diff(trajectory: Trajectory) -> Iterator[str]:
    """The lines of the diff, without newlines; none where nothing differs.

    The document is taken as it is now; the lines can be asked for in another thread. What came from
    standard input, or was packed, is compared with what was read.
    """
    if trajectory.needs_name:
        sides = (trajectory.original, trajectory.to_bytes())
        return _headed(trajectory.name, *sides, None if trajectory.path else trajectory.row, whole=True)
    return _of_job(trajectory.saving(overwrite=True), trajectory.row)


def _of_job(job: Job, row: str | None) -> Iterator[str]:
    for output in job.outputs:
        new = b"".join(output.pieces)
        yield from _of_file(output.path, new, row, whole=output.record is None)
    for path in job.gone:
        yield from _of_file(path, None, row, whole=False)


def _of_file(path: Path, new: bytes | None, row: str | None, *, whole: bool) -> Iterator[str]:
    """`whole`: the file is a list of events, not one of them."""
    try:
        old: bytes | None = read_file(path, recording_bytes())
    except Missing:
        old = None
    yield from _headed(str(path), old, new, row, whole=whole)


def _headed(
    name: str, old: bytes | None, new: bytes | None, row: str | None, *, whole: bool
) -> Iterator[str]:
    lines = _differences(_text(old, name, row, whole=whole), _text(new, name, row, whole=whole))
    first = next(lines, None)
    if first is not None:
        yield f"--- {_quoted(name) if old is not None else '/dev/null'}"
        yield f"+++ {_quoted(name) if new is not None else '/dev/null'}"
        yield first
        yield from lines


def _quoted(name: str) -> str:
    """A name as git and patch read it: in quotes, where a character of it would act on a terminal."""
    escaped = "".join(char if _is_plain(char) else _octal(char) for char in name)
    return name if escaped == name else f'"{escaped}"'


def _is_plain(char: str) -> bool:
    return char not in '"\\' and safe_line(char) == char


def _octal(char: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))


def _text(data: bytes | None, name: str, row: str | None, *, whole: bool) -> Text:
    if not data or not data.strip():
        return Text(data or b"", ())
    if not whole:
        return Text(data, [(len(data) - len(data.lstrip()), len(data.rstrip()))])
    found = (found for found in readings(Files(name, None, data), row) if isinstance(found, Layout))
    layout = next(found, None)
    return Text(data, [(span.begin, span.end) for span in layout.spans] if layout else ())


def _differences(old: Text, new: Text) -> Iterator[str]:
    count = _Lines(old, new)
    pending: list[Region] = []
    for region in regions(old, new):
        if _is_on_one_line(old, region.old_events) or _is_on_one_line(new, region.new_events):
            yield from _by_lines(old, new, pending, count)
            pending = []
            yield from _by_events(old, new, region)
        else:
            pending.append(region)
    yield from _by_lines(old, new, pending, count)


def _is_on_one_line(text: Text, events: range) -> bool:
    return any(
        end - begin > _ONE_LINE and text.data.find(b"\n", begin, end) < 0
        for begin, end in (text.spans[index] for index in events)
    )


# By lines


@dataclass
class _Lines:
    """Which line of each text a byte is on; asked for in order."""

    old: Text
    new: Text

    @cached_property
    def _old(self) -> list[int]:
        return _newlines(self.old.data)

    @cached_property
    def _new(self) -> list[int]:
        return _newlines(self.new.data)

    def of_old(self, at: int) -> int:
        return self._count(self.old.data, self._old, at)

    def of_new(self, at: int) -> int:
        return self._count(self.new.data, self._new, at)

    @staticmethod
    def _count(data: bytes, blocks: list[int], at: int) -> int:
        block = at // _BLOCK
        return blocks[block] + data.count(b"\n", block * _BLOCK, at)


_BLOCK: Final = 1 << 16


def _newlines(data: bytes) -> list[int]:
    """How many newlines are before each block of the data."""
    counts = (data.count(b"\n", at, at + _BLOCK) for at in range(0, len(data), _BLOCK))
    return list(accumulate(counts, initial=0))


def _by_lines(old: Text, new: Text, found: Sequence[Region], lines: _Lines) -> Iterator[str]:
    for a, b, c, d in _whole_lines(old, new, found):
        before, behind = _split(old.data[a:b]), _split(new.data[c:d])
        for group in _grouped(before, behind):
            yield _header(group, lines.of_old(a), lines.of_new(c))
            yield from _drawn(group, before, behind)


def _whole_lines(old: Text, new: Text, differing: Sequence[Region]) -> list[tuple[int, int, int, int]]:
    """The regions as whole lines with those around them; what touches is one."""
    found: list[tuple[int, int, int, int]] = []
    for region in differing:
        a, c = _widened_back(old, region.a), _widened_back(new, region.c)
        b, d = _widened(old, region.b), _widened(new, region.d)
        if found and (a <= found[-1][1] or c <= found[-1][3]):
            a, _, c, _ = found.pop()
        found.append((a, b, c, d))
    return found


def _widened_back(text: Text, at: int) -> int:
    at = text.line_begin(at)
    for _ in range(_CONTEXT):
        at = text.line_begin(max(at - 1, 0))
    return at


def _widened(text: Text, at: int) -> int:
    for _ in range(_CONTEXT + 1):
        at = text.line_end(at)
    return at


_Opcode = tuple[str, int, int, int, int]


def _grouped(before: Sequence[str], behind: Sequence[str]) -> Iterator[list[_Opcode]]:
    """Differences of two lists of lines, in groups with the lines around them."""
    least = min(len(before), len(behind))
    first = next((at for at in range(least) if before[at] != behind[at]), least)
    last = next((at for at in range(least - first) if before[-1 - at] != behind[-1 - at]), least - first)
    first, last = max(first - _CONTEXT, 0), max(last - _CONTEXT, 0)
    i, j, k, m = first, len(before) - last, first, len(behind) - last
    if (j - i) * (m - k) > _TOO_MANY:
        yield [("replace", i, j, k, m)]
        return
    matcher = difflib.SequenceMatcher(None, before[i:j], behind[k:m], autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        yield [(tag, a + i, b + i, c + k, d + k) for tag, a, b, c, d in group]


def _header(group: Sequence[_Opcode], old_line: int, new_line: int) -> str:
    i, j, k, m = group[0][1], group[-1][2], group[0][3], group[-1][4]
    return f"@@ -{_range(old_line + i, j - i)} +{_range(new_line + k, m - k)} @@"


def _drawn(group: Sequence[_Opcode], before: Sequence[str], behind: Sequence[str]) -> Iterator[str]:
    """The lines of one group of a diff."""
    for tag, i, j, k, m in group:
        if tag == "equal":
            yield from _marked(" ", before[i:j])
        else:
            yield from _marked("-", before[i:j])
            yield from _marked("+", behind[k:m])


def _range(begin: int, length: int) -> str:
    number = begin + 1 if length else begin
    return f"{number}" if length == 1 else f"{number},{length}"


def _split(data: bytes) -> list[str]:
    lines = data.decode("utf-8", "replace").split("\n")
    return [*(line + "\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line.removesuffix("\n")
        if not line.endswith("\n"):
            yield _NO_NEWLINE


# By events


def _by_events(old: Text, new: Text, region: Region) -> Iterator[str]:
    for before, behind in _paired(old, new, region):
        ours = None if behind is None else new.event(behind)
        theirs = None if before is None else old.event(before)
        name = _name(ours or theirs or b"", behind if behind is not None else before)
        what = "inserted" if theirs is None else "deleted" if ours is None else "changed"
        was, now = _indented(theirs), _indented(ours)
        if was == now:
            yield f"@@ {name}: only written differently @@"
            yield from _marked("-", _split((theirs or b"") + b"\n"))
            yield from _marked("+", _split((ours or b"") + b"\n"))
            continue
        yield f"@@ {name}: {what}; it stands on one line, and is shown indented @@"
        for number, group in enumerate(_grouped(was, now)):
            if number:
                yield "@@ @@"
            yield from _drawn(group, was, now)


def _paired(old: Text, new: Text, region: Region) -> Iterator[tuple[int | None, int | None]]:
    """Which old event became which new one: by their ids, else by their order where as many are there."""
    ids = {_id(old.event(index)): index for index in region.old_events}
    if len(region.old_events) == len(region.new_events) and (
        None in ids or len(ids) < len(region.old_events)
    ):
        yield from zip(region.old_events, region.new_events, strict=True)
        return
    ids.pop(None, None)
    partners = {index: ids.get(_id(new.event(index))) for index in region.new_events}
    left = sorted(set(region.old_events) - {index for index in partners.values() if index is not None})
    for index in region.new_events:
        partner = partners[index]
        cut = len(left) if partner is None else bisect_right(left, partner)
        if partner is not None:
            yield from ((other, None) for other in left[:cut])
            left = left[cut:]
        yield partner, index
    yield from ((other, None) for other in left)


def _id(raw: bytes) -> int | None:
    number = _value(raw).get("id")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _name(raw: bytes, index: int | None) -> str:
    number = _id(raw)
    return f"event {number}" if number is not None else f"event #{index}"


def _value(raw: bytes) -> dict[str, Any]:
    value = as_object(raw)
    return value if isinstance(value, dict) else {}


def _indented(raw: bytes | None) -> list[str]:
    if raw is None:
        return []
    text = json.dumps(_value(raw), indent=2, ensure_ascii=False)
    return _split(text.encode("utf-8", "replace") + b"\n")
