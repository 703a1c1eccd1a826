"""What a model is sent: the messages that a run amounts to, and the tools, as this model takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trajcore.live.abilities import ANY, Abilities
from trajcore.live.callids import with_short_ids
from trajcore.live.messages.history import messages
from trajcore.live.messages.transcript import MODEL, THOUGHTS, Message
from trajcore.live.pictures import as_seen
from trajcore.masking import known
from trajcore.replay.run import History, Written

if TYPE_CHECKING:
    from trajcore.dialects.base import Dialect
    from trajcore.events.base import Event


@dataclass(frozen=True)
class Request:
    """Messages and tools, as they are sent. No secret is in them."""

    messages: list[Message]
    tools: list[dict[str, Any]]


def prompt_of(dialect: Dialect, history: Sequence[Event]) -> list[Message]:
    """The messages that the events of a run amount to, as the recording's dialect has them."""
    own = dialect.prompt(Written(history)) if isinstance(history, History) else None
    return messages(history, system=None, tools=dialect.tools) if own is None else with_short_ids(own)


def thinkers(prompt: Sequence[Message]) -> frozenset[str]:
    """The models whose thoughts are in a prompt."""
    return frozenset(message[MODEL] for message in prompt if MODEL in message)


def request_of(
    prompt: Sequence[Message], tools: Sequence[dict[str, Any]], abilities: Abilities = ANY
) -> Request:
    """The request that a prompt and the tools become for a model of these abilities."""
    told = as_seen([_with_thoughts(message, abilities) for message in prompt], abilities)
    return Request(known().tree(told), list(tools))


def _with_thoughts(message: Message, abilities: Abilities) -> Message:
    """A message without thoughts of another provider's model, and such as would not be whole once masked."""
    thoughts: Message = {name: message[name] for name in THOUGHTS if name in message}
    if not thoughts and MODEL not in message:
        return message
    rest = {name: value for name, value in message.items() if name not in (*THOUGHTS, MODEL)}
    given = message.get(MODEL) in abilities.same and known().tree(thoughts) == thoughts
    return {**rest, **thoughts} if given else rest
