"""Whether the agent goes round in circles: the five patterns of OpenHands' stuck detector.

Follows OpenHands 0.62 (`openhands/controller/stuck.py`) as it works where a user is there: only what came
since their last message counts. What is alike is told by what events say, not by their ids, times and calls;
results of shell commands by command and exit code alone, so that asking again and again for more output of
a command is such a pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from itertools import islice, takewhile
from typing import Final

from trajcore.events.actions import MessageAction, RunIpythonAction
from trajcore.events.base import Action, Event, Observation
from trajcore.events.kinds import CONDENSATION, CONDENSE, Source
from trajcore.events.observations import ErrorObservation, RunIpythonObservation, RunObservation
from trajcore.live.messages.results import is_bookkeeping

_SAME: Final = 4
_SAME_WITH_ERROR: Final = 3
_SAID: Final = 3
_TO_AND_FRO: Final = 6
_CONDENSED: Final = 10

_EDIT_CALL: Final = "edit_file_by_replace("
_EDIT_LINES: Final = 3
"""Cells that edit a file are told apart by so many of their first lines."""
_UNREADABLE: Final = (
    "SyntaxError: unterminated string literal (detected at line",
    "SyntaxError: invalid syntax. Perhaps you forgot a comma?",
    "SyntaxError: incomplete input",
)
_BELOW: Final = ("[Jupyter current working directory:", "[Jupyter Python interpreter:")
"""What stands below the error of a cell."""


class Pattern(Enum):
    """How the agent is stuck. The values say it of the agent."""

    SAME = f"it did the same {_SAME} times in a row, and the same came of it"
    SAME_WITH_ERROR = f"it did the same {_SAME_WITH_ERROR} times in a row, and each time it failed"
    SAID = f"it said the same {_SAID} times in a row"
    TO_AND_FRO = f"it did the same two things in turn {_TO_AND_FRO // 2} times, and the same came of them"
    CONDENSED = f"its view was condensed {_CONDENSED} times in a row, and nothing happened between"


def pattern_of(events: Sequence[Event]) -> Pattern | None:
    """The pattern that a run ends in; None where the agent gets on."""
    latest = [event for event in takewhile(_not_the_users, reversed(events)) if not is_bookkeeping(event)]
    return next((pattern for pattern, ends_in in _ENDS_IN.items() if ends_in(latest)), None)


def _not_the_users(event: Event) -> bool:
    return not (isinstance(event, MessageAction) and event.source == Source.USER.value)


# Each is given the events with the latest first


def _same(latest: Sequence[Event]) -> bool:
    actions, results = _last(Action, _SAME, latest), _last(Observation, _SAME, latest)
    return len(actions) == len(results) == _SAME and _all_alike(actions) and _all_alike(results)


def _same_with_error(latest: Sequence[Event]) -> bool:
    actions = _last(Action, _SAME_WITH_ERROR, latest)
    results = _last(Observation, _SAME_WITH_ERROR, latest)
    if not len(actions) == len(results) == _SAME_WITH_ERROR or not _all_alike(actions):
        return False
    unreadable = {_why_unreadable(result) for result in results}
    return all(isinstance(one, ErrorObservation) for one in results) or (
        len(unreadable) == 1 and None not in unreadable
    )


def _said(latest: Sequence[Event]) -> bool:
    places = [place for place, event in enumerate(latest) if _is_said(event)][:_SAID]
    if len(places) < _SAID or not _all_alike([latest[place] for place in places]):
        return False
    return not any(isinstance(event, Observation) for event in latest[places[0] : places[-1]])


def _is_said(event: Event) -> bool:
    return isinstance(event, MessageAction) and event.source == Source.AGENT.value


def _to_and_fro(latest: Sequence[Event]) -> bool:
    actions, results = _last(Action, _TO_AND_FRO, latest), _last(Observation, _TO_AND_FRO, latest)
    return len(actions) == len(results) == _TO_AND_FRO and all(
        _all_alike(side[begin::2]) for side in (actions, results) for begin in (0, 1)
    )


def _condensed(latest: Sequence[Event]) -> bool:
    last = latest[:_CONDENSED]
    return len(last) == _CONDENSED and all(
        getattr(event, "action", None) == CONDENSATION or getattr(event, "observation", None) == CONDENSE
        for event in last
    )


_ENDS_IN: Final[Mapping[Pattern, Callable[[Sequence[Event]], bool]]] = {
    Pattern.SAME: _same,
    Pattern.SAME_WITH_ERROR: _same_with_error,
    Pattern.SAID: _said,
    Pattern.TO_AND_FRO: _to_and_fro,
    Pattern.CONDENSED: _condensed,
}


def _last(side: type[Event], count: int, latest: Iterable[Event]) -> list[Event]:
    return list(islice((event for event in latest if isinstance(event, side)), count))


def _all_alike(events: Sequence[Event]) -> bool:
    return all(_alike(events[0], event) for event in events[1:])


def _alike(one: Event, other: Event) -> bool:
    """Whether two events say the same."""
    if isinstance(one, RunObservation) and isinstance(other, RunObservation):
        return _outcome(one) == _outcome(other)
    if isinstance(one, RunIpythonAction) and isinstance(other, RunIpythonAction):
        first, second = one.args.code, other.args.code
        if _EDIT_CALL in first and _EDIT_CALL in second:
            lines = first.split("\n")[:_EDIT_LINES]
            return len(lines) == _EDIT_LINES and lines == second.split("\n")[:_EDIT_LINES]
    if isinstance(one, Action) and isinstance(other, Action):
        return one.action == other.action and one.args == other.args
    if isinstance(one, Observation) and isinstance(other, Observation):
        return (one.observation, one.content, one.extras) == (other.observation, other.content, other.extras)
    return False


def _outcome(result: RunObservation) -> tuple[str, int]:
    return result.extras.command, result.extras.metadata.exit_code


def _why_unreadable(result: Event) -> str | None:
    """The error of a cell that is no Python; None where it is, or it was no cell."""
    if not isinstance(result, RunIpythonObservation):
        return None
    lines = result.content.strip().split("\n")[-1 - len(_BELOW) :]
    if len(lines) <= len(_BELOW) or not all(map(str.startswith, lines[1:], _BELOW)):
        return None
    return lines[0] if any(error in lines[0] for error in _UNREADABLE) else None
