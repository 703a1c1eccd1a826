"""One file through a recording: what was told of it when, and its changes, so that what was told later can be
turned back to what it held at the beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from trajcore.worlds.evidence.model import Known, Witness

_HUNK: Final = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_MOST_WITNESSES: Final = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end. `exact`: byte for byte, and not as a terminal has shown it.

    A recording keeps no tabs of what a terminal has shown, and no blanks at its ends.
    """

    text: str
    exact: bool = True

    def agrees(self, other: Line) -> bool:
        """Whether both can be the same line."""
        if self.exact and other.exact:
            return self.text == other.text
        return self.text.split() == other.text.split()


@dataclass(slots=True)
class Sheet:
    """What is known of a file between two of its changes."""

    text: str | None = None
    """All that it holds; `exact` as for lines."""
    exact: bool = False
    ended: bool = True
    """Whether it is known how the text ends: with a newline or without."""
    lines: dict[int, Line] = field(default_factory=dict)
    openings: dict[int, str] = field(default_factory=dict)
    somewhere: dict[str, None] = field(default_factory=dict)
    """Lines of which it is not known where they stand."""
    count: int | None = None
    """How many newlines it holds."""
    size: int | None = None

    def add(self, number: int, line: Line) -> None:
        """A line is told of; the first that told it, or the one that told it exactly, is believed."""
        known = self.lines.get(number)
        if known is None or (line.exact and not known.exact and line.agrees(known)):
            self.lines[number] = line

    def hold(self, text: str, *, exact: bool, ended: bool) -> None:
        """All that it holds is told."""
        if self.text is None or (exact and not self.exact):
            self.text, self.exact, self.ended = text, exact, ended

    def all_lines(self) -> Mapping[int, Line]:
        """Every known line."""
        if self.text is None:
            return self.lines
        whole = self.text.removesuffix("\n").split("\n")
        return {number: Line(line, self.exact) for number, line in enumerate(whole, 1)}


@dataclass(frozen=True, slots=True)
class Hunk:
    """A change: where now are `after` lines, the first of them number `start`, there stood `before`."""

    start: int
    before: tuple[Line | None, ...]
    after: int

    @property
    def shift(self) -> int:
        """How many lines the file has more."""
        return self.after - len(self.before)


@dataclass(frozen=True, slots=True)
class Change:
    """An edit of a file: hunks from the first to the last, and how many bytes it has more, if that is known.

    `old` and `new` are the strings that were swapped, if it was such an edit.
    """

    hunks: tuple[Hunk, ...]
    bytes: int | None = None
    old: str | None = None
    new: str | None = None
    appended: str | None = None
    """What was put behind all that was there."""


class Trail:
    """What a recording tells of one path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.began: bool | None = None
        """Whether it was there at the beginning; None: not told."""
        self._doubtful = False
        """Whether the first that was done to it may have made it."""
        self.lost = False
        """Whether it was changed so that what is told of it later says nothing of the beginning."""
        self.firm = True
        self.about = Known(path)
        self._told: set[str] = set()
        self._sheets = [Sheet()]
        self._changes: list[Change] = []
        self._witnesses: dict[Witness, None] = {}

    @property
    def sheet(self) -> Sheet:
        """What is known of it as it is now."""
        return self._sheets[-1]

    @property
    def size(self) -> int | None:
        """How large it is now, as far as that was told."""
        return self.sheet.size if self.changed or self.about.size is None else self.about.size

    @property
    def first(self) -> Sheet:
        """What is known of it as it was at the beginning, but for what was told later."""
        return self._sheets[0]

    @property
    def changed(self) -> bool:
        """Whether it was edited before now."""
        return bool(self._changes)

    @property
    def doubtful(self) -> bool:
        """Whether the first that was done to it changed it, or made it: then it is not told which."""
        return self._doubtful

    def seen(self, witness: Witness, *, firm: bool = True) -> bool:
        """It is there. The answer is whether what is told of it now says something of the beginning."""
        if self.lost:
            return False
        if self.began is None:
            self.began, self.firm = True, firm
        if not self.began:
            return False
        if len(self._witnesses) < _MOST_WITNESSES:
            self._witnesses.setdefault(witness)
        return True

    def tell(self, **facts: object) -> None:
        """What is told of it beside what it holds: the first that is told is believed."""
        new = {name: value for name, value in facts.items() if value is not None and name not in self._told}
        self._told.update(new)
        self.about = replace(self.about, **new)  # type: ignore[arg-type]

    def no_more(self, *names: str) -> None:
        """What is told of these from now on says nothing of the beginning."""
        self._told.update(names)

    def missing(self) -> None:
        """There is nothing at the path."""
        self.made(anew=False)

    def made(self, *, anew: bool) -> None:
        """The recording has made it. With `anew` something may have been there, and is overwritten."""
        if not anew and not self.lost and not self._doubtful:
            self.began = bool(self.began)
        self.lost = True

    def edited(self, change: Change | None) -> None:
        """It was changed; None: nobody knows where."""
        if change is None:
            self.lost = True
            return
        self._doubtful |= self.began is None
        self._changes.append(change)
        self._sheets.append(Sheet())

    def undone(self) -> None:
        """The last edit was taken back: the lines that it took away are there again."""
        last = self._changes[-1] if self._changes else None
        if last is None:
            self.lost = True
            return
        back = tuple(Hunk(one.start, (None,) * one.after, len(one.before)) for one in last.hunks)
        size = None if last.bytes is None else -last.bytes
        self.edited(Change(back, size))

    def known(self) -> Known | None:
        """What it was at the beginning; None where it was not there, or nothing is told."""
        if not self.began:
            return None
        first = self._first()
        if self._doubtful and not (first.text or first.lines):
            return None  # nothing was seen there but what the recording itself has put there
        text, sure = _text_of(first, self.about.size if self.about.size is not None else first.size)
        return replace(
            self.about,
            path=self.path,
            guessed="kind" not in self._told,
            text=text,
            lines={} if text is not None else {number: one.text for number, one in first.lines.items()},
            openings={} if text is not None else dict(first.openings),
            somewhere=() if text is not None else _unplaced(self.first, first),
            count=first.count,
            size=self.about.size if self.about.size is not None else first.size,
            firm=self.firm and (text is None or sure),
            witnesses=tuple(self._witnesses),
        )

    def _first(self) -> Sheet:
        """The sheet of the beginning, with all that the later ones tell of it."""
        told = self._sheets[-1]
        for change, before in zip(reversed(self._changes), reversed(self._sheets[:-1]), strict=True):
            told = _turned_back(told, change, before)
        return told


def _turned_back(after: Sheet, change: Change, before: Sheet) -> Sheet:
    """What was known before a change, with what is known behind it turned back."""
    whole = None if before.text is not None else _unswapped(after, change)
    found = Sheet(before.text, before.exact, before.ended, dict(before.lines), dict(before.openings))
    found.count, found.size = before.count, before.size
    if whole is not None:
        found.hold(whole, exact=after.exact, ended=after.ended)
    shift = sum(hunk.shift for hunk in change.hunks)
    if found.count is None and after.count is not None and change.appended is None:
        found.count = after.count - shift
    if found.size is None and after.size is not None and change.bytes is not None:
        found.size = after.size - change.bytes
    grown = 0
    for hunk in change.hunks:
        for number, line in enumerate(hunk.before, hunk.start - grown):
            if line is not None:
                found.add(number, line)
        grown += hunk.shift
    if change.appended is not None:
        return found  # which of the later lines are the new ones is not known
    for number, line in after.all_lines().items():
        back = _number_before(number, change.hunks)
        if back is not None:
            found.add(back, line)
    for number, opening in after.openings.items():
        back = _number_before(number, change.hunks)
        if back is not None and back not in found.lines:
            found.openings.setdefault(back, opening)
    return found


def _number_before(number: int, hunks: Iterable[Hunk]) -> int | None:
    """Which line a line was before a change; None: it was not there as it is."""
    shift = 0
    for hunk in hunks:
        if number < hunk.start:
            break
        if number < hunk.start + hunk.after:
            return None
        shift += hunk.shift
    return number - shift


def _unswapped(after: Sheet, change: Change) -> str | None:
    """The whole text before a change, where the whole text behind it is known."""
    if change.appended is not None:
        return _without_end(after, change.appended)
    if after.text is None or change.old is None or change.new is None or len(change.hunks) != 1:
        return None
    start = sum(len(line) + 1 for line in after.text.split("\n")[: change.hunks[0].start - 1])
    at = after.text.find(change.new, start)
    if not change.new or at < 0 or after.text.count("\n", start, at):
        return None
    return after.text[:at] + change.old + after.text[at + len(change.new) :]


def _without_end(after: Sheet, appended: str) -> str | None:
    text = after.text
    if text is None:
        return None
    if not after.exact:
        appended = "\n".join(line.expandtabs().rstrip() for line in appended.split("\n"))
    return text.removesuffix(appended) if text.endswith(appended) else None


def swap(old: str, new: str, shown: Mapping[int, str], before: Sheet, diff: str | None) -> Change | None:
    """The change that put `new` where `old` was, found in the lines `shown` behind it (or, where they do not
    show it, in what was known before, or in a `diff`); None: it is not found.
    """
    grown = len(new.encode("utf-8", "replace")) - len(old.encode("utf-8", "replace"))
    hunk = _swapped_in(shown, old, new) if new.strip() else None
    if hunk is None and before.text is not None and before.exact and before.text.count(old) == 1:
        at = before.text.index(old)
        end = before.text.find("\n", at + len(old))
        region = before.text[before.text.rfind("\n", 0, at) + 1 : len(before.text) if end < 0 else end]
        lines = tuple(Line(line) for line in region.split("\n"))
        after = len(lines) + new.count("\n") - old.count("\n")
        hunk = Hunk(before.text.count("\n", 0, at) + 1, lines, after)
    if hunk is not None:
        return Change((hunk,), grown, old, new)
    hunks = hunks_of(diff or "")
    return Change(tuple(hunks), grown) if hunks else None


def _swapped_in(shown: Mapping[int, str], old: str, new: str) -> Hunk | None:
    if not shown:
        return None
    first = min(shown)
    text = "\n".join(shown[number] for number in sorted(shown))
    if text.count(new) != 1:
        return None
    at = text.index(new)
    start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at + len(new))
    region = text[start:at] + old + text[at + len(new) : len(text) if end < 0 else end]
    return Hunk(
        first + text.count("\n", 0, at), tuple(Line(line) for line in region.split("\n")), new.count("\n") + 1
    )


def hunks_of(diff: str) -> list[Hunk]:
    """The hunks of a unified diff, from the first to the last.

    Blanks at the ends of lines may be lost in it.
    """
    hunks: list[Hunk] = []
    before: list[Line | None] = []
    for line in diff.split("\n"):
        if found := _HUNK.match(line):
            _close(hunks, before)
            before = []
            added = int(found[4] or 1)
            hunks.append(Hunk(int(found[3]) + (added == 0), (), added))
        elif hunks and line[:1] in ("-", " "):
            before.append(Line(line[1:], exact=False))
    _close(hunks, before)
    return hunks


def _close(hunks: list[Hunk], before: list[Line | None]) -> None:
    if hunks:
        hunks[-1] = replace(hunks[-1], before=tuple(before))


def _unplaced(told: Sheet, first: Sheet) -> tuple[str, ...]:
    """Lines that are told of without a number, and are none of those that have one."""
    placed = {" ".join(line.text.split()) for line in first.lines.values()}
    return tuple(line for line in told.somewhere if " ".join(line.split()) not in placed)


def _text_of(sheet: Sheet, size: int | None) -> tuple[str | None, bool]:
    """All that a file held, as its size decides where a terminal left that open, and whether that is sure."""
    text = sheet.text
    if text is None and size == 0:
        return "", True
    if text is None:
        if sheet.count is None or not _is_all_there(sheet):
            return None, False
        text = "".join(f"{sheet.lines[number].text}\n" for number in range(1, sheet.count + 1))
        # There may be a last line without a newline, which nobody has counted.
        return (text, True) if _fits(text, size) else (None, False)
    if text and not sheet.ended:
        stripped = text.removesuffix("\n")
        text = stripped if size == len(stripped.encode("utf-8", "replace")) else f"{stripped}\n"
    # Blanks at its ends, and tabs, are lost in what a terminal has shown.
    return text, sheet.exact or _fits(text, size)


def _is_all_there(sheet: Sheet) -> bool:
    return sheet.count is not None and all(number in sheet.lines for number in range(1, sheet.count + 1))


def _fits(text: str, size: int | None) -> bool:
    return size is not None and len(text.encode("utf-8", "replace")) == size
