"""The dialogue of a run: the user's messages, the agent's, and in a line each what the model did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from trajcore.events.head import Head
from trajcore.events.kinds import ERROR, RUN, Treatment, action_kind
from trajcore.live.outcome import words
from trajcore.replay.policy import treatment
from trajcore.session import Session
from trajcore.text import safe, safe_line

_SHOWN: Final = 4_000
"""So many characters of one message are shown here; the view of the event has all of it."""


class ChatTone(Enum):
    """Where a part of the dialogue comes from."""

    SAID = "said"
    """Said in this run."""
    RECORDED = "recorded"
    ACTION = "action"
    """The model did, or is writing, this."""
    OUTCOME = "outcome"
    """What came of it."""


@dataclass(frozen=True)
class ChatPart:
    """A paragraph behind the name of its speaker, or, where there is none, one line. Its text is safe."""

    speaker: str
    text: str
    tone: ChatTone


def dialogue(session: Session) -> list[ChatPart]:
    """What was said in the run, oldest first."""
    parts: list[ChatPart] = []
    for entry in session.run.entries:
        parts += _parts(entry.head, live=entry.live, recorded=entry.origin is not None and not entry.is_added)
    return parts


def being_written(text: str) -> ChatPart:
    """What the model is writing now."""
    return ChatPart("model", _shortened(text), ChatTone.ACTION)


def _parts(head: Head, *, live: bool, recorded: bool) -> list[ChatPart]:
    how = treatment(head)
    tone = ChatTone.RECORDED if recorded else ChatTone.SAID
    if how is Treatment.DIALOGUE and not action_kind(head.kind).system_prompt:
        return [ChatPart("you" if head.source == "user" else "agent", _shortened(words(head)), tone)]
    if live and how is not Treatment.PASS:
        thought = words(head)
        said = [ChatPart("agent", _shortened(thought), tone)] if thought else []
        return [*said, _line(f"★ {safe_line(head.kind)}  {safe_line(head.summary())}", ChatTone.ACTION)]
    if head.observation == RUN and not recorded and head.exit_code is not None:
        return [_line(f"  exit {head.exit_code}", ChatTone.OUTCOME)]
    if head.observation == ERROR and not recorded:
        return [_line(f"  {safe_line(head.summary())}", ChatTone.OUTCOME)]
    return []


def _line(text: str, tone: ChatTone) -> ChatPart:
    return ChatPart("", text, tone)


LONGEST: Final = 2 * _SHOWN + 2
"""So many characters of a text are enough to show all of it that is shown."""


def _shortened(text: str) -> str:
    text = safe(text[:LONGEST])
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
