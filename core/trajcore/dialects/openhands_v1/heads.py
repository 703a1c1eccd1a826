"""What a timeline shows of the commonest events of V1, read out of their records at once."""

from __future__ import annotations

from typing import Final

import msgspec

from trajcore.dialects.openhands_v1.said import observed
from trajcore.dialects.recording import Text
from trajcore.events.head import Args, Call, Extras, Head, Metadata
from trajcore.events.kinds import EDIT, READ, RUN

_TERMINAL: Final = frozenset({"TerminalAction", "ExecuteBashAction"})
_TERMINALS: Final = frozenset({"TerminalObservation", "ExecuteBashObservation"})
_EDITOR: Final = "FileEditorAction"
_EDITORS: Final = "FileEditorObservation"


class _Block(msgspec.Struct, gc=False):
    text: str | None = None


class _Action(msgspec.Struct, gc=False):
    kind: str | None = None
    command: str | None = None
    is_input: bool | None = None
    path: str | None = None
    view_range: list[int] | None = None


class _Observation(msgspec.Struct, gc=False):
    kind: str | None = None
    content: list[_Block] | None = None
    command: str | None = None
    path: str | None = None
    exit_code: int | None = None
    is_error: bool | None = None
    metadata: Metadata | None = None


class _Record(msgspec.Struct, gc=False):
    source: str
    tool_name: str
    tool_call_id: str
    timestamp: str | None = None
    action: _Action | None = None
    observation: _Observation | None = None
    thought: list[_Block] | None = None
    summary: str | None = None


_decoder: Final = msgspec.json.Decoder(_Record)


def quick_head(text: Text) -> Head | None:
    """The head of a command, of what the editor was asked, or of their results; None: it is another event.

    It is that of the event itself, whose fields are of the usual types.
    """
    try:
        record = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    action, observation = record.action, record.observation
    if action is not None and observation is None:
        return _called(record, action)
    return None if observation is None or action is not None else _answered(record, observation)


def _called(record: _Record, action: _Action) -> Head | None:
    if action.kind in _TERMINAL:
        kind, args = RUN, Args(command=action.command, is_input=action.is_input)
    elif action.kind == _EDITOR:
        kind = READ if action.command == "view" else EDIT
        args = Args(command=action.command, path=action.path, view_range=action.view_range)
    else:
        return None
    if record.source == "hook":
        return None
    args.thought, args.summary = _texts(record.thought), record.summary
    return Head(
        timestamp=record.timestamp, source=record.source, action=kind,
        tool_call_metadata=Call(record.tool_call_id), args=args,
    )  # fmt: skip


def _answered(record: _Record, observation: _Observation) -> Head | None:
    kind = observation.kind or ""
    if kind not in _TERMINALS and kind != _EDITORS:
        return None
    own = kind == _EDITORS
    extras = Extras(
        command=observation.command if own else None, path=observation.path,
        exit_code=observation.exit_code, is_error=observation.is_error, metadata=observation.metadata,
    )  # fmt: skip
    return Head(
        timestamp=record.timestamp, source="agent",
        observation=observed(kind, {"command": observation.command}),
        told=_texts(observation.content), tool_call_metadata=Call(record.tool_call_id), extras=extras,
    )  # fmt: skip


def _texts(blocks: list[_Block] | None) -> str:
    return "\n".join(block.text for block in blocks or () if block.text is not None)
