"""What is asked before models go on from an event again: which, and what they are told."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trajcore.errors import BadInput
from trajcore.events.kinds import MESSAGE, Source
from trajcore.forking import needs_message
from trajcore.session import Session
from trajcore.text import safe_line


@dataclass(frozen=True)
class Proposal:
    """What the fields of the question hold to begin with."""

    index: int
    """The event before which the models go on."""
    place: str
    """It in words, safe to draw."""
    models: str
    message: str


@dataclass(frozen=True)
class Wanted:
    """What the user wants. Without a message the models simply go on."""

    models: tuple[str, ...]
    messages: tuple[str, ...]


def place_of(session: Session, index: int) -> int:
    """Where to go on from, when this event is selected: an answer belongs to its action."""
    return session.trajectory.outline.answers.get(index, index)


def proposal(session: Session, index: int, typed: str = "") -> Proposal:
    """The model that is set and the message that stands there, else what is `typed` but not sent."""
    trajectory = session.trajectory
    head = trajectory.head(index)
    stands = head.kind == MESSAGE and head.source == Source.USER.value
    return Proposal(
        index,
        safe_line(f"event {trajectory.label(index)}"),
        session.settings.model.model or "",
        (head.content or head.text) if stands else typed,
    )


def wanted(session: Session, index: int, models: str, message: str) -> Wanted:
    """What was typed, as it is meant. Raises `BadInput` where that cannot be done."""
    names = tuple(filter(None, re.split(r"[\s,]+", models)))
    if not names:
        raise BadInput("name a model; several with a comma between them.")
    if not message.strip() and needs_message(session.trajectory, index):
        raise BadInput("it is not the agent's turn there: type a message.")
    return Wanted(names, (message,) if message.strip() else ())
