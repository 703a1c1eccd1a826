"""What has become of one file over a run, put together from the diffs of its steps: who wrote which line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final, Generic, TypeVar

from trajcore.sandbox.base import FileChange, FileChangeKind

_PLACE: Final = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")
_ATTRIBUTE: Final = re.compile(r"(mode|owner|link to) (.*) → (.*)", re.DOTALL)
_NO_NEWLINE: Final = "\\ No newline at end of file\n"
_FAR: Final = 1 << 62
"""Where a file ends of which nobody has seen the end."""
_CONTEXT: Final = 3
_MOST_PAIRS: Final = 4_000_000
"""So many pairs of lines are compared at most to find those that came back."""

By = TypeVar("By")
"""Who changes files, as the caller knows them."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Lines that are as they were at the beginning, by their numbers there, from 0."""

    begin: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class _Written(Generic[By]):
    """A line that came later, with its end."""

    text: str
    by: By
    size: int = 1


class _Unseen(Exception):
    """The file is not what it would be if nothing but these steps had changed it."""


_Op = tuple[str, str]
"""A line of a hunk: its mark, and its text with its end."""


@dataclass
class Lineage(Generic[By]):
    """A file from the beginning of a run to now. `path` ends with `/` where it is a directory."""

    path: str
    was_there: bool
    first_size: int | None
    is_there: bool = True
    size: int | None = None
    last: By | None = None
    """Who changed it last."""
    unknown: str = ""
    """Why it is not known what stands in it now; empty where it is, as far as anybody changed it."""
    _lost: str = ""
    """Why it is not known what stood in it at the beginning."""
    _pieces: list[_Kept | _Written[By]] = field(default_factory=list)
    _known: dict[int, str] = field(default_factory=dict)
    """The lines of the beginning that were seen, by their numbers."""
    _end: int = _FAR
    _attributes: dict[str, tuple[str, str]] = field(default_factory=dict)
    _said: str = ""

    @classmethod
    def before(cls, change: FileChange) -> Lineage[By]:
        """A file as it was before it was changed for the first time."""
        there = change.kind != "added"
        made = cls(change.path, there, change.before, there)
        made._pieces = [_Kept(0, _FAR)] if there else []
        return made

    def add(self, change: FileChange, by: By) -> None:
        """Take in what became of it next."""
        self.last, self.size, self.is_there = by, change.after, change.kind != "deleted"
        attributes, others = _notes(change.note)
        for name, (old, new) in attributes:
            self._attributes[name] = (self._attributes.get(name, (old, ""))[0], new)
        self._said = ", ".join(others)
        if change.kind != "changed":
            self._attributes.clear()
        if not change.diff and not _holds_text(change, others):
            self._lose(self._said or "its content was not told")
        elif change.diff:
            self._follow(change, by)
        if not self.is_there:
            self._vanish()

    def _follow(self, change: FileChange, by: By) -> None:
        if change.kind == "added":
            self._pieces, self.unknown = [], ""
        if self.unknown:
            return
        try:
            self._pieces = list(self._applied(change.diff, by))
        except _Unseen:
            self._lose("it was changed in between in a way that no step tells")

    def _lose(self, why: str) -> None:
        self.unknown, self._pieces = why, []
        if self.was_there and self._end == _FAR:
            self._lost = why

    def _vanish(self) -> None:
        """All lines of the beginning were seen going, if it was told."""
        tail = self._pieces[-1] if self._pieces else None
        if isinstance(tail, _Kept) and self._end == _FAR:
            self._end = tail.begin
        self._pieces, self.unknown = [], ""

    def _applied(self, diff: str, by: By) -> Iterator[_Kept | _Written[By]]:
        left, at = self._pieces[::-1], 0
        for begin, ops in _hunks(diff):
            yield from _taken(left, begin - at)
            at = begin
            for mark, text in ops:
                if mark == "+":
                    yield _Written(text, by)
                    continue
                (piece,) = _taken(left, 1)
                self._check(piece, text)
                at += 1
                if mark == " ":
                    yield piece
        yield from reversed(left)

    def _check(self, piece: _Kept | _Written[By], text: str) -> None:
        known = piece.text if isinstance(piece, _Written) else self._known.setdefault(piece.begin, text)
        if known != text:
            raise _Unseen

    # What is told of it

    @property
    def kind(self) -> FileChangeKind | None:
        """What has become of it in all; None: it is as it was, as far as that is known."""
        if self.was_there is not self.is_there:
            return "added" if self.is_there else "deleted"
        if not self.is_there or (
            not self.unknown and not self._lost and not self.diff() and not self.attributes
        ):
            return None
        return "changed"

    @property
    def attributes(self) -> list[str]:
        """What else is another one now than at the beginning."""
        pairs = self._attributes.items() if self.was_there and self.is_there else ()
        return [f"{name} {old} → {new}" for name, (old, new) in pairs if old != new]

    @property
    def note(self) -> str:
        """What is to be said of it beside its diff."""
        said = self.unknown or self._lost
        if self.path.endswith("/") or not said:
            said = self._said if self.is_there is not self.was_there else ""
        return ", ".join([*([said] if said else []), *self.attributes])

    def change(self) -> FileChange | None:
        """What has become of it in all, as one change; None: nothing."""
        kind = self.kind
        if kind is None:
            return None
        after = self.size if self.is_there else None
        return FileChange(self.path, kind, self.first_size, after, self.diff(), self.note)

    def author(self, number: int) -> By | None:
        """Who wrote a line that is there now, counted from 1; None: it is as it was at the beginning.

        Raises `LookupError` where that is not known, or there is no such line.
        """
        if self.unknown:
            raise LookupError(self.unknown)
        pieces = self._pieces[::-1]
        try:
            list(_taken(pieces, number - 1))
            (piece,) = _taken(pieces, 1)
        except _Unseen:
            raise LookupError("there is no such line") from None
        return piece.by if isinstance(piece, _Written) else None

    def diff(self) -> str:
        """The unified diff from the beginning to now; empty where there is none, or it is not known."""
        if self.unknown or self._lost or self.path.endswith("/"):
            return ""
        hunks = "".join(_printed(hunk, self._known) for hunk in _grouped(self._steps(), self._known))
        old = f"a{self.path}" if self.was_there else "/dev/null"
        new = f"b{self.path}" if self.is_there else "/dev/null"
        return f"--- {old}\n+++ {new}\n{hunks}" if hunks else ""

    def _steps(self) -> Iterator[_Step]:
        """All that is kept, gone and new, in order; what went and came back is kept."""
        old = new = 0
        come: list[str] = []
        for piece in (*self._pieces, _Kept(self._end, self._end)):
            if isinstance(piece, _Written):
                come.append(piece.text)
                continue
            if not self.was_there:
                piece = _Kept(0, 0)
            gone = [self._known[number] for number in range(old, piece.begin)] if piece.begin < _FAR else []
            yield from _compared(gone, come, old, new)
            old, new, come = old + len(gone), new + len(come), []
            if piece.size:
                yield _Step(" ", old, new, piece.size)
                old, new = old + piece.size, new + piece.size


@dataclass(frozen=True, slots=True)
class _Step:
    """Lines that are kept (` `), gone (`-`) or new (`+`), and where they are on both sides, from 0."""

    mark: str
    old: int
    new: int
    size: int
    texts: Sequence[str] = ()


def _compared(gone: list[str], come: list[str], old: int, new: int) -> Iterator[_Step]:
    if len(gone) * len(come) > _MOST_PAIRS:
        codes: Iterable[tuple[str, int, int, int, int]] = [("replace", 0, len(gone), 0, len(come))]
    else:
        codes = SequenceMatcher(None, gone, come, autojunk=False).get_opcodes()
    for tag, a, b, c, d in codes:
        if tag == "equal":
            yield _Step(" ", old + a, new + c, b - a)
            continue
        if b > a:
            yield _Step("-", old + a, new + c, b - a, gone[a:b])
        if d > c:
            yield _Step("+", old + b, new + c, d - c, come[c:d])


def _grouped(steps: Iterable[_Step], known: dict[int, str]) -> Iterator[list[_Step]]:
    """Hunks: what changed, with the lines around it that are known."""
    hunk: list[_Step] = []
    before: _Step | None = None
    for step in steps:
        if step.mark != " ":
            if not hunk and before is not None:
                hunk = [_end_of(before, known)]
            hunk.append(step)
            continue
        before = step
        if hunk and not (step.size <= 2 * _CONTEXT and _seen(step.old, step.size, known) == step.size):
            yield [*hunk, _Step(" ", step.old, step.new, min(_CONTEXT, _seen(step.old, step.size, known)))]
            hunk = []
        elif hunk:
            hunk.append(step)
    if hunk:
        last = hunk[-1]
        yield (
            [*hunk[:-1], _Step(" ", last.old, last.new, min(_CONTEXT, last.size))]
            if last.mark == " "
            else hunk
        )


def _seen(begin: int, size: int, known: dict[int, str]) -> int:
    """How many lines from one on are known, no more than are asked for here."""
    count = 0
    while count < min(size, 2 * _CONTEXT) and begin + count in known:
        count += 1
    return count


def _end_of(step: _Step, known: dict[int, str]) -> _Step:
    """The last lines of what is kept, as far as they are known."""
    end, count = step.old + step.size, 0
    while count < min(step.size, _CONTEXT) and end - count - 1 in known:
        count += 1
    return _Step(" ", end - count, step.new + step.size - count, count)


def _printed(hunk: list[_Step], known: dict[int, str]) -> str:
    lines: list[str] = []
    for step in hunk:
        texts = step.texts or [known[step.old + at] for at in range(step.size)]
        lines += [step.mark + (text if text.endswith("\n") else f"{text}\n{_NO_NEWLINE}") for text in texts]
    old = sum(step.size for step in hunk if step.mark != "+")
    new = sum(step.size for step in hunk if step.mark != "-")
    return f"@@ -{_range(hunk[0].old, old)} +{_range(hunk[0].new, new)} @@\n{''.join(lines)}"


def _range(begin: int, size: int) -> str:
    first = begin + (size > 0)
    return str(first) if size == 1 else f"{first},{size}"


def _taken(left: list[_Kept | _Written[By]], count: int) -> Iterator[_Kept | _Written[By]]:
    """The next lines of a file whose pieces stand in reverse."""
    while count > 0:
        if not left:
            raise _Unseen
        piece = left.pop()
        if isinstance(piece, _Kept) and piece.size > count:
            left.append(_Kept(piece.begin + count, piece.end))
            piece = _Kept(piece.begin, piece.begin + count)
        count -= piece.size
        if piece.size:
            yield piece


def _hunks(diff: str) -> Iterator[tuple[int, list[_Op]]]:
    """Where each hunk of a diff begins in the old text, from 0, and its lines."""
    begin, ops = 0, list[_Op]()
    opened = False
    for line in diff.removesuffix("\n").split("\n"):
        place = _PLACE.match(line)
        if place is not None:
            if opened:
                yield begin, ops
            opened, begin, ops = True, int(place[1]) - (place[2] != "0"), []
        elif opened and line.startswith("\\"):
            ops[-1] = (ops[-1][0], ops[-1][1].removesuffix("\n"))
        elif opened:
            ops.append((line[:1] or " ", f"{line[1:]}\n"))
    if opened:
        yield begin, ops


def _notes(note: str) -> tuple[list[tuple[str, tuple[str, str]]], list[str]]:
    """What a note says of attributes, each before and after; and what else it says."""
    attributes, others = [], []
    for part in note.split(", ") if note else []:
        found = _ATTRIBUTE.fullmatch(part)
        if found:
            attributes.append((found[1], (found[2], found[3])))
        else:
            others.append(part)
    return attributes, others


def _holds_text(change: FileChange, others: Sequence[str]) -> bool:
    """Whether a change that has no diff needs none: no line of a text is another one."""
    if change.path.endswith("/") or not (change.before or change.after):
        return True
    return change.kind == "changed" and change.before == change.after and not others
