"""What is read of each record at once: who, of which kind, what it answers, where in the tree it hangs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from trajcore.dialects.recording import Text
from trajcore.events.head import fitted
from trajcore.formats.json.reading import as_object

KIND: Final = re.compile(r"[A-Z]\w*(Event|Observation)|Condensation(Request)?")
"""What the kinds of events look like, also such as come later."""
SOURCES: Final = frozenset({"agent", "user", "environment", "hook"})


class _Kind(msgspec.Struct, gc=False):
    kind: str | None = None
    command: str | None = None


class _Message(msgspec.Struct, gc=False):
    role: str | None = None


class Key(msgspec.Struct, gc=False):
    """The fields by which events hang together."""

    id: str | None = None
    kind: str | None = None
    source: str | None = None
    parent_id: str | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None
    action_id: str | None = None
    message_id: str | None = None
    llm_response_id: str | None = None
    action: _Kind | None = None
    observation: _Kind | None = None
    llm_message: _Message | None = None
    leaf_event_id: str | None = None
    head_is_empty: bool | None = None
    execution_status: str | None = None
    agent: _Kind | None = None

    @property
    def is_event(self) -> bool:
        """Whether it is an event of V1, of whatever kind."""
        return bool(self.kind and self.source in SOURCES and KIND.fullmatch(self.kind))

    @property
    def is_state(self) -> bool:
        """Whether it is the state of a conversation, which is no event."""
        return not self.kind and self.id is not None and bool(self.execution_status or self.agent)

    @property
    def inner(self) -> tuple[str, str]:
        """The kind of its action or its observation, and the command of an editor."""
        inside = self.action or self.observation
        return (inside.kind or "", inside.command or "") if inside is not None else ("", "")


_decoder: Final = msgspec.json.Decoder(Key)


def read_key(text: Text) -> Key:
    """The key of a record; fields of an unexpected type are passed over."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return fitted(Key, as_object(text))


@dataclass
class Log:
    """The events of one conversation, by the numbers of their records, and its state."""

    state: int | None = None
    records: list[int] = field(default_factory=list)
    keys: dict[int, Key] = field(default_factory=dict)
    """By record: those of the events, and of the state."""

    @property
    def end(self) -> int:
        """The record behind its last one."""
        return max(self.records, default=-1 if self.state is None else self.state) + 1


def logs(records: Sequence[Text]) -> list[Log]:
    """The conversations in some records: the state of one, where it has any, stands before its events."""
    found = [Log()]
    for at, text in enumerate(records):
        key = read_key(text)
        if key.is_state:
            if found[-1].records or found[-1].state is not None:
                found.append(Log())
            found[-1].state = at
        else:
            found[-1].records.append(at)
        found[-1].keys[at] = key
    return found


def texts_of(blocks: Any) -> str:
    """The text of content blocks; content is also a plain string."""
    if isinstance(blocks, str):
        return blocks
    if not isinstance(blocks, list):
        return ""
    found = (block.get("text") for block in blocks if isinstance(block, dict))
    return "\n".join(text for text in found if isinstance(text, str))


def images_of(blocks: Any) -> list[str]:
    """The addresses of the images among content blocks."""
    listed = blocks if isinstance(blocks, list) else []
    found = (block.get("image_urls") for block in listed if isinstance(block, dict))
    return [url for urls in found if isinstance(urls, list) for url in urls if isinstance(url, str)]
