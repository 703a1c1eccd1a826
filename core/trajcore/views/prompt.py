"""What a model is sent, to read: the messages of a live session that would begin here, and its tools."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from trajcore.dialects.replies import content_text, json_object
from trajcore.dialects.toolmap import ToolMap
from trajcore.errors import BadInput
from trajcore.live.messages.prompt import prompt_of, which_system
from trajcore.live.messages.transcript import BLOCKS, REASONING, Message
from trajcore.live.model import Model
from trajcore.live.pictures import name_of
from trajcore.live.request import Request, request_of
from trajcore.live.toolchoice import LiveTools
from trajcore.replay.asrecorded import recorded_run
from trajcore.replay.handover import Handover, handover
from trajcore.replay.run import History
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.text import safe, safe_line
from trajcore.trajectory import Trajectory

_MARK: Final = "──"
_RULE: Final = 72
_NO_MODEL: Final = "no model is configured: any that calls tools by itself and sees pictures is sent this"
_YOUR_WORD: Final = "the agent spoke last: your message comes behind this, as the last one"


@dataclass(frozen=True)
class Prompt:
    """What `model` (empty: none is configured) would be sent; `before` is the event that is still to come,
    empty at the end.
    """

    request: Request
    model: str
    before: str
    system: str
    """Which system prompt it has, in words."""
    notes: tuple[str, ...] = ()
    """What else is to be known before a model takes over there."""


async def prompt_in(session: Session) -> Prompt:
    """What the model of a session would be sent if it were asked now. Raises `ModelUnavailable`."""
    trajectory = session.trajectory
    before = "" if session.at_end else trajectory.label(session.position)
    tools, notes = session.live_tools.offered, _notes(session.handover, speaks=session.needs_message)
    return await _prompt(trajectory, session.run.history(), session.settings, tools, before, notes)


async def prompt_before(trajectory: Trajectory, end: int, settings: Settings) -> Prompt:
    """What a model would be sent that takes over before the event at index `end`, all being as recorded.

    Raises `ModelUnavailable`.
    """
    before = trajectory.label(end) if end < len(trajectory) else ""
    run = await asyncio.to_thread(recorded_run, trajectory, end)
    notes = _notes(handover(trajectory, end, (), {}), speaks=run.agent_spoke_last)
    tools = LiveTools(trajectory.tools, settings.tools).offered
    return await _prompt(trajectory, run.history(), settings, tools, before, notes)


def _notes(known: Handover, *, speaks: bool) -> tuple[str, ...]:
    """`speaks`: the user's word comes behind it all, for the agent's was the last."""
    return (*known.lines, *([_YOUR_WORD] if speaks else []))


async def _prompt(
    trajectory: Trajectory,
    history: History,
    settings: Settings,
    tools: ToolMap,
    before: str,
    notes: tuple[str, ...],
) -> Prompt:
    dialect, own, schemas = trajectory.dialect, settings.model.own_prompt, tools.schemas()
    messages = await asyncio.to_thread(prompt_of, dialect, history, tools, own_system=own)
    system = await asyncio.to_thread(which_system, dialect, history, tools, own_system=own)
    if settings.model_fault:
        raise BadInput(settings.model_fault)
    model = settings.model.model
    asked = Model(settings.model).request(messages, schemas) if model else None
    request = request_of(messages, schemas) if asked is None else await asked
    return Prompt(request, model or "", before, system, notes)


def prompt_object(prompt: Prompt) -> dict[str, Any]:
    """The same as one object: `messages`, `tools` and `stop` are what is sent, whole."""
    return {
        "model": prompt.model or None,
        "before": prompt.before or None,
        "system_prompt": prompt.system,
        "notes": list(prompt.notes),
        "messages": prompt.request.messages,
        "tools": prompt.request.tools,
        "stop": list(prompt.request.stop),
    }


def prompt_lines(prompt: Prompt) -> Iterator[str]:
    """It all as lines, safe for a terminal. Only those that say what follows begin at the left."""
    request = prompt.request
    place = f"before event {prompt.before}" if prompt.before else "at the end"
    counts = f"{_counted(len(request.messages), 'messages')}, {_counted(len(request.offered), 'tools')}"
    yield safe_line(f"{prompt.model or 'a model'}, asked {place}: {counts}")
    if not prompt.model:
        yield f"({_NO_MODEL})"
    yield safe_line(f"system prompt: {prompt.system}")
    yield from map(safe_line, prompt.notes)
    names = {call["id"]: call["function"]["name"] for one in request.messages for call in _calls(one)}
    for number, message in enumerate(request.messages, 1):
        yield ""
        yield safe_line(_rule(f"{number} {_speaker(message, names)}"))
        yield from _indented(_thoughts(message), 4)
        yield from _indented(_content(message), 4)
        for call in _calls(message):
            yield from _call_lines(call)
    yield ""
    yield _rule("tools, told in the system prompt, as are calls" if request.prompted else "tools")
    for tool in request.offered:
        function = tool["function"]
        yield safe_line(f"  {function['name']}({', '.join(function['parameters']['properties'])})")


def is_rule(line: str) -> bool:
    """Whether a line of `prompt_lines` says what follows."""
    return line.startswith(_MARK)


def _counted(count: int, plural: str) -> str:
    return f"{count:,} {plural if count != 1 else plural.removesuffix('s')}"


def _rule(text: str) -> str:
    return f"{_MARK} {text} ".ljust(_RULE, "─")


def _calls(message: Message) -> list[dict[str, Any]]:
    return message.get("tool_calls") or []


def _speaker(message: Message, names: Mapping[str, str]) -> str:
    answered = message.get("tool_call_id")
    return message["role"] if answered is None else f"result of {names.get(answered, 'a call')} ({answered})"


def _thoughts(message: Message) -> str:
    """What the model is reminded of that it thought."""
    blocks = [block.get("thinking", "(not for others to read)") for block in message.get(BLOCKS, ())]
    return "\n".join(f"[thought] {text}" for text in [*blocks, message.get(REASONING)] if text)


def _content(message: Message) -> str:
    content = message.get("content")
    if not isinstance(content, list):
        return content_text(content)
    return "\n".join(
        part.get("text", "") if part["type"] == "text" else name_of(part["image_url"]["url"])
        for part in content
    )


def _call_lines(call: Mapping[str, Any]) -> Iterator[str]:
    function = call["function"]
    yield safe_line(f"  → {function['name']} ({call['id']})")
    arguments = json_object(function["arguments"])
    if arguments is None:
        yield from _indented(function["arguments"], 6)
    for name, value in (arguments or {}).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield from _indented(f"{name}: {text}", 6, 4)


def _indented(text: str, by: int, more: int = 0) -> Iterator[str]:
    """The lines of a text; all but the first go `more` to the right."""
    for number, line in enumerate(safe(text).split("\n") if text else ()):
        yield f"{' ' * (by + more * bool(number))}{line}".rstrip()
