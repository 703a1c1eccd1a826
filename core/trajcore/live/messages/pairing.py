"""Which observation answers which action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from trajcore.dialects.replies import call_id
from trajcore.events.base import Action, Event, Observation
from trajcore.events.kinds import DELEGATE, result_of
from trajcore.events.observations import DelegateObservation, ErrorObservation, RecallObservation
from trajcore.live.messages.results import is_bookkeeping


@dataclass
class Pairs:
    """`owner` leads from an observation to its action, `answer` from an action to its first observation;
    both by position in the run.
    """

    owner: dict[int, int] = field(default_factory=dict)
    answer: dict[int, int] = field(default_factory=dict)


def pair(events: Sequence[Event]) -> Pairs:
    """Pair by `cause`, then by tool call id, then with the action just before, if it is of the same kind."""
    pairs = Pairs()
    by_id: dict[int, int] = {}
    unanswered: dict[int, Action] = {}
    for position, event in enumerate(events):
        if isinstance(event, Action):
            unanswered[position] = event
            if event.id is not None:
                by_id[event.id] = position
        elif isinstance(event, Observation) and not is_bookkeeping(event):
            owner = by_id.get(event.cause) if event.cause is not None else None
            owner = owner if owner is not None else _by_other_means(event, unanswered)
            if owner is not None:
                pairs.owner[position] = owner
                pairs.answer.setdefault(owner, position)
                unanswered.pop(owner, None)
    return pairs


def is_fault(event: Event) -> bool:
    """Whether an event, where it answers no action, says why a call of a model became none."""
    return isinstance(event, ErrorObservation) and event.cause is None and bool(call_id(event))


def _by_other_means(observation: Observation, unanswered: dict[int, Action]) -> int | None:
    latest_first = reversed(unanswered.items())
    identifier = call_id(observation)
    if identifier:
        return next((at for at, action in latest_first if call_id(action) == identifier), None)
    if isinstance(observation, DelegateObservation):
        return next((at for at, action in latest_first if action.action == DELEGATE), None)
    if observation.cause is not None or isinstance(observation, (ErrorObservation, RecallObservation)):
        return None
    last = next(latest_first, None)
    if last is None or result_of(last[1].action) != observation.observation:
        return None
    return last[0]
