"""What a model is shown that goes on from a trajectory: its messages as they were sent, and its one tool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trajcore.dialects.mini.blocks import command_in, pattern_of, thought_in
from trajcore.dialects.mini.setup import setup_of
from trajcore.dialects.mini.turns import TEXT, Turns
from trajcore.dialects.mini.wire import read, text_of
from trajcore.dialects.recording import Text
from trajcore.dialects.shapes import objects_in
from trajcore.dialects.toolmap import InText, Parameter, Tool, ToolMap
from trajcore.events.kinds import RUN
from trajcore.formats.json.reading import as_object
from trajcore.runtimes.mini.wording import NOT_EXECUTED, Shape, worded

Message = dict[str, Any]

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
    messages: list[Message] = []
    waiting: list[str] = []
    for record in records:
        message = read(record)
        if message.is_around or message.role == "exit":
            continue
        for one in _as_sent(as_object(record)):
            if one["role"] != "tool":
                messages += map(_missing, waiting)
                waiting = [str(call.get("id")) for call in objects_in(one, "tool_calls")]
            elif one["tool_call_id"] in waiting:
                waiting.remove(one["tool_call_id"])
            else:
                one = {"role": "user", "content": one["content"]}
            _append(messages, one)
    return [*messages, *map(_missing, waiting)]


def _append(messages: list[Message], one: Message) -> None:
    """Add a message; two texts of one side in a row are one, as providers want it."""
    last = messages[-1] if messages else {}
    plain = isinstance(one.get("content"), str) and isinstance(last.get("content"), str)
    if plain and last.get("role") == one["role"] in ("user", "assistant") and not last.get("tool_calls"):
        messages[-1] = {**last, **one, "content": f"{last['content']}\n\n{one['content']}"}
    else:
        messages.append(one)


def _missing(call: str) -> Message:
    content = worded(Shape.JSON, "", -1, NOT_EXECUTED)
    return {"role": "tool", "tool_call_id": call, "content": content}


def _as_sent(record: Mapping[str, Any]) -> Iterator[Message]:
    if record.get("type") == "function_call_output":
        call, output = str(record.get("call_id")), record.get("output")
        yield {"role": "tool", "tool_call_id": call, "content": text_of(output)}
        return
    if record.get("role") is None:
        items = objects_in(record, "output")
        text = "\n".join(filter(None, (text_of(item.get("content")) for item in items)))
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
    return text_of(content) if all("text" in part for part in content if isinstance(part, dict)) else content


def _call(id: str, name: Any, arguments: Any) -> Message:
    text = arguments if isinstance(arguments, str) else "{}"
    return {"id": id, "type": "function", "function": {"name": str(name), "arguments": text}}
