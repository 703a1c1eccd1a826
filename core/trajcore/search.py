"""Find and replace over what actions say: commands, messages, code, paths, thoughts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trajcore.document.labels import short
from trajcore.errors import BadInput
from trajcore.events.kinds import TEXTS
from trajcore.patterns import Expression
from trajcore.patterns import expanded as expand
from trajcore.trajectory import Edit, Trajectory

_CONTEXT: Final = 40
"""Characters that are shown on each side of a match."""


@dataclass(frozen=True)
class Match:
    """A place where a pattern was found: characters `start` to `end` of a field of an event."""

    index: int
    path: tuple[str | int, ...]
    field: str
    start: int
    end: int
    before: str
    """What stands before it, at most 40 characters."""
    after: str
    """What stands behind it, at most 40 characters."""
    text: str
    """What was found."""
    found: Any = dataclasses.field(default=None, repr=False, compare=False)
    """For a regular expression, its groups."""


def matches(
    trajectory: Trajectory,
    pattern: str,
    *,
    regex: bool = False,
    case: bool = True,
    fields: Collection[str] | None = None,
    indices: Iterable[int] | None = None,
) -> list[Match]:
    """Every place where actions say `pattern`, in order. `case`: whether capitals count.

    Raises `BadInput` for a pattern that is empty, no regular expression or takes too long, and for unknown
    fields.
    """
    find = _finder(pattern, regex=regex, case=case)
    wanted = TEXTS if fields is None else tuple(fields)
    unknown = [name for name in wanted if name not in TEXTS]
    if unknown:
        raise BadInput(f"there is no text field {unknown[0]}: the fields are {', '.join(TEXTS)}.")
    outline = trajectory.outline
    found: list[Match] = []
    for index in range(len(trajectory)) if indices is None else indices:
        if outline.is_action[index]:
            for path, text in _texts(trajectory, index, wanted):
                found += _matches(find(text), index, path, text, keep=regex)
    return found


def replace(trajectory: Trajectory, found: Sequence[Match], replacement: str) -> Edit:
    """Put a text in the place of each match, as one step.

    In that of a regular expression a backslash and a number stand for a group. Raises `BadInput` where
    there is nothing to replace, or the recording changed since it was searched.
    """
    if not found:
        raise BadInput("nothing was found, so there is nothing to replace.")
    places: dict[tuple[int, tuple[str | int, ...]], list[Match]] = {}
    for match in found:
        places.setdefault((match.index, match.path), []).append(match)
    values = [
        (index, path, _replaced(trajectory, index, path, group, replacement))
        for (index, path), group in places.items()
    ]
    events = len({match.index for match in found})
    count = f"{len(found)} place{'s' * (len(found) != 1)} of {events} event{'s' * (events != 1)}"
    texts = {match.text for match in found}
    what = f"“{short(found[0].text)}”" if len(texts) == 1 else f"{len(texts)} different texts"
    return trajectory.set_fields(values, label=f"replace {what} by “{short(replacement)}” in {count}")


def _finder(pattern: str, *, regex: bool, case: bool) -> Callable[[str], Iterable[Any]]:
    if not pattern:
        raise BadInput("there is nothing to search for: the pattern is empty.")
    if regex:
        return Expression(pattern, case=case, lines=True).matches
    return re.compile(re.escape(pattern), re.NOFLAG if case else re.IGNORECASE).finditer


def _texts(
    trajectory: Trajectory, index: int, wanted: Sequence[str]
) -> list[tuple[tuple[str | int, ...], str]]:
    place, fields = trajectory.own_fields(index)
    texts: list[tuple[tuple[str | int, ...], str]] = []
    for name in wanted:
        path: tuple[str | int, ...] = (name,)
        value = fields.get(name)
        if name == "task":
            inputs = fields.get("inputs")
            path, value = ("inputs", "task"), inputs.get("task") if isinstance(inputs, dict) else None
        if isinstance(value, str):
            texts.append(((*place, *path), value))
    return texts


def _matches(
    found_ones: Iterable[Any], index: int, path: tuple[str | int, ...], text: str, *, keep: bool
) -> list[Match]:
    return [
        Match(
            index,
            path,
            str(path[-1]),
            found.start(),
            found.end(),
            text[max(0, found.start() - _CONTEXT) : found.start()],
            text[found.end() : found.end() + _CONTEXT],
            found[0],
            found if keep else None,
        )
        for found in found_ones
    ]


def _replaced(
    trajectory: Trajectory,
    index: int,
    path: tuple[str | int, ...],
    group: Sequence[Match],
    replacement: str,
) -> str:
    current = dict(_texts(trajectory, index, TEXTS)).get(path) if index < len(trajectory) else None
    if current is None:
        raise _stale()
    parts, at = [], 0
    for match in sorted(group, key=lambda match: match.start):
        if match.start < at or current[match.start : match.end] != match.text:
            raise _stale()
        parts += [current[at : match.start], expanded(match, replacement)]
        at = match.end
    return "".join(parts) + current[at:]


def expanded(match: Match, replacement: str) -> str:
    """What a match becomes. Raises `BadInput` for a replacement that names a group which is not there."""
    if match.found is None:
        return replacement
    return expand(match.found, replacement)


def _stale() -> BadInput:
    return BadInput("the recording has changed since it was searched: search again.")
