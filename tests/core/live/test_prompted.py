"""Calls as text: what a model without calls of its own is sent, and what becomes of its answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.live.events import action, called, observed, response, typed, user
from documents import of_commands
from hearing import Heard
from loopback import Answer, Loopback
from needs import IMAGE
from trajcore.dialects.openhands_v0.tools import TOOL_MAP
from trajcore.live.abilities import Abilities
from trajcore.live.messages.history import messages
from trajcore.live.model import Model, close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.live.prompted import CallInText, as_text, with_call
from trajcore.live.request import request_of
from trajcore.live.tools import BadToolCall, to_action
from trajcore.replay.states import State
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Delivery, Session, Settings
from trajcore.trajectory import Trajectory

TOOLS = TOOL_MAP.schemas()
KEY = "sk-loopback-0123456789"
LOOK = "I look.\n<function=execute_bash>\n<parameter=command>echo looked</parameter>\n"
"""As it comes from a server that was told where to stop."""

VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r<"), max_size=30)
ARGUMENTS = st.fixed_dictionaries(
    {"command": VALUES, "path": VALUES},
    optional={"old_str": VALUES, "insert_line": st.integers(), "view_range": st.lists(st.integers())},
)


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


def said(text: str, *, whole: bool = True) -> dict[str, Any]:
    """The message that an answer becomes."""
    answer = {"id": "r", "choices": [{"message": {"role": "assistant", "content": text, "tool_calls": None}}]}
    return with_call(answer, TOOLS, whole=whole)["choices"][0]["message"]


def call_in(text: str, *, whole: bool = True) -> dict[str, Any] | None:
    calls = said(text, whole=whole)["tool_calls"]
    return calls and calls[0]["function"]


def refusal(text: str) -> str:
    function = call_in(text)
    assert function
    with pytest.raises(BadToolCall) as caught:
        to_action(TOOL_MAP, function["name"], function["arguments"])
    return str(caught.value)


@given(ARGUMENTS)
def test_a_call_is_read_as_it_was_written(arguments: dict[str, Any]) -> None:
    function = {"name": "str_replace_editor", "arguments": json.dumps(arguments)}
    history = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "Now.", "tool_calls": [{"id": "a", "function": function}]},
        {"role": "tool", "tool_call_id": "a", "content": "done"},
    ]
    text = as_text(history, TOOLS)[2]["content"]
    message = said(text)
    assert message["content"] == "Now."
    assert message["tool_calls"][0]["function"]["name"] == "str_replace_editor"
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == arguments


def test_calls_at_once_are_told_one_by_one_each_with_its_result() -> None:
    calls = (("c1", "execute_bash", {"command": "a"}), ("c2", "execute_bash", {"command": "b"}))
    reply = response("r1", "Both.", *calls)
    first, second = (called(action("run", n, command=c), f"c{n}", reply) for n, c in ((1, "a"), (2, "b")))
    events = [user("go", 0), first, second, observed("run", "A", 1), observed("run", "B", 2), user("so?", 5)]
    request = request_of(messages(typed(*events), system="S"), TOOLS, Abilities(native_calls=False))
    system, task, one, result, other, last = request.messages
    assert (request.tools, request.stop) == ([], ("</function",))
    assert system["content"].startswith("S\n\nYou have these tools:")
    assert "- command (string, required): The command" in system["content"]
    assert task["content"].endswith("Now your task:\n\ngo")
    assert one["content"] == "Both.\n\n<function=execute_bash>\n<parameter=command>a</parameter>\n</function>"
    assert other["content"] == "<function=execute_bash>\n<parameter=command>b</parameter>\n</function>"
    assert [one["role"] for one in request.messages[1:]] == ["user", "assistant"] * 2 + ["user"]
    assert result["content"] == "EXECUTION RESULT of [execute_bash]:\nA"
    assert last["content"] == "EXECUTION RESULT of [execute_bash]:\nB\n\nso?"
    assert not any({"tool_calls", "tool_call_id"} & one.keys() for one in request.messages)


def test_text_without_a_call_stays_text() -> None:
    for text in ("All done.", "a < b", "<function", "<parameter=x>1</parameter>"):
        assert said(text) == {"role": "assistant", "content": text, "tool_calls": None}


def test_the_first_call_counts_and_types_are_those_of_the_schema() -> None:
    text = (
        "<function=str_replace_editor>\n<parameter=command>view</parameter>\n<parameter=path>/a</parameter>"
        "\n<parameter=view_range>[1, 5]</parameter>\n</function>\nRESULT: made up\n<function=finish>"
    )
    function = call_in(text)
    assert function
    arguments = json.loads(function["arguments"])
    assert arguments == {"command": "view", "path": "/a", "view_range": [1, 5]}
    assert to_action(TOOL_MAP, function["name"], function["arguments"])["args"]["view_range"] == [1, 5]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<function=execute_bash>\n<parameter=command>cat > a <<E\n", "could not be read. Write every"),
        ("<function=execute_bash>\nls\n</function>", "could not be read. Write every"),
        ("<function=execute_bash>\n</function>", "needs the argument command"),
        ("<function=browse>\n<parameter=url>x</parameter>\n</function>", "There is no tool 'browse'"),
        (
            "<function=execute_bash>\n<parameter=command>x</parameter>\n<parameter=is_input>maybe</parameter>",
            "must be one of true, false",
        ),
        (
            "<function=str_replace_editor>\n<parameter=command>insert</parameter>\n"
            "<parameter=path>/a</parameter>\n<parameter=insert_line>two</parameter>",
            "must be an integer",
        ),
    ],
)
def test_what_is_wrong_with_a_call_is_said(text: str, words: str) -> None:
    assert words in refusal(text)


def test_a_call_that_was_cut_off_is_none_to_carry_out() -> None:
    function = call_in("<function=execute_bash>\n<parameter=command>rm -r a</parameter>\n", whole=False)
    assert function
    with pytest.raises(BadToolCall):
        to_action(TOOL_MAP, function["name"], function["arguments"])


@given(st.integers(1, 12))
def test_a_call_is_told_of_as_a_call_however_the_text_is_cut(size: int) -> None:
    heard = Heard()
    coming = CallInText(heard)
    text = f"a <b {LOOK}"
    for start in range(0, len(text), size):
        coming.text(text[start : start + size])
    coming.end()
    assert "".join(heard.texts) == "a <b I look.\n"
    assert heard.called == [("execute_bash", text.partition("bash>")[2])]


async def test_a_model_without_calls_is_told_of_tools_in_words_and_its_words_become_a_call() -> None:
    with Loopback([Answer(LOOK, finish="stop")]) as server:
        model = Model(ModelSettings("openai/loopback", KEY, server.url, native_tool_calling=False))
        heard = Heard()
        reply = await model.reply([{"role": "user", "content": "go"}], TOOLS, heard)
    (body,) = server.bodies
    assert "tools" not in body
    assert body["stop"] == ["</function"]
    assert reply.text == "".join(heard.texts).rstrip() == "I look."
    assert [(call.name, call.parsed()) for call in reply.tool_calls] == [
        ("execute_bash", {"command": "echo looked"})
    ]
    assert reply.response["choices"][0]["message"]["tool_calls"][0]["id"] == reply.tool_calls[0].id


@pytest.mark.parametrize(
    ("name", "setting", "prompted"),
    [
        ("perplexity/sonar", None, True), ("perplexity/sonar", True, False), ("gpt-4o", None, False),
        ("gpt-4o", False, True), ("anthropic/claude-sonnet-4-5", None, False), ("openai/x", None, False),
    ],
)  # fmt: skip
async def test_who_has_calls_is_known_or_said(name: str, setting: bool | None, prompted: bool) -> None:
    model = Model(ModelSettings(name, KEY, native_tool_calling=setting))
    request = await model.request([{"role": "user", "content": "go"}], TOOLS)
    assert request.prompted is prompted
    assert bool(request.tools) is not prompted


@pytest.mark.usefixtures("toy")
async def test_a_session_with_such_a_model_is_as_any_other() -> None:
    done = "<function=finish>\n<parameter=message>All done.</parameter>\n"
    with Loopback([Answer(LOOK, finish="stop"), Answer(done, finish="stop")]) as server:
        settings = ModelSettings("openai/m", KEY, server.url, native_tool_calling=False)
        recording = Trajectory.from_bytes(of_commands("echo 1"))
        session = Session(recording, Settings("toy", SandboxSettings(image=IMAGE), settings))
        session.message("go on", Delivery.LIVE)
        await session.idle()
        assert session.state is State.FINISHED
        events = [entry.data() for entry in session.run.entries]
        await session.close()
    run, result, finish = events[-3:]
    assert (run["action"], run["args"]["command"], run["args"]["thought"]) == (
        "run",
        "echo looked",
        "I look.",
    )
    assert run["tool_call_metadata"]["function_name"] == "execute_bash"
    assert result["cause"] == run["id"]
    assert finish["args"]["final_thought"] == "All done."
    assert server.bodies[1]["messages"][-1]["content"].startswith(
        "EXECUTION RESULT of [execute_bash]:\nlooked"
    )
