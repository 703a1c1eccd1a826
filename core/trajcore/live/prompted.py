"""Calls as text, for a model that has none of its own: the tools told in the prompt, calls written and read.

The words between are ours, the spelling of a call is that of OpenHands (`llm/fn_call_converter.py`, 0.62).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from trajcore.dialects.registry import default_dialect
from trajcore.dialects.replies import content_text, json_object
from trajcore.live.callids import new_id
from trajcore.live.messages.transcript import SYSTEM, Message, joined

Schema = Mapping[str, Any]

STOP: Final = "</function"
"""The model is stopped here: one call at a time."""
_OPEN: Final = "<function="
_CALL: Final = re.compile(rf"{_OPEN}(?P<name>[^>\s]+)\s*>(?P<body>.*?)(?P<closed>{STOP}|\Z)", re.DOTALL)
_PARAMETER: Final = re.compile(
    r"<parameter=(?P<name>[^>\s]+)\s*>(?P<value>.*?)</parameter>(?=\s*(?:<parameter=|\Z))", re.DOTALL
)
_UNREADABLE: Final = (
    "The call of {name} could not be read. Write every parameter as <parameter=NAME>value</parameter>, close "
    f"the call with </function>, and have no {STOP} in a value."
)

_HOW: Final = """\
You have these tools:

{tools}

To call a tool, end your message with the call, in this form and no other:

<function=NAME_OF_THE_TOOL>
<parameter=NAME>value</parameter>
<parameter=NAME>
a value
of several lines
</parameter>
</function>

Call one tool at a time and write nothing behind </function>: the result comes in the next message. \
Give every required parameter. A value is taken as it stands, without quotes; a list is written as JSON. \
Words for the user go before the call. Without a call it is the user's turn."""

_RESULT: Final = "EXECUTION RESULT of [{name}]:\n{text}"
_BEGIN: Final = "Another task, to show how tools are called:\n---- example ----"
_END: Final = "---- end of the example ----\nNow your task:"


# What the model is sent


def as_text(messages: Sequence[Message], tools: Sequence[Schema]) -> list[Message]:
    """Messages in which tools, calls and results are text; each message of the assistant has one call."""
    told: list[Message] = []
    calls: dict[str, Mapping[str, Any]] = {}
    for message in messages:
        # What was called at once is told one by one.
        calls |= {call["id"]: call["function"] for call in message.get("tool_calls") or ()}
        if message["role"] == "tool":
            function = calls[message["tool_call_id"]]
            arguments = json_object(function["arguments"]) or {}
            _append(told, {"role": "assistant", "content": _written(function["name"], arguments)})
            result = _RESULT.format(name=function["name"], text=content_text(message["content"]))
            _append(told, {"role": "user", "content": result})
        else:
            content = message.get("content") or ""
            rest = {name: value for name, value in message.items() if name != "tool_calls"}
            _append(told, {**rest, "content": content})
    return _with_example(_with_tools(told, tools), tools)


def _append(told: list[Message], message: Message) -> None:
    """Add a message; what one says twice in a row is one."""
    last = told[-1] if told else {}
    if last.get("role") != message["role"]:
        told.append(message)
    elif last["content"]:
        told[-1] = {**last, "content": joined(last["content"], message["content"])}
    else:
        told[-1] = {**last, "content": message["content"]}


def _with_tools(messages: list[Message], tools: Sequence[Schema]) -> list[Message]:
    """The system prompt with what a model needs to know of its tools."""
    how = _HOW.format(tools="\n\n".join(_described(tool["function"]) for tool in tools))
    if messages and messages[0]["role"] == SYSTEM:
        system = messages[0]
        return [{**system, "content": joined(system["content"], how)}, *messages[1:]]
    return [{"role": SYSTEM, "content": how}, *messages]


def _written(name: str, arguments: Mapping[str, Any]) -> str:
    """A call in the form that the model is to use."""
    return "\n".join([f"{_OPEN}{name}>", *_parameters(arguments), "</function>"])


def _parameters(arguments: Mapping[str, Any]) -> Iterator[str]:
    for name, value in arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text = f"\n{text}\n" if "\n" in text else text
        yield f"<parameter={name}>{text}</parameter>"


def _described(function: Schema) -> str:
    parameters = function["parameters"]
    lines = [f"---- {function['name']} ----", function["description"], "Parameters:"]
    for name, schema in parameters["properties"].items():
        needed = "required" if name in parameters["required"] else "optional"
        choice = f" One of: {', '.join(map(str, schema['enum']))}." if "enum" in schema else ""
        about = f" {schema.get('description', '')}{choice}".rstrip()
        lines.append(f"- {name} ({schema.get('type', 'any')}, {needed}):{about}".removesuffix(":"))
    return "\n".join(lines if parameters["properties"] else lines[:-1])


def _with_example(messages: list[Message], tools: Sequence[Schema]) -> list[Message]:
    """The first word of the user behind an example of another task."""
    first = next((place for place, one in enumerate(messages) if one["role"] == "user"), None)
    example = _example({tool["function"]["name"] for tool in tools})
    if first is not None and example:
        message = messages[first]
        messages[first] = {**message, "content": joined(example, message["content"])}
    return messages


def _example(offered: set[str]) -> str:
    """How another task is worked on with the tools that are offered; empty where there is no such example."""
    task, steps = default_dialect().tools.example
    shown = [step for step in steps if step.tool in offered]
    if not shown:
        return ""
    lines = [_BEGIN, f"USER: {task}"]
    for step in shown:
        lines.append(f"ASSISTANT: {step.said}".rstrip())
        lines.append(_written(step.tool, step.arguments))
        if step.result:
            lines.append(f"USER: {_RESULT.format(name=step.tool, text=step.result)}")
    return "\n".join([*lines, _END])


# What it answers


def with_call(response: dict[str, Any], tools: Sequence[Schema], *, whole: bool) -> dict[str, Any]:
    """A response in which the call that its text ends with is a call as others have them.

    `whole`: nothing of the text is missing but the `STOP` that ended it.
    """
    (choice,) = response["choices"]
    message = choice["message"]
    text = content_text(message["content"])
    found = _CALL.search(text)
    if found is None:
        return response
    arguments = _arguments(found["name"], found["body"], tools) if whole or found["closed"] else None
    said = found[0] if arguments is None else json.dumps(arguments)
    function = {"name": found["name"], "arguments": said}
    call = {"function": function, "id": new_id(), "type": "function"}
    told = {**message, "content": text[: found.start()].rstrip(), "tool_calls": [call]}
    return {**response, "choices": [{**choice, "message": told}]}


def unreadable(name: str, arguments: str) -> str:
    """What is wrong with a call whose arguments could not be read; empty where it was not written as text."""
    return _UNREADABLE.format(name=name) if arguments.startswith(_OPEN) else ""


def _arguments(name: str, body: str, tools: Sequence[Schema]) -> dict[str, Any] | None:
    """The parameters in the types of the tool's schema; None where something else stands between them."""
    if _PARAMETER.sub("", body).strip():
        return None
    functions = (tool["function"] for tool in tools if tool["function"]["name"] == name)
    known: Schema = next((function["parameters"]["properties"] for function in functions), {})
    found = {one["name"]: one["value"] for one in _PARAMETER.finditer(body)}
    return {key: _typed(_trimmed(value), known.get(key, {}).get("type")) for key, value in found.items()}


def _trimmed(value: str) -> str:
    """Without the line breaks next to the tags."""
    end = "\r\n" if value.startswith("\r\n") else "\n"
    return value.removeprefix(end).removesuffix(end)


_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "integer": int,
    "number": float,
    "array": json.loads,
    "object": json.loads,
    "boolean": lambda text: {"true": True, "false": False}[text.strip().lower()],
}


def _typed(text: str, kind: object) -> Any:
    """The value of a type; as it stands where it is none, for it is checked with all others."""
    with suppress(ValueError, KeyError, RecursionError):
        return _READ[str(kind)](text)
    return text


# While it comes


class Told(Protocol):
    """Who is told of a reply while it comes."""

    def text(self, delta: str) -> None:
        """More of the model's text."""

    def call(self, place: int, name: str, delta: str) -> None:
        """More of a call."""


class CallInText:
    """Tells of text as it comes, and of the call that it ends with as of a call."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._held = ""
        self._name: str | None = None

    def text(self, delta: str) -> None:
        """More of the text has come."""
        if self._name is not None:
            self._told.call(0, self._name, delta)
            return
        before, tag, rest = (self._held + delta).partition(_OPEN)
        name, end, body = rest.partition(">")
        if end:
            self._pass(before)
            self._held, self._name = "", name.strip()
            self._told.call(0, self._name, body)
            return
        held = tag + rest if tag else _beginning(before)
        self._pass(before if tag else before.removesuffix(held))
        self._held = held

    def end(self) -> None:
        """Nothing more comes."""
        self._pass(self._held)
        self._held = ""

    def _pass(self, text: str) -> None:
        if text:
            self._told.text(text)


def _beginning(text: str) -> str:
    """The end of a text that may be the beginning of a call."""
    ends = (_OPEN[:length] for length in range(len(_OPEN) - 1, 0, -1))
    return next((end for end in ends if text.endswith(end)), "")
