"""The part of a run that a model sees: no bookkeeping, no closed delegations, condensations carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trajcore.events.actions import (
    CondensationAction,
    CondensationRequestAction,
    DelegateAction,
    RecallAction,
    RunAction,
    UnknownAction,
)
from trajcore.events.base import Action, Event, Extras
from trajcore.events.kinds import Source, action_kind
from trajcore.events.observations import (
    CondenseObservation,
    DelegateObservation,
    RunObservation,
)
from trajcore.live.messages.results import is_bookkeeping


@dataclass(frozen=True)
class Seen:
    """An event and its position in the run; a summary put in by a condensation has position -1."""

    position: int
    event: Event


def visible(events: Sequence[Event]) -> list[Seen]:
    """The events that count, in order; a summary stands where OpenHands would put it."""
    return [seen for seen in counted(events) if not isinstance(seen.event, RecallAction)]


def counted(events: Sequence[Event]) -> list[Seen]:
    """The same with look-ups in the agent's memory: among these the place of a summary is counted."""
    said = [Seen(*numbered) for numbered in enumerate(events) if not _is_aside(numbered[1])]
    return _condensed(_without_closed_delegations(said))


def _is_aside(event: Event) -> bool:
    if is_bookkeeping(event):
        return True
    if isinstance(event, RunAction):
        return event.args.hidden or event.source == Source.ENVIRONMENT.value
    if isinstance(event, RunObservation):
        return event.extras.hidden
    if not isinstance(event, Action) or event.source != Source.ENVIRONMENT.value:
        return False
    return isinstance(event, UnknownAction) or not action_kind(event.action).told_of_environment


def _without_closed_delegations(events: list[Seen]) -> list[Seen]:
    """What happened between a `delegate` action and its observation was the sub-agent's affair."""
    kept: list[Seen] = []
    opened: list[int] = []
    for seen in events:
        if isinstance(seen.event, DelegateAction):
            opened.append(len(kept))
        elif isinstance(seen.event, DelegateObservation) and opened:
            del kept[opened.pop() + 1 :]
        kept.append(seen)
    return kept


def _condensed(events: list[Seen]) -> list[Seen]:
    """OpenHands' `View`: every forgotten event dropped, the last summary put in at its offset."""
    forgotten: set[int] = set()
    summary: CondensationAction | None = None
    first = 0
    for index, seen in enumerate(events):
        if isinstance(seen.event, CondensationAction):
            named = _named_by(seen.event, events[:index])
            forgotten |= named
            if named and seen.event.args.summary is not None:
                summary, first = seen.event, min(named)
    left = [
        index for index, seen in enumerate(events) if index not in forgotten and not _condenses(seen.event)
    ]
    kept = [events[index] for index in left]
    if summary is not None:
        before = [events[index].event for index in left if index < first]
        kept.insert(_place(summary, before), Seen(-1, _as_observation(summary)))
    return kept


def _place(summary: CondensationAction, before: Sequence[Event]) -> int:
    """Behind how many of the events a summary stands; `before` are those before the first that it is for.

    Its offset counted these when it was recorded: those with a later id were inserted since, and where they
    are fewer, some were deleted.
    """
    offset, own = summary.args.summary_offset, summary.id
    if offset is None:
        return len(before)
    inserted = sum(own is not None and event.id is not None and event.id > own for event in before)
    return max(0, min(offset + inserted, len(before)))


def _condenses(event: Event) -> bool:
    return isinstance(event, (CondensationAction, CondensationRequestAction))


def _named_by(condensation: CondensationAction, before: list[Seen]) -> set[int]:
    """The indices of the events it forgets. Ids that name no earlier event have no effect."""
    args = condensation.args
    ids = set(args.forgotten_event_ids or ())
    first, last = args.forgotten_events_start_id, args.forgotten_events_end_id

    def is_named(number: int | None) -> bool:
        in_range = first is not None and last is not None and number is not None and first <= number <= last
        return in_range or number in ids

    return {index for index, seen in enumerate(before) if is_named(seen.event.id)}


def _as_observation(condensation: CondensationAction) -> CondenseObservation:
    text = condensation.args.summary or ""
    return CondenseObservation(source="agent", content=text, extras=Extras())
