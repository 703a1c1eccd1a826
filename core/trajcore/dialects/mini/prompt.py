"""What a model is shown that goes on from a trajectory: its messages as they were sent, and its one tool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trajcore.dialects.mini.blocks import command_in, pattern_of, thought_in
from trajcore.dialects.mini.setup import setup_of
from trajcore.dialects.mini.turns import TEXT, Turns
from trajcore.dialects.mini.wire import read
from trajcore.dialects.recording import Text
from trajcore.dialects.replies import content_text
from trajcore.dialects.sent import Message, with_results
from trajcore.dialects.shapes import objects_in
from trajcore.dialects.toolmap import InText, Parameter, Tool, ToolMap
from trajcore.events.kinds import RUN
from trajcore.formats.json.reading import as_object
from trajcore.runtimes.mini.wording import NOT_EXECUTED, Shape, worded

_BASH: Final = Tool(
    "bash",
    RUN,
    (Parameter("command", schema={"type": "string", "description": "The bash command to execute"}),),
    makes={"command": ""},
    description="Execute a bash command",
    required=("command",),
)
TOOL_MAP: Final = ToolMap(_BASH)


def tools_in(records: Sequence[Text]) -> ToolMap:
    """Its one tool; text models are told of none, and say their commands in blocks."""
    setup = setup_of(records)
    said = [slot for slot in Turns(records).found() if slot.action == RUN and slot.source == "agent"]
    is_text = said[0].form == TEXT if said else setup.version == 1 or bool(setup.pattern)
    if not is_text:
        return TOOL_MAP
    recorded = setup.pattern or next((slot.pattern for slot in said if slot.pattern), "")

    def read_text(text: str) -> InText | None:
        pattern = pattern_of(text, recorded)
        if not pattern:
            return None
        return InText("bash", {"command": command_in(text, pattern)}, thought_in(text, pattern))

    return ToolMap(_BASH, in_text=read_text)


def told(records: Sequence[Text]) -> list[Message]:
    """The messages, without what was noted beside them; each call has its result behind it."""
    messages = ((read(record), record) for record in records)
    sent = (
        one
        for message, record in messages
        if not message.is_around and message.role != "exit"
        for one in _as_sent(as_object(record))
    )
    return with_results(sent, worded(Shape.JSON, "", -1, NOT_EXECUTED))


def _as_sent(record: Mapping[str, Any]) -> Iterator[Message]:
    if record.get("type") == "function_call_output":
        call, output = str(record.get("call_id")), record.get("output")
        yield {"role": "tool", "tool_call_id": call, "content": content_text(output)}
        return
    if record.get("role") is None:
        items = objects_in(record, "output")
        text = "\n".join(filter(None, (content_text(item.get("content")) for item in items)))
        calls = [
            _call(str(item.get("call_id")), item.get("name"), item.get("arguments"))
            for item in items
            if item.get("type") == "function_call"
        ]
        yield {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
        return
    role, content = str(record["role"]), record.get("content")
    if role == "tool":
        yield {"role": "tool", "tool_call_id": str(record.get("tool_call_id")), "content": content}
        return
    made: Message = {"role": "system" if role == "developer" else role, "content": _content(content)}
    asked = objects_in(record, "tool_calls")
    if role == "assistant" and asked:
        made["tool_calls"] = [
            _call(str(call.get("id")), function.get("name"), function.get("arguments"))
            for call in asked
            if isinstance(function := call.get("function"), dict)
        ]
    yield made


def _content(content: Any) -> Any:
    """A text, or parts; what Responses calls its parts is called as the chat interface does."""
    if not isinstance(content, list):
        return content or ""
    return (
        content_text(content)
        if all("text" in part for part in content if isinstance(part, dict))
        else content
    )


def _call(id: str, name: Any, arguments: Any) -> Message:
    text = arguments if isinstance(arguments, str) else "{}"
    return {"id": id, "type": "function", "function": {"name": str(name), "arguments": text}}
