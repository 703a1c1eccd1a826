"""Canonical events as messages of mini-swe-agent, in the protocol and with the fields of the trajectory."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.dialects.base import Recording
from trajcore.dialects.mini.blocks import KNOWN, TAGGED, V1, V2, command_in, pattern_of, thought_in
from trajcore.dialects.mini.setup import Setup, setup_of
from trajcore.dialects.mini.turns import HUMAN, RESPONSES, SUBMITTED, TEXT, TOOL, MiniSlot
from trajcore.dialects.mini.wire import OURS, read
from trajcore.dialects.shapes import object_in, word
from trajcore.errors import BadInput
from trajcore.events.kinds import ERROR, FINISH, MESSAGE, RUN, SYSTEM, USER_REJECTED
from trajcore.formats.json.reading import as_object
from trajcore.runtimes.mini.wording import NOT_EXECUTED, Shape, said_in, worded

Record = dict[str, Any]

_CLOSING: Final = {V1: ("```bash\n", "\n```"), V2: ("```mswea_bash_command\n", "\n```"),
                   TAGGED: ("<mswea_bash_command>", "</mswea_bash_command>")}  # fmt: skip


class Writer:
    """Writes messages as the others of a trajectory are."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._setup: Setup = setup_of(recording.records)
        slots: Sequence[MiniSlot] = recording.slots
        said = [slot for slot in slots if slot.action == RUN and slot.source == "agent"]
        self._form = said[0].form if said else self._usual_form()
        self._pattern = next((slot.pattern for slot in said if slot.pattern), "") or self._setup.pattern
        if self._pattern not in _CLOSING:
            self._pattern = self._known_pattern()
        results = [slot for slot in slots if slot.observation == RUN]
        self._notes = any("extra" in self._object(slot) for slot in results) or (
            not results and self._setup.version > 1
        )
        """Whether results are noted beside their words."""
        self._stamps = any("timestamp" in self._object(slot) for slot in slots[:2])
        self._shape = self._setup.shape or self._seen_shape(results)

    def _object(self, slot: MiniSlot) -> dict[str, Any]:
        return as_object(self._recording.records[slot.records[0]])

    def _usual_form(self) -> str:
        if self._setup.version == 1 or self._setup.pattern:
            return TEXT
        return TOOL if self._setup.is_known else TEXT

    def _known_pattern(self) -> str:
        """The block of its own configurations that its expression would find."""
        for known, (opening, closing) in _CLOSING.items():
            if self._pattern and pattern_of(f"{opening}true{closing}", self._pattern):
                return known
        return V1 if self._setup.version == 1 else V2

    def _seen_shape(self, results: Sequence[MiniSlot]) -> Shape:
        for slot in results:
            told = said_in(str(self._object(slot).get("content") or ""))
            if told is not None and told.shape in (Shape.JSON, Shape.TAGS):
                return told.shape
        return Shape.JSON if self._form != TEXT else Shape.TAGS

    def records(self, at: int, events: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
        """The messages of new events that come before the one at an index. Raises `BadInput`."""
        slots: Sequence[MiniSlot] = self._recording.slots
        near = slots[min(at, len(slots) - 1)].records[0] if slots else 0
        style = self._recording.style(near)
        before = [slot for slot in slots[:at] if slot.action == RUN]
        self._last: tuple[str, str | None] | None = (
            (before[-1].form, before[-1].tool_call_id) if before else None
        )
        for event in events:
            yield style.written(self._stamped(self._written(event)))

    def _stamped(self, record: Record) -> Record:
        return {**record, "timestamp": time.time()} if self._stamps else record

    def _written(self, event: Mapping[str, Any]) -> Record:
        given, kind = canonical.arguments(event), event.get("action")
        text = str(given.get("content") or "")
        if kind == MESSAGE:
            role = "assistant" if event.get("source") == "agent" else "user"
            # Behind a command, a text of the user's would be what came of that in version 1.
            ours = {"extra": {OURS: True}} if role == "user" and self._setup.version == 1 else {}
            return {"role": role, "content": self._unblocked(text, role), **ours}
        if kind == SYSTEM:
            return {"role": "system", "content": text}
        if kind == FINISH:
            return self._finish(str(given.get("final_thought") or text))
        if kind == RUN:
            return self._command(event, given)
        if event.get("observation") is not None:
            return self._result(event)
        raise BadInput(f"mini-swe-agent has one tool, bash: {kind} could not be said by it.")

    def _unblocked(self, text: str, role: str) -> str:
        """A text of the model's that is no command. Raises `BadInput` where it would be read as one."""
        if role == "assistant" and self._form == TEXT and pattern_of(text, self._setup.pattern):
            raise BadInput("this text holds a block, which would be a command: insert that as a command.")
        return text

    def _finish(self, submission: str) -> Record:
        if self._setup.version == 1:
            return {"role": "user", "content": submission}
        extra = {"exit_status": SUBMITTED, "submission": submission}
        return {"role": "exit", "content": submission, "extra": extra}

    def _command(self, event: Mapping[str, Any], given: Mapping[str, Any]) -> Record:
        command, thought = str(given.get("command") or ""), str(given.get("thought") or "")
        if event.get("source") == "user":
            self._last = HUMAN, None
            text = f"User command: \n```bash\n{command}\n```"
            return {"role": "user", "content": text, "extra": {"actions": [{"command": command}], OURS: True}}
        response = (canonical.call_of(event) or {}).get("model_response")
        noted: Record = {OURS: True, **({"response": response} if isinstance(response, dict) else {})}
        if self._form == TEXT:
            return self._in_block(command, thought, noted)
        call = canonical.call_id(event) or f"call_{secrets.token_hex(12)}"
        self._last = self._form, call
        arguments = json.dumps({"command": command})
        noted = {"actions": [{"command": command, "tool_call_id": call}], **noted}
        if self._form == RESPONSES:
            return self._items(call, arguments, thought, noted)
        function = {"arguments": arguments, "name": "bash"}
        return {
            "content": thought or None,
            "role": "assistant",
            "tool_calls": [{"function": function, "id": call, "type": "function"}],
            "extra": noted,
        }

    def _in_block(self, command: str, thought: str, noted: Record) -> Record:
        self._last = TEXT, None
        opening, closing = _CLOSING[self._pattern]
        stripped, before = command.strip(), thought.rstrip("\n")
        text = f"{before}\n\n{opening}{stripped}{closing}" if before else f"{opening}{stripped}{closing}"
        try:
            right = command_in(text, self._pattern) == stripped and thought_in(text, self._pattern) == before
        except LookupError:
            right = False
        if not right or not stripped:
            raise BadInput("this command can't be said in a block: it is empty, or holds the end of one.")
        if self._setup.version > 1 or self._notes:
            noted = {"actions": [{"command": stripped}], **noted}
        return {"role": "assistant", "content": text, "extra": noted}

    @staticmethod
    def _items(call: str, arguments: str, thought: str, noted: Record) -> Record:
        said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": thought}]}
        asked = {"type": "function_call", "call_id": call, "name": "bash", "arguments": arguments}
        return {"object": "response", "output": [*([said] if thought else []), asked], "extra": noted}

    def _result(self, event: Mapping[str, Any]) -> Record:
        kind, content = event.get("observation"), str(event.get("content") or "")
        details = canonical.details(event)
        if kind == ERROR and canonical.call_id(event) is None and event.get("cause") is None:
            extra = {"interrupt_type": "FormatError", OURS: True}
            return {"role": "user", "content": content, **({"extra": extra} if self._notes else {})}
        if self._last is None:
            raise BadInput(f"there is no command before it that this {kind} could be the result of.")
        metadata = object_in(details, "metadata")
        code = metadata.get("exit_code")
        exception = word(details, "exception_info")
        if kind in (ERROR, USER_REJECTED):
            code, exception, content = -1, NOT_EXECUTED, ""
        form, call = self._last
        if isinstance(canonical.call_id(event), str) and form in (TOOL, RESPONSES):
            call = canonical.call_id(event)
        return self._worded(form, call, content, code if isinstance(code, int) else -1, exception)

    def _worded(self, form: str, call: str | None, output: str, code: int, exception: str) -> Record:
        text = worded(self._shape, output, code, exception)
        extra = {
            "raw_output": output,
            "returncode": code,
            "timestamp": time.time(),
            "exception_info": exception,
        }
        noted = {"extra": extra} if self._notes else {}
        if form == RESPONSES:
            return {"type": "function_call_output", "call_id": call, "output": text, **noted}
        if form == TOOL:
            return {"content": text, **noted, "tool_call_id": call, "role": "tool"}
        return {"role": "user", "content": text, **noted}


def place_of_result(recording: Recording, at: int, events: Sequence[Mapping[str, Any]]) -> int | None:
    """Before which record the result of a command stands: behind its turn, before what says its end.

    None where they are no result, or that of no command there is.
    """
    first = events[0]
    if "observation" not in first or (first.get("observation") == ERROR and not canonical.call_of(first)):
        return None
    slots: Sequence[MiniSlot] = recording.slots
    asked = [slot for slot in slots[:at] if slot.action == RUN]
    call = canonical.call_id(first)
    named = [slot for slot in asked if call and slot.tool_call_id == call]
    if not asked:
        return None
    turn = (named or asked)[-1].response
    members = (
        slot for slot in slots if slot.response == turn and (slot.action == RUN or slot.of is not None)
    )
    return max(slot.records[-1] for slot in members) + 1


def renamed(texts: Sequence[bytes]) -> list[dict[str, Any]]:
    """Copies of messages whose calls have ids of their own, and are answered as before."""
    names: dict[str, str] = {}
    found = [as_object(text) for text in texts]
    for text in texts:
        message = read(text)
        calls = message.tool_calls if isinstance(message.tool_calls, list) else message.output
        for call in calls if isinstance(calls, list) else ():
            name = (
                call.get("id")
                if "function" in call
                else call.get("call_id")
                if isinstance(call, dict)
                else None
            )
            if isinstance(name, str):
                names.setdefault(name, f"call_{secrets.token_hex(12)}")
    return [_named_anew(record, names) for record in found]


_NAMES: Final = frozenset({"id", "call_id", "tool_call_id"})


def _named_anew(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: names.get(inner, inner)
            if key in _NAMES and isinstance(inner, str)
            else _named_anew(inner, names)
            for key, inner in value.items()
        }
    return [_named_anew(one, names) for one in value] if isinstance(value, list) else value


__all__ = ["KNOWN", "Writer", "renamed"]
