"""What a model is sent: the messages that a run amounts to, and the tools that it is offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trajcore.live.callids import with_short_ids
from trajcore.live.messages.history import messages
from trajcore.live.messages.transcript import Message
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


def request_of(prompt: Sequence[Message], tools: Sequence[dict[str, Any]]) -> Request:
    """The request that a prompt and the tools become."""
    return Request(known().tree(list(prompt)), list(tools))
