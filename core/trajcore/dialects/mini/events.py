"""A message, or a command in one, as a canonical event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.dialects.mini.blocks import blocks, command_in, thought_in
from trajcore.dialects.mini.turns import HUMAN, TEXT, MiniSlot
from trajcore.dialects.mini.wire import images_of
from trajcore.dialects.replies import content_text
from trajcore.dialects.shapes import object_in, word
from trajcore.events.kinds import ERROR, FINISH, MESSAGE, RUN, SYSTEM, USER_REJECTED
from trajcore.runtimes.mini.wording import said_in

Record = Mapping[str, Any]

UNANSWERED: Final = "unanswered"
"""The argument that says of a command that nothing came back, and that it must not be run by itself."""

_BASH: Final = "bash"


def canonical_event(record: Record, slot: MiniSlot) -> dict[str, Any]:
    """The event that a slot stands for."""
    made = _made(record, slot)
    if slot.spent is not None:
        made[canonical.METRICS] = slot.spent
    time = _time(record)
    return {"timestamp": time, **made} if time else made


def _time(record: Record) -> str | None:
    """When it was written: seconds since 1970, as this machine's clock would show them."""
    noted = object_in(record, "extra").get("timestamp")
    told = record.get("timestamp") if noted is None else noted
    try:
        return datetime.fromtimestamp(told, UTC).isoformat() if isinstance(told, int | float) else None
    except (ValueError, OverflowError, OSError):
        return None


def _made(record: Record, slot: MiniSlot) -> dict[str, Any]:
    if slot.action == RUN:
        return _run(record, slot)
    if slot.observation is not None:
        return _observation(record, slot)
    text = said(record)
    if slot.action == SYSTEM:
        return canonical.action(SYSTEM, "agent", None, content=text)
    if slot.action == FINISH:
        return canonical.action(FINISH, "agent", None, final_thought=text, outputs={"submission": text})
    fields: dict[str, Any] = {"content": text}
    images = images_of(record.get("content"))
    if images:
        fields["image_urls"] = images
    reasoning = record.get("reasoning_content")
    if isinstance(reasoning, str) and reasoning:
        fields["reasoning_content"] = reasoning
    fields[canonical.WAITS] = False
    return canonical.action(MESSAGE, str(slot.source), None, **fields)


def said(record: Record) -> str:
    """The text of a message."""
    output = record.get("output")
    if record.get("role") is None and isinstance(output, str):
        return output
    if record.get("role") is None and isinstance(output, list):
        parts = (item.get("content") for item in output if isinstance(item, dict))
        return "\n".join(filter(None, map(content_text, parts)))
    return content_text(record.get("content"))


def command_of(record: Record, slot: MiniSlot) -> str:
    """The command of a slot: what was executed, where that is noted, else what was said."""
    actions = object_in(record, "extra").get("actions")
    listed = [one for one in actions if isinstance(one, dict)] if isinstance(actions, list) else []
    known = [one["command"] for one in listed if isinstance(one.get("command"), str)]
    if slot.part < len(known):
        return str(known[slot.part])
    if slot.form in (TEXT, HUMAN):
        try:
            return command_in(said(record), slot.pattern)
        except LookupError:
            return ""
    from trajcore.dialects.mini.turns import _calls
    from trajcore.dialects.mini.wire import Message

    names = Message.__struct_fields__
    message = Message(**{name: record[name] for name in names if name in record and name != "extra"})
    commands = [command for _, _, command in _calls(message) if command]
    return commands[slot.part] if slot.part < len(commands) else ""


def thought_of(record: Record, slot: MiniSlot) -> str:
    """What was said beside the first command of a message."""
    if not slot.is_first or slot.form == HUMAN:
        return ""
    text = said(record)
    if slot.form != TEXT:
        return text
    try:
        before, behind = thought_in(text, slot.pattern), text_behind(text, slot.pattern)
    except LookupError:
        return text
    return f"{before}\n\n{behind}" if behind else before


def text_behind(text: str, pattern: str) -> str:
    """What stands behind the block of a text."""
    _, end, _ = blocks(pattern, text)[0]
    return text[end:].strip().removeprefix("```").removeprefix("</mswea_bash_command>").strip()


def _call(slot: MiniSlot) -> dict[str, Any] | None:
    if slot.tool_call_id is None:
        return None
    return {"function_name": _BASH, canonical.CALL_ID: slot.tool_call_id}


def _run(record: Record, slot: MiniSlot) -> dict[str, Any]:
    fields: dict[str, Any] = {"command": command_of(record, slot), "thought": thought_of(record, slot)}
    reasoning = _reasoning(record) if slot.is_first else ""
    if reasoning:
        fields["reasoning_content"] = reasoning
    if slot.unanswered:
        fields[UNANSWERED] = True
    return canonical.action(RUN, str(slot.source), _call(slot), **fields)


def _reasoning(record: Record) -> str:
    told = record.get("reasoning_content")
    if isinstance(told, str):
        return told
    output = record.get("output")
    items = [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    return "\n".join(
        content_text(item.get("summary")) for item in items if item.get("type") == "reasoning"
    ).strip()


def _observation(record: Record, slot: MiniSlot) -> dict[str, Any]:
    text, extra = said(record), object_in(record, "extra")
    source, call = str(slot.source), _call(slot)
    if slot.observation == ERROR and slot.of is None:
        status = extra.get("exit_status") if slot.is_last else extra.get("interrupt_type")
        details: dict[str, Any] = {"error_id": status if isinstance(status, str) else ""}
        reply = bad_reply(extra)
        if reply:
            details["model_response"] = reply
        for key in ("exception_str", "traceback"):
            if word(extra, key):
                details[key] = word(extra, key)
        return canonical.observation(ERROR, source, text, None, **details)
    if slot.observation in (ERROR, USER_REJECTED):
        told = word(extra, "exception_info")
        return canonical.observation(str(slot.observation), source, told or text, call)
    output, code, exception = result_of(record)
    metadata: dict[str, Any] = {} if code is None else {"exit_code": code}
    if exception:
        metadata["suffix"] = f"\n[{exception}]"
    fields: dict[str, Any] = {"command": "", "metadata": metadata}
    if exception:
        fields["exception_info"] = exception
    if is_cut(record):
        fields["is_cut"] = True
    images = images_of(record.get("content"))
    if images:
        fields["image_urls"] = images
    return canonical.observation(RUN, source, output, call, **fields)


def result_of(record: Record) -> tuple[str, int | None, str]:
    """What a command wrote, how it ended (None: that is not told), and what else went wrong with it."""
    extra = object_in(record, "extra")
    told = said_in(said(record))
    output, code = extra.get("raw_output"), extra.get("returncode")
    if not isinstance(output, str):
        output = told.output if told is not None else said(record)
    if not isinstance(code, int) or isinstance(code, bool):
        code = told.returncode if told is not None else None
    exception = word(extra, "exception_info") or (told.exception if told is not None else "")
    return output, code, exception


def is_cut(record: Record) -> bool:
    """Whether no more than the beginning and the end of an output was kept."""
    if isinstance(object_in(record, "extra").get("raw_output"), str):
        return False
    told = said_in(said(record))
    return told is not None and told.is_cut


def bad_reply(extra: Mapping[str, Any]) -> str:
    """What a model said that could not be parsed; it is no message of its own."""
    told = extra.get("model_response")
    if isinstance(told, str):
        return told
    choices = object_in(extra, "response").get("choices")
    for choice in choices if isinstance(choices, list) else ():
        message = object_in(choice, "message") if isinstance(choice, dict) else {}
        text = content_text(message.get("content"))
        if text:
            return text
    return ""
