"""OpenHands V0 events as they are written, read fast: the links of each, and what a timeline shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from trajcore.dialects.openhands_v0.legacy import editor_call, is_flattened, migrated
from trajcore.events import head as heads
from trajcore.events.head import Head
from trajcore.events.kinds import EDIT

if TYPE_CHECKING:
    from trajcore.events.parse import Parsed


class _Call(msgspec.Struct, gc=False):
    tool_call_id: str | None = None


class Key(msgspec.Struct, gc=False):
    """What ties an event to others. Each record is an event, so it need not say which are its own."""

    id: int | None = None
    source: str | None = None
    action: str | None = None
    observation: str | None = None
    cause: int | None = None
    tool_call_metadata: _Call | None = None

    name: ClassVar[None] = None

    @property
    def tool_call_id(self) -> str | None:
        """The model's tool call that the event belongs to."""
        return self.tool_call_metadata.tool_call_id if self.tool_call_metadata else None


_key_decoder = msgspec.json.Decoder(Key)


def read_keys(raws: Sequence[msgspec.Raw | bytes]) -> list[Key]:
    """The links of each event, as `read_key` has them."""
    try:
        return list(map(_key_decoder.decode, raws))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [read_key(raw) for raw in raws]


def read_key(raw: msgspec.Raw | bytes) -> Key:
    """The links of one event's JSON text. Fields of an unexpected type are passed over."""
    try:
        return _key_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        head = read_head(raw)
        call = _Call(head.tool_call_id) if head.tool_call_id else None
        return Key(head.id, head.source, head.action, head.observation, head.cause, call)


class _Args(heads.Args, gc=False):
    translated_ipython_code: str | None = None


class _Head(Head, gc=False):
    args: _Args | None = None


_head_decoder = msgspec.json.Decoder(_Head)


def read_head(raw: msgspec.Raw | bytes) -> Head:
    """The head of one event's JSON text. Fields of an unexpected type are passed over."""
    try:
        head = _head_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_loosely(bytes(raw))
    args = head.args
    if (args if head.action is not None else head.extras) is None:
        return _read_loosely(bytes(raw))
    return head if args is None or args.translated_ipython_code is None else _with_call(head)


def _read_loosely(raw: bytes) -> Head:
    try:
        data: Any = json.loads(raw)
    except ValueError as error:
        return Head(problem=f"not JSON: {error}")
    if not isinstance(data, dict):
        return Head(problem="not an object")
    return head_of(migrated(data) if is_flattened(data) else data)


def head_of(data: dict[str, Any]) -> Head:
    """The head of an event that is a Python object already."""
    return _with_call(heads.fitted(_Head, data))


def _with_call(head: _Head) -> Head:
    """With the editor's command, which early 2025 kept in the code of its call alone."""
    args = head.args
    if args is not None and args.translated_ipython_code and not args.command and head.action == EDIT:
        command = (editor_call(args.translated_ipython_code) or {}).get("command")
        args.command = command if isinstance(command, str) else None
    return head


def parse(data: Mapping[str, Any]) -> Parsed:
    """One event as a typed model, older spellings brought up to date."""
    from trajcore.events.parse import parse as parse_canonical

    return parse_canonical(migrated(dict(data)))
