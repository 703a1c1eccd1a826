"""Canonical events as records of V1: as few fields as it needs, in the spelling of the log they come to."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.dialects.base import Recording
from trajcore.dialects.newevents import REJECTED
from trajcore.dialects.openhands_v1.blocks import block, risk_name
from trajcore.dialects.openhands_v1.events import OURS
from trajcore.dialects.openhands_v1.replied import Said, reply_in_metrics, thought_of
from trajcore.dialects.openhands_v1.said import FINISHED
from trajcore.dialects.openhands_v1.tree import ROOT, names_parents
from trajcore.dialects.openhands_v1.wire import logs
from trajcore.dialects.replies import json_object
from trajcore.errors import BadInput
from trajcore.events.kinds import (
    APPLY_PATCH,
    CALL_TOOL_MCP,
    DELEGATE,
    EDIT,
    ERROR,
    FIND_FILES,
    FINISH,
    MCP,
    MESSAGE,
    READ,
    RUN,
    SEARCH_FILES,
    SYSTEM,
    TASK_TRACKING,
    THINK,
    USER_REJECTED,
    WRITE,
)  # fmt: skip
from trajcore.formats.json.reading import as_object


@dataclass(frozen=True)
class _Tool:
    """How an action of a kind is written: by which tool, and which of its fields are which arguments."""

    name: str
    kind: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """V1's name of an argument, where that is another one."""
    given: Mapping[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    answers: str = ""
    """The kind of its observations, where that is another one than others of the kind have."""


_EDITOR: Final = ("command", "path", "file_text", "old_str", "new_str", "insert_line", "view_range")
_TOOLS: Final[Mapping[str, _Tool]] = {
    RUN: _Tool("terminal", "TerminalAction", takes=("command", "is_input", "timeout", "reset"),
        given={"command": "", "is_input": False, "reset": False}),
    READ: _Tool("file_editor", "FileEditorAction", given={"command": "view"}, takes=_EDITOR),
    EDIT: _Tool("file_editor", "FileEditorAction", given={"command": "str_replace"}, takes=_EDITOR),
    WRITE: _Tool("file_editor", "FileEditorAction", {"content": "file_text"}, {"command": "create"},
        ("path", "content")),
    THINK: _Tool("think", "ThinkAction", takes=("thought",), given={"thought": ""}),
    FINISH: _Tool("finish", "FinishAction", {"final_thought": "message"}, {"message": ""},
        ("final_thought",)),
    TASK_TRACKING: _Tool("task_tracker", "TaskTrackerAction", given={"command": "view", "task_list": []},
        takes=("command", "task_list")),
    FIND_FILES: _Tool("glob", "GlobAction", takes=("pattern", "path")),
    SEARCH_FILES: _Tool("grep", "GrepAction", takes=("pattern", "path", "include")),
    APPLY_PATCH: _Tool("apply_patch", "ApplyPatchAction", takes=("patch",)),
}  # fmt: skip

_NAMED: Final[Mapping[str, _Tool]] = {
    tool.name: tool
    for tool in (
        _Tool("read_file", "ReadFileAction", {"path": "file_path"}, takes=("path", "offset", "limit"),
            answers="ReadFileObservation"),
        _Tool("write_file", "WriteFileAction", {"path": "file_path"}, takes=("path", "content"),
            answers="WriteFileObservation"),
        _Tool("edit", "EditAction", {"path": "file_path", "old_str": "old_string", "new_str": "new_string"},
            {"expected_replacements": 1}, ("path", "old_str", "new_str", "expected_replacements"),
            "EditObservation"),
        _Tool("list_directory", "ListDirectoryAction", {"path": "dir_path"}, {"recursive": False},
            ("path", "recursive"), "ListDirectoryObservation"),
    )
}  # fmt: skip
"""Tools that do what others do too, by their names."""

_OBSERVATIONS: Final[Mapping[str, str]] = {
    RUN: "TerminalObservation",
    READ: "FileEditorObservation",
    EDIT: "FileEditorObservation",
    WRITE: "FileEditorObservation",
    THINK: "ThinkObservation",
    TASK_TRACKING: "TaskTrackerObservation",
    FIND_FILES: "GlobObservation",
    SEARCH_FILES: "GrepObservation",
    APPLY_PATCH: "ApplyPatchObservation",
    MCP: "MCPToolObservation",
    DELEGATE: "TaskObservation",
}


class Writer:
    """Writes events in the spelling of a log."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        keys = list(logs(recording.records)[0].keys.values())
        self._parents = names_parents(keys)
        self._old = any(key.inner[0].startswith("ExecuteBash") for key in keys)
        first = next((as_object(text) for text in recording.records if as_object(text).get("kind")), {})
        self._kind_first = next(iter(first), "") == "kind"
        self._actions: dict[str, tuple[str, str, Mapping[str, Any]]] = {}
        self._last: str | None = None
        self._answered: set[str] = set()
        self._replies: dict[str, frozenset[str]] = {}
        self._spoken = {key.llm_response_id for key in keys if key.kind == "MessageEvent"}
        for key in keys:
            if key.llm_response_id and key.tool_call_id:
                calls = self._replies.get(key.llm_response_id, frozenset())
                self._replies[key.llm_response_id] = calls | {key.tool_call_id}

    def records(self, at: int, events: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
        """The records of new events that come before the one at an index. Raises `BadInput` for no such."""
        slots = self._recording.slots
        calls = [slot for slot in slots if slot.action is not None and slot.tool_call_id]
        for slot in calls:
            known = as_object(self._recording.records[slot.records[0]])
            action = known.get("action")
            made = str(slot.name), str(known.get("tool_name")), action if isinstance(action, dict) else {}
            self._actions[slot.tool_call_id] = made
        before = [slot.tool_call_id for slot in slots[:at] if slot.action is not None and slot.tool_call_id]
        self._last = before[-1] if before else None
        self._answered = {slot.tool_call_id for slot in slots[:at] if slot.action is None}
        for event in events:
            for record in self._written(event):
                style = self._recording.style(self._near(at))
                yield style.written(record)

    def _near(self, at: int) -> int:
        slots = self._recording.slots
        near: int = slots[min(at, len(slots) - 1)].records[0]
        return near

    def _written(self, event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        kind = event.get("action")
        if kind == MESSAGE:
            yield self._message(event)
        elif kind == SYSTEM:
            said = canonical.arguments(event)
            yield self._event(
                "agent", "SystemPromptEvent", system_prompt=block(str(said.get("content") or "")), tools=[]
            )
        elif isinstance(kind, str):
            yield from self._action(kind, event)
        elif event.get("observation") == ERROR and Said.of(event).name and self._is_unknown(event):
            yield from self._never_parsed(event, str(event.get("content") or ""))
        elif event.get("observation") == ERROR and canonical.call_id(event) is None and not self._asks(event):
            told = {canonical.ARGUMENTS: {"content": event.get("content")}, "source": "environment"}
            yield self._message(told)
        else:
            yield self._observation(str(event.get("observation")), event)

    def _is_unknown(self, event: Mapping[str, Any]) -> bool:
        """Whether the call that an event answers is none of the log's."""
        return canonical.call_id(event) not in self._actions

    def _asks(self, event: Mapping[str, Any]) -> bool:
        """Whether an event without a call can only be the answer to the call before it."""
        return self._last is not None and self._last not in self._answered

    def _event(self, source: str, kind: str, **fields: Any) -> dict[str, Any]:
        head: dict[str, Any] = {"id": str(uuid.uuid4()), "timestamp": datetime.now().isoformat()}
        head["source"] = source
        if self._parents:
            head["parent_id"] = ROOT  # what it hangs on is said when it stands where it belongs
        return self._of_kind(kind, {**head, **fields})

    def _of_kind(self, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {"kind": kind, **fields} if self._kind_first else {**fields, "kind": kind}

    def _message(self, event: Mapping[str, Any]) -> dict[str, Any]:
        said = canonical.arguments(event)
        source = str(event.get("source") or "user")
        content: list[dict[str, Any]] = [block(str(said.get("content") or ""))]
        if images := said.get("image_urls"):
            content.append({"cache_prompt": False, "type": "image", "image_urls": list(images)})
        role = "assistant" if source == "agent" else "user"
        message = {"role": role, "content": content, "thinking_blocks": []}
        reply = reply_in_metrics(event) if source == "agent" else ""
        return self._event(
            source, "MessageEvent", llm_message=message, **({"llm_response_id": reply} if reply else {}),
            activated_skills=[], extended_content=[],
        )  # fmt: skip

    def _action(self, kind: str, event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        given = canonical.arguments(event)
        if event.get("timeout") is not None:
            given = {**given, "timeout": event["timeout"]}
        said = Said.of(event)
        if kind == THINK and said.arguments:
            # An event has what was said beside it in its thought.
            asked = json_object(said.arguments) or {}
            given = {**given, "thought": asked.get("thought", ""), "said": said.text}
        name, inner, fields = self._call(kind, given, said.name)
        call = canonical.call_id(event) or f"call_{uuid.uuid4().hex[:12]}"
        arguments = fields.get("data", fields) if inner == "MCPToolAction" else fields
        action = self._of_kind(inner.replace("Terminal", "ExecuteBash") if self._old else inner, fields)
        begun = self._replies.get(said.reply, frozenset()) & said.calls
        made = self._called(call, name, said, said.arguments or json.dumps(arguments, ensure_ascii=False),
            "" if begun else thought_of(kind, given), action=action, summary=given.get("summary"),
            security_risk=risk_name(given.get("security_risk")),
        )  # fmt: skip
        self._actions[call] = made["id"], name, action
        self._last = call
        yield made
        if kind == FINISH:
            yield self._answer(call, FINISHED, str(fields.get("message") or ""), {})

    def _called(
        self, call: str, name: str, said: Said, arguments: str, thought: str, *,
        action: Mapping[str, Any] | None = None, summary: Any = None, security_risk: str = "UNKNOWN",
    ) -> dict[str, Any]:  # fmt: skip
        """A call of a tool; without an action, of which none could be made."""
        reply = self._reply(said)
        parsed = {} if action is None else {"action": action}
        return self._event(
            "agent", "ActionEvent", thought=[block(thought)] if thought else [],
            **({"reasoning_content": said.reasoning} if said.reasoning else {}),
            thinking_blocks=list(said.blocks), **parsed, tool_name=name, tool_call_id=call,
            tool_call={"id": call, "name": name, "arguments": arguments, "origin": "completion"},
            llm_response_id=reply, security_risk=security_risk,
            **({"summary": summary} if isinstance(summary, str) and self._parents else {}),
        )  # fmt: skip

    def _reply(self, said: Said) -> str:
        """The id of the reply that a call is of; no two replies have one."""
        if not said.reply:
            return f"{OURS}{uuid.uuid4().hex[:12]}"
        others = self._replies.get(said.reply, frozenset()) - said.calls
        return f"{said.reply}-{min(said.calls, default='')}" if others else said.reply

    def _never_parsed(self, event: Mapping[str, Any], content: str) -> Iterator[dict[str, Any]]:
        """A call that no action could be made of, and what is wrong with it."""
        said, call = Said.of(event), str(canonical.call_id(event))
        named = {"tool_name": said.name, "tool_call_id": call}
        text = "" if said.reply in self._spoken else said.text
        yield self._called(call, said.name, said, said.arguments, text)
        yield self._event("agent", "AgentErrorEvent", **named, error=content)

    def _call(self, kind: str, given: Mapping[str, Any], named: str) -> tuple[str, str, dict[str, Any]]:
        """The tool, the kind of its action, and its fields; `named` is the tool that a model has called."""
        if kind == CALL_TOOL_MCP:
            arguments = given.get("arguments")
            return str(given.get("name") or ""), "MCPToolAction", {
                "data": dict(arguments) if isinstance(arguments, dict) else {}
            }  # fmt: skip
        if kind == DELEGATE:
            inputs = given.get("inputs")
            task = inputs.get("task") if isinstance(inputs, dict) else ""
            agent = str(given.get("agent") or "general-purpose")
            return "task", "TaskAction", {"prompt": str(task or ""), "subagent_type": agent}
        tool = _NAMED.get(named) or _TOOLS.get(kind)
        if tool is None:
            raise BadInput(f"a conversation of OpenHands V1 has no tool by which {kind} could be said.")
        said = {tool.fields.get(key, key): given[key] for key in tool.takes if given.get(key) is not None}
        return tool.name, tool.kind, {**tool.given, **said}

    def _observation(self, kind: str, event: Mapping[str, Any]) -> dict[str, Any]:
        call = canonical.call_id(event) or self._last
        if call is None or call not in self._actions:
            raise BadInput(f"there is no call before it that this {kind} could be the result of.")
        action, name, _ = self._actions[call]
        content = str(event.get("content") or "")
        named = {"tool_name": name, "tool_call_id": call}
        if kind == ERROR:
            return self._event("agent", "AgentErrorEvent", **named, error=content)
        if kind == USER_REJECTED:
            return self._event(
                "environment", "UserRejectObservation", **named,
                rejection_reason=_REFUSED if content == REJECTED else content,
                rejection_source="user", action_id=action,
            )  # fmt: skip
        tool = _NAMED.get(name)
        written = tool.answers if tool is not None else _OBSERVATIONS.get(kind)
        if written is None:
            raise BadInput(
                f"a conversation of OpenHands V1 has no observation by which {kind} could be said."
            )
        return self._answer(call, written, content, canonical.details(event))

    def _answer(self, call: str, kind: str, content: str, told: Mapping[str, Any]) -> dict[str, Any]:
        action, name, asked = self._actions[call]
        parts = [block(content)]
        if images := told.get("image_urls"):
            parts.append({"cache_prompt": False, "type": "image", "image_urls": list(images)})
        own: dict[str, Any] = {"content": parts, "is_error": told.get("is_error") is True}
        own |= _required(kind, asked, told, old=self._old)
        if self._old:
            kind = kind.replace("Terminal", "ExecuteBash")
        return self._event(
            "environment", "ObservationEvent", tool_name=name, tool_call_id=call,
            observation=self._of_kind(kind, own), action_id=action,
        )  # fmt: skip


def _required(kind: str, asked: Mapping[str, Any], told: Mapping[str, Any], *, old: bool) -> dict[str, Any]:
    """The fields that an observation of a kind can't be without, and what is told of them."""
    if kind == "TerminalObservation":
        metadata = told.get("metadata")
        known = metadata if isinstance(metadata, dict) else {}
        ended = {**_METADATA, **known}
        code = {} if old else {"exit_code": ended["exit_code"]}
        return {"command": asked.get("command"), **code, "timeout": False, "metadata": ended}
    taken = _TAKEN.get(kind, {})
    return {
        key: told[key] if key in told else asked.get(key, default)
        for key, default in taken.items()
        if key in told or asked.get(key, default) is not None
    }


_REFUSED: Final = "User rejected the action"
_METADATA: Final = {"exit_code": -1, "pid": -1, "prefix": "", "suffix": ""}
_TAKEN: Final[Mapping[str, Mapping[str, Any]]] = {
    "FileEditorObservation": {
        "command": "view", "path": None, "prev_exist": True, "old_content": None, "new_content": None,
    },
    "TaskTrackerObservation": {"command": "view", "task_list": []},
    "GlobObservation": {"files": [], "pattern": "", "search_path": "", "truncated": False},
    "GrepObservation": {
        "matches": [], "pattern": "", "search_path": "", "include_pattern": None, "truncated": False,
    },
    "ApplyPatchObservation": {"message": "", "fuzz": 0},
    "ReadFileObservation": {
        "file_path": "", "file_content": "", "is_truncated": False, "lines_shown": None, "total_lines": None,
    },
    "WriteFileObservation": {
        "file_path": None, "is_new_file": False, "old_content": None, "new_content": None,
    },
    "EditObservation": {
        "file_path": None, "is_new_file": False, "replacements_made": 0, "old_content": None,
        "new_content": None,
    },
    "ListDirectoryObservation": {
        "dir_path": None, "entries": [], "total_count": 0, "is_truncated": False,
    },
    "MCPToolObservation": {"tool_name": ""},
    "TaskObservation": {"task_id": "", "subagent": "", "status": "completed"},
}  # fmt: skip


def renamed(texts: Sequence[bytes]) -> list[dict[str, Any]]:
    """Copies of records with ids, calls and replies of their own, which name each other as before."""
    names: dict[str, str] = {}

    def fresh(name: Any) -> Any:
        return names.setdefault(name, str(uuid.uuid4())) if isinstance(name, str) else name

    records = [as_object(text) for text in texts]
    for record in records:
        fresh(record.get("id"))
    made = []
    for record in records:
        copy = dict(record)
        for key in ("id", "tool_call_id"):
            if key in copy:
                copy[key] = fresh(copy[key])
        if isinstance(copy.get("llm_response_id"), str):
            reply = copy["llm_response_id"]
            copy["llm_response_id"] = names.setdefault(reply, f"{OURS}{uuid.uuid4().hex[:12]}")
        for key in ("action_id", "message_id"):
            if copy.get(key) in names:
                copy[key] = names[copy[key]]
        if isinstance(copy.get("tool_call"), dict):
            copy["tool_call"] = {**copy["tool_call"], "id": fresh(copy["tool_call"].get("id"))}
        made.append(copy)
    return made
