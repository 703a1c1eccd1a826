"""What a replay does with an event: the table of kinds, and whose the event is.

Follows OpenHands 0.62 (`openhands/controller/replay.py`, `openhands/runtime/base.py`) where it is sound.
"""

from __future__ import annotations

from collections.abc import Iterable

from trajcore.document.outline import Outline
from trajcore.events.head import Head
from trajcore.events.kinds import EXECUTED, STEPS, Treatment, action_kind


def treatment(head: Head) -> Treatment:
    """What a replay does with an event."""
    if not head.is_action or head.source == "environment":
        return Treatment.PASS
    return action_kind(head.kind).treatment


def is_executed(head: Head) -> bool:
    """Whether a replay carries an event out in the sandbox, unless the user wants it otherwise."""
    return head.action in EXECUTED and head.source != "environment"


def steps_of(outline: Outline) -> list[int]:
    """The events of a recording (their indices) that ask something of the world."""
    columns = zip(outline.is_action, outline.kinds, outline.sources, strict=True)
    return [
        index
        for index, (action, kind, source) in enumerate(columns)
        if action and kind in STEPS and source != "environment"
    ]


def asks_the_world(head: Head) -> bool:
    """Whether an event is a step of the report: an action that wants something of the world."""
    return treatment(head) in (Treatment.EXECUTE, Treatment.SERVE)


def ends_a_step(head: Head) -> bool:
    """Whether stepping stops after this event: at everything an agent does, and all that is executed."""
    how = treatment(head)
    if how is Treatment.DIALOGUE:
        return head.source != "user" and not action_kind(head.kind).system_prompt
    return how is not Treatment.PASS


def agent_spoke_last(backwards: Iterable[Head]) -> bool:
    """Whether the last word is the agent's, or nobody has said anything yet; the last event comes first."""
    for head in backwards:
        how = treatment(head)
        if how is Treatment.DIALOGUE and not action_kind(head.kind).system_prompt:
            return head.source != "user"
        if how is not Treatment.PASS:
            return False
    return True
