"""What a model is sent: the messages that a run amounts to, and the tools, as this model takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trajcore.live.abilities import ANY, Abilities
from trajcore.live.messages.transcript import MODEL, THOUGHTS, Message
from trajcore.live.pictures import as_seen
from trajcore.live.prompted import STOP, as_text
from trajcore.masking import known

_SEEN: Final = "(I have the result.)"
"""What the model says where its provider wants it to, and it said nothing."""


@dataclass(frozen=True)
class Request:
    """Messages and tools, as they are sent, and the words at which the model stops. No secret is in them.

    `offered` are the tools that it is told of: in the prompt, where `prompted`, and not as `tools` then.
    """

    messages: list[Message]
    tools: list[dict[str, Any]]
    offered: list[dict[str, Any]]
    stop: tuple[str, ...] = ()

    @property
    def prompted(self) -> bool:
        """Whether calls are text."""
        return bool(self.stop)


def thinkers(prompt: Sequence[Message]) -> frozenset[str]:
    """The models whose thoughts are in a prompt."""
    return frozenset(message[MODEL] for message in prompt if MODEL in message)


def request_of(
    prompt: Sequence[Message], tools: Sequence[dict[str, Any]], abilities: Abilities = ANY
) -> Request:
    """The request that a prompt and the tools become for a model of these abilities."""
    told = as_seen([_with_thoughts(message, abilities) for message in prompt], abilities)
    if abilities.native_calls and not abilities.hears_users_behind_results:
        told = list(_with_words_between(told))
    if abilities.native_calls or not tools:
        return Request(known().tree(told), list(tools), list(tools))
    return Request(known().tree(as_text(told, tools)), [], list(tools), (STOP,))


def _with_words_between(messages: Sequence[Message]) -> Iterator[Message]:
    """The same, with a word of the model's between a result and what the user says behind it."""
    before = ""
    for message in messages:
        if before == "tool" and message["role"] == "user":
            yield {"role": "assistant", "content": _SEEN}
        yield message
        before = message["role"]


def _with_thoughts(message: Message, abilities: Abilities) -> Message:
    """A message without thoughts of another provider's model, and such as would not be whole once masked."""
    thoughts: Message = {name: message[name] for name in THOUGHTS if name in message}
    if not thoughts and MODEL not in message:
        return message
    rest = {name: value for name, value in message.items() if name not in (*THOUGHTS, MODEL)}
    given = message.get(MODEL) in abilities.same and known().tree(thoughts) == thoughts
    return {**rest, **thoughts} if given else rest
