"""Where the user wants to go, typed behind a colon: a label, so many rows, a share, a time."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from trajcore.errors import BadInput
from trajcore.events.kinds import HIDDEN
from trajcore.session import Session
from trajcore.views.slices import SLICE, breath
from trajcore.views.timeline import Row, Rows
from trajcore.views.times import moment

HELP: Final = "12 or #12 · +10 -10 · 50% · @1h30m after the first · @14:03 · $ last"
"""What can be typed."""

_SPAN: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
_MOST_DIGITS: Final = 9


@dataclass(frozen=True)
class Place:
    """A row to go to, and a word where it is not quite what was asked for."""

    row: Row
    words: str = ""


async def place_of(session: Session, rows: Rows, cursor: int, text: str) -> Place:
    """The row that the user means. Raises `BadInput` where there is none."""
    wanted = text.strip()
    if not len(rows):
        raise BadInput("there is no row to go to")
    if not wanted:
        raise BadInput(f"where to? {HELP}")
    if wanted == "$":
        return Place(rows[len(rows) - 1])
    if wanted[0] in "+-":
        return _so_many_on(rows, cursor, wanted)
    if wanted.endswith("%"):
        return _share(rows, wanted)
    if wanted.startswith("@"):
        return await _at_time(session, wanted.removeprefix("@").strip())
    return _labelled(session, rows, wanted)


def _so_many_on(rows: Rows, cursor: int, wanted: str) -> Place:
    number = cursor + _whole(wanted[1:], wanted) * (-1 if wanted[0] == "-" else 1)
    there = max(0, min(len(rows) - 1, number))
    words = "" if there == number else f"that is the {'first' if number < 0 else 'last'} row"
    return Place(rows[there], words)


def _share(rows: Rows, wanted: str) -> Place:
    percent = _whole(wanted[:-1].strip(), wanted)
    if percent > 100:
        raise BadInput(f"{wanted}: a share goes from 0% to 100%")
    return Place(rows[(len(rows) - 1) * percent // 100])


def _whole(digits: str, wanted: str) -> int:
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _MOST_DIGITS:
        raise BadInput(f"{wanted} is no place: {HELP}")
    return int(digits)


def _labelled(session: Session, rows: Rows, wanted: str) -> Place:
    try:
        index = session.trajectory.resolve(wanted)
    except BadInput:
        added = _added(session, rows, wanted)
        if added is None:
            raise BadInput(f"no row is called {wanted}") from None
        return Place(added)
    return _shown(session, index, raw=rows.raw)


def _added(session: Session, rows: Rows, wanted: str) -> Row | None:
    entries = session.run.entries
    return next((Row(None, place) for place in rows.added if str(entries[place].id) == wanted), None)


def _shown(session: Session, index: int, *, raw: bool) -> Place:
    """The row that holds an event: that of the action where it is the answer, or the next one."""
    trajectory = session.trajectory
    outline, label = trajectory.outline, trajectory.label
    if raw:
        return Place(Row(trajectory.uid(index)))
    action = outline.answers.get(index)
    if action is not None:
        return Place(Row(trajectory.uid(action)), f"{label(index)} is what came back for {label(action)}")
    if outline.kinds[index] not in HIDDEN:
        return Place(Row(trajectory.uid(index)))
    for later in range(index, len(trajectory)):
        if later not in outline.answers and outline.kinds[later] not in HIDDEN:
            return Place(Row(trajectory.uid(later)), f"{label(index)} has a row in the raw view alone (v)")
    raise BadInput(f"{label(index)} has a row in the raw view alone: v shows it")


# Times


async def _at_time(session: Session, wanted: str) -> Place:
    trajectory, due, began, last = session.trajectory, None, None, None
    until = time.perf_counter() + SLICE
    for index in range(len(trajectory)):
        when = moment(trajectory.head(index))
        if when is not None:
            if due is None:
                began, due = when, _due(wanted, when)
            if when >= due:
                return Place(_shown(session, index, raw=False).row)
            last = when
        if time.perf_counter() > until:
            await breath()
            until = time.perf_counter() + SLICE
    if began is None or last is None:
        raise BadInput("the events of this recording have no times")
    raise BadInput(f"the last event is {_words(last - began)} behind the first, at {last:%H:%M:%S}")


def _due(wanted: str, began: datetime) -> datetime:
    """The time that the user means. Raises `BadInput`."""
    clock = _CLOCK.fullmatch(wanted)
    if clock is not None:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        if hour > 23 or minute > 59 or second > 59:
            raise BadInput(f"@{wanted} is no time of the day")
        due = began.replace(hour=hour, minute=minute, second=second, microsecond=0)
        same = due.replace(second=59, microsecond=999_999) if clock[3] is None else due
        return due + timedelta(days=1) if same < began else due
    span = _SPAN.fullmatch(wanted)
    if span is None or not any(span.groups()):
        raise BadInput(f"@{wanted} is no time: @1h30m or @90s after the first event, or @14:03")
    days, hours, minutes, seconds = (float(part or 0) for part in span.groups())
    try:
        return began + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise BadInput(f"@{wanted} is longer than any recording") from None


def _words(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{seconds:02d}s"
