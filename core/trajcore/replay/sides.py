"""Where each of two answers came from, as each says of itself: that they differ in it is no divergence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from msgspec import Struct

USER: Final = "<user>"
"""What a user's name is of."""
_ID: Final = r"\buid=\d+\(%s\) gid=\d+\([^)\s]*\)(?: groups=\S+)?"
"""What `id` says of a user: the numbers and groups are those of the machine that it is a user of."""
_STATES: Final = 100_000
"""So many pairs of places are looked at in two texts, before their lines are taken to differ."""


class Side(Struct, frozen=True):
    """Whose shell it was, on which machine and where; None where that is not said."""

    user: str | None = None
    host: str | None = None
    directory: str | None = None

    @property
    def home(self) -> str | None:
        """Where this user's home is by convention."""
        if not self.user:
            return None
        return "/root" if self.user == "root" else f"/home/{self.user}"


UNKNOWN: Final = Side()
"""What is known of a side that says nothing."""


class Name(Struct, frozen=True):
    """What the one side calls as the other calls something else; `what` says of what it is the name."""

    what: str
    recorded: str
    actual: str


def differing(before: Side, after: Side) -> tuple[Name, ...]:
    """The names that the two have for the same, where both say them and they are not the same."""
    pairs = {
        "<workspace>": _roots(before.directory, after.directory),
        "<home>": (before.home, after.home),
        USER: (before.user, after.user),
        "<host>": (before.host, after.host),
    }
    return tuple(
        Name(what, recorded, actual)
        for what, (recorded, actual) in pairs.items()
        if recorded and actual and recorded != actual
    )


def aligned(recorded: str, actual: str, names: Sequence[Name]) -> tuple[str, str]:
    """Both texts, made the same in each line that differs in names alone.

    There is no difference where the one has its own name and the other, in the same place, the name that it
    has for that. So equal lines stay equal, whatever is in them. In a line that differs otherwise too, paths
    are replaced by what they are of, where neither side speaks of the other's.
    """
    if recorded == actual or not any(name.recorded in recorded for name in names):
        return recorded, actual
    one, other = recorded.split("\n"), actual.split("\n")
    budget = _STATES
    for at, (line, its) in enumerate(zip(one, other, strict=False)):
        if line == its:
            continue
        line, its = _without_ids(line, its, names)
        same, looked_at = _same(line, its, names, budget)
        budget -= looked_at
        one[at], other[at] = (its, its) if same else _without_paths(line, its, names)
    return "\n".join(one), "\n".join(other)


def labelled(recorded: str, actual: str, names: Sequence[Name]) -> tuple[str, str]:
    """Both texts with what each name is of in its place, so that what differs besides is seen."""
    if not names:
        return recorded, actual
    own = {name.recorded: name.what for name in names}
    return _replaced(recorded, own), _replaced(actual, {name.actual: name.what for name in names})


def _roots(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Where the work is done on each side: the directories without what both have at their ends.

    Two below one directory are two places of one world.
    """
    if not before or not after:
        return None, None
    one, other = PurePosixPath(before).parts, PurePosixPath(after).parts
    if one[:2] == other[:2] or one[:1] != ("/",) or other[:1] != ("/",):
        return None, None
    while len(one) > 2 and len(other) > 2 and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return (None, None) if len(one) < 2 or len(other) < 2 else (_path(one), _path(other))


def _path(parts: tuple[str, ...]) -> str:
    return str(PurePosixPath(*parts))


def _without_paths(line: str, its: str, names: Sequence[Name]) -> tuple[str, str]:
    for name in names:
        if "/" not in name.recorded + name.actual or name.recorded not in line or name.actual not in its:
            continue
        ours, theirs = {name.recorded: name.what}, {name.actual: name.what}
        if _replaced(line, theirs) == line and _replaced(its, ours) == its:
            line, its = _replaced(line, ours), _replaced(its, theirs)
    return line, its


def _without_ids(line: str, its: str, names: Sequence[Name]) -> tuple[str, str]:
    for name in names if line.startswith("uid=") else ():
        if name.what == USER:
            line = re.sub(_ID % re.escape(name.recorded), f"uid={USER}", line)
            its = re.sub(_ID % re.escape(name.actual), f"uid={USER}", its)
    return line, its


def _same(line: str, its: str, names: Sequence[Name], budget: int) -> tuple[bool, int]:
    """Whether two lines are the same but for names in the same places, and the blanks behind these.

    Also how many pairs of places were looked at, which are at most `budget`.
    """
    own = {*(name.recorded for name in names), *(name.actual for name in names)}
    pairs = [*((name.recorded, name.actual) for name in names), *((name, name) for name in own)]
    seen = {(0, 0)}
    waiting = [(0, 0)]
    while waiting and len(seen) < budget:
        at, place = waiting.pop()
        if (at, place) == (len(line), len(its)):
            return True, len(seen)
        follow = [
            _behind(line, at + len(ours), its, place + len(theirs))
            for ours, theirs in pairs
            if line.startswith(ours, at) and its.startswith(theirs, place)
        ]
        if at < len(line) and line[at : at + 1] == its[place : place + 1]:
            follow.append((at + 1, place + 1))
        for state in follow:
            if state not in seen:
                seen.add(state)
                waiting.append(state)
    return False, len(seen)


def _behind(line: str, at: int, its: str, place: int) -> tuple[int, int]:
    """Behind two names, and behind the blanks that fill a column where both are in one."""
    end, its_end = _end_of_blanks(line, at), _end_of_blanks(its, place)
    return (end, its_end) if end > at and its_end > place else (at, place)


def _end_of_blanks(line: str, at: int) -> int:
    while line.startswith(" ", at):
        at += 1
    return at


def _replaced(line: str, names: dict[str, str]) -> str:
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])(?:{pattern})(?![\w-])", lambda found: names[found[0]], line)
