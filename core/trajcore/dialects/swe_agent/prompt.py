"""What a model is shown that goes on from a trajectory: its history as it was sent, and its shell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from trajcore.dialects.recording import Text
from trajcore.dialects.replies import content_text
from trajcore.dialects.sent import Message, with_results
from trajcore.dialects.shapes import object_in, word
from trajcore.dialects.swe_agent.aligning import is_demo
from trajcore.dialects.swe_agent.setup import CALLS, NO_OUTPUT
from trajcore.dialects.swe_agent.steps import Steps
from trajcore.dialects.swe_agent.wire import calls_of
from trajcore.dialects.toolmap import InText, Parameter, Tool, ToolMap
from trajcore.events.kinds import RUN

_BASH: Final = Tool(
    "bash",
    RUN,
    (Parameter("command", schema={"type": "string", "description": "The bash command to execute."}),),
    makes={"command": ""},
    description="runs the given command directly in bash",
    required=("command",),
)
TOOL_MAP: Final = ToolMap(_BASH)

_BLOCK: Final = re.compile(r"^```[^\n]*\n(.*?)^```[^\n]*$", re.DOTALL | re.MULTILINE)
_TAGGED: Final = re.compile(r"<command>(.*?)</command>", re.DOTALL)


def _in_block(text: str) -> InText | None:
    """The last block is the command."""
    found = list(_BLOCK.finditer(text))
    if not found:
        return None
    command, (begin, end) = found[-1][1], found[-1].span()
    return InText("bash", {"command": command}, f"{text[:begin]}{text[end:]}".strip("\n"))


def _in_tags(text: str) -> InText | None:
    found = list(_TAGGED.finditer(text))
    if not found:
        return None
    begin, end = found[-1].span()
    return InText("bash", {"command": found[-1][1].strip("\n")}, f"{text[:begin]}{text[end:]}".strip("\n"))


READ: Final[Mapping[str, Callable[[str], InText | None]]] = {
    "thought_action": _in_block,
    "xml_thought_action": _in_tags,
}
"""By parser: how a command is found in a text."""


def tools_in(records: Sequence[Text]) -> ToolMap:
    """Its bash; models that say their commands in texts are told of none."""
    steps = Steps(records)
    replies = [one for one in steps.history if one.get("role") == "assistant" and not is_demo(one)]
    is_call = bool(calls_of(replies[0])) if replies else steps.setup.parser in ("", CALLS)
    if is_call:
        return TOOL_MAP
    parser = steps.setup.parser or ("xml_thought_action" if _speaks_in_tags(replies) else "thought_action")
    return ToolMap(_BASH, in_text=READ.get(parser, _in_block))


def _speaks_in_tags(replies: Sequence[Mapping[str, Any]]) -> bool:
    return any(_TAGGED.search(content_text(one.get("content"))) for one in replies[:3])


def told(records: Sequence[Text]) -> list[Message]:
    """The history, without what is noted beside it; each call has its result behind it."""
    return with_results(map(_as_sent, Steps(records).history), NO_OUTPUT)


def _as_sent(entry: Mapping[str, Any]) -> Message:
    role, content = str(entry.get("role")), entry.get("content")
    is_text = isinstance(content, list) and all(
        isinstance(part, dict) and part.get("type") == "text" for part in content
    )
    made: Message = {"role": role, "content": content_text(content) if is_text else content or ""}
    if role == "tool":
        calls = entry.get("tool_call_ids")
        return {**made, "tool_call_id": str(calls[0]) if isinstance(calls, list) and calls else ""}
    calls = calls_of(entry) if role == "assistant" else ()
    if calls:
        made["tool_calls"] = [_call(call) for call in calls]
    return made


def _call(call: Mapping[str, Any]) -> Message:
    function = object_in(call, "function")
    arguments = word(function, "arguments") or "{}"
    named = {"name": word(function, "name"), "arguments": arguments}
    return {"id": str(call.get("id")), "type": "function", "function": named}
