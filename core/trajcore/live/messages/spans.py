"""Which part of a conversation a summary can stand for: what belongs together stays together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from trajcore.dialects import newevents
from trajcore.dialects.replies import recorded_reply
from trajcore.events.actions import MessageAction, RecallAction, SystemAction
from trajcore.events.base import Action, Event
from trajcore.events.kinds import Source
from trajcore.events.observations import RecallObservation
from trajcore.live.messages.pairing import pair
from trajcore.live.messages.view import Seen, counted


@dataclass(frozen=True)
class Spans:
    """What of a conversation can be forgotten: from `first` of the events that count up to any of the `cuts`,
    which are in order.

    Before it stay how the agent was set up, the task, and what its memory brought up with it. Behind a cut
    stands an action, never an answer without what it answers, or a part of what one reply asked for.
    """

    seen: Sequence[Seen]
    first: int
    cuts: Sequence[int]

    def events(self, cut: int) -> list[Event]:
        """What would be forgotten, in order; among it the summary that stands there now."""
        return [seen.event for seen in self.seen[self.first : cut]]

    def condensation(self, cut: int, summary: str) -> dict[str, Any]:
        """The event that has it forgotten, without id and timestamp."""
        ids = {seen.event.id for seen in self.seen[self.first : cut] if seen.position >= 0}
        named = sorted(id for id in ids if id is not None)
        others = (seen.event.id for seen in self.seen if seen.event.id not in ids)
        alone = not any(id is not None and named[0] <= id <= named[-1] for id in others)
        return newevents.condensation(named, summary, self.first, as_range=alone)


def spans_of(events: Sequence[Event]) -> Spans:
    """What of these events can be forgotten."""
    seen = counted(events)
    first = _behind_task(seen)
    apart = _kept_together(events, seen)
    named = (at for at in range(first, len(seen)) if seen[at].position >= 0 and seen[at].event.id is not None)
    places = range(next(named, len(seen)) + 1, len(seen))
    return Spans(seen, first, [at for at in places if not apart[at] and _may_lead(seen[at].event)])


def _may_lead(event: Event) -> bool:
    """Whether what is left of a conversation can begin with it."""
    return isinstance(event, Action) and not isinstance(event, RecallAction)


def _behind_task(seen: Sequence[Seen]) -> int:
    """The place behind the system prompt, the user's first message, and what memory brought up with them."""
    task = False
    for at, one in enumerate(seen):
        match one.event:
            case SystemAction() | RecallAction() | RecallObservation():
                continue
            case MessageAction(source=source) if not task and source != Source.AGENT.value:
                task = True
            case _:
                return at
    return len(seen)


def _kept_together(events: Sequence[Event], seen: Sequence[Seen]) -> list[int]:
    """For each place between two events that count, how many things a cut there would take apart."""
    place = {one.position: at for at, one in enumerate(seen) if one.position >= 0}
    answer = pair(events).answer
    reach: dict[Any, tuple[int, int]] = {}
    joined = [(place[one], place[other]) for one, other in answer.items() if one in place and other in place]
    for at, one in enumerate(seen):
        reply = recorded_reply(one.event) if isinstance(one.event, Action) else None
        if reply is not None and reply.id:
            said = reply.id, tuple(call.id for call in reply.calls)  # there are servers that count no replies
            reach[said] = reach.get(said, (at, at))[0], at
    steps = [0] * (len(seen) + 2)
    for begin, end in (*joined, *reach.values()):
        if begin < end:
            steps[begin + 1] += 1
            steps[end + 1] -= 1
    return list(accumulate(steps))
