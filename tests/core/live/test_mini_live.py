"""A model takes over a trajectory of mini-swe-agent: what it is shown, how it asks, what is written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import minis
from loopback import Answer, Call, Loopback
from trajcore import Report, areplay
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory

pytestmark = pytest.mark.bubblewrap

TOOLS = minis.run(
    [
        minis.SYSTEM, minis.TASK, minis.calls("Look.", "echo one", "echo two"),
        minis.result("call_0_0", "one\n"), minis.result("call_0_1", "then\n"),
        minis.calls("Go.", f"echo {minis.MARK}", "echo never", first=1), minis.exited(""),
    ],
)  # fmt: skip


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


async def carried_on(server: Loopback, path: Path, out: Path, *texts: str) -> Report:
    model = ModelSettings("openai/loopback", "sk-loopback-key", server.url)
    return await areplay(
        path, carry_on=True, messages=texts, save=out, settings=Settings("bubblewrap", model=model)
    )


def messages_of(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_bytes())["messages"])


async def test_a_tool_model_is_shown_the_messages_with_this_runs_results(tmp_path: Path) -> None:
    source, out = tmp_path / "a.json", tmp_path / "b.json"
    source.write_bytes(TOOLS)
    answers = [
        Answer("I go on.", [Call("bash", {"command": "echo 3 > f; cat f; exit 4"}, "g1")]),
        Answer("Well."),
    ]
    with Loopback(answers) as server:
        report = await carried_on(server, source, out, "go on")
        first, second = (request.body for request in server.requests)
    assert report.failure is None
    (tool,) = first["tools"]
    assert tool["function"]["name"] == "bash"
    assert [one["role"] for one in first["messages"]] == [
        "system", "user", "assistant", "tool", "tool", "assistant", "tool", "tool", "user"
    ]  # fmt: skip
    assert first["messages"][0]["content"] == minis.SYSTEM["content"]
    assert json.loads(first["messages"][4]["content"]) == {"returncode": 0, "output": "two\n"}
    assert "extra" not in json.dumps(first["messages"])
    assert second["messages"][-1]["content"] == '{\n  "returncode": 4,\n  "output": "3\\n"\n}'
    *_, asked, answered, said = messages_of(out)
    assert asked["extra"]["actions"] == [{"command": "echo 3 > f; cat f; exit 4", "tool_call_id": "g1"}]
    assert (asked["content"], answered["tool_call_id"], said["content"]) == ("I go on.", "g1", "Well.")
    assert (answered["extra"]["raw_output"], answered["extra"]["returncode"]) == ("3\n", 4)
    assert Trajectory.open(out).dialect.name == "mini"


@pytest.mark.parametrize("sample", ["texts", "v1"])
async def test_a_text_model_says_its_commands_in_blocks(sample: str, tmp_path: Path) -> None:
    source, out = tmp_path / "a.json", tmp_path / "b.json"
    source.write_bytes(minis.SAMPLES[sample].replace(b"seq 1 4000", b"true").replace(b"sleep 99", b"true"))
    fence = "mswea_bash_command" if sample == "texts" else "bash"
    text = f"THOUGHT: more.\n\n```{fence}\necho 3; exit 4\n```"
    with Loopback([Answer(text), Answer("That is all.")]) as server:
        report = await carried_on(server, source, out, "go on")
        first, second = (request.body for request in server.requests)
    assert report.failure is None
    assert not first.get("tools")
    assert {one["role"] for one in first["messages"]} == {"system", "user", "assistant"}
    assert f"```{fence}" in first["messages"][2]["content"]
    assert second["messages"][-2]["content"] == text
    assert second["messages"][-1]["content"] == "<returncode>4</returncode>\n<output>\n3\n</output>"
    *_, asked, answered, said = messages_of(out)
    assert (asked["content"], said["content"]) == (text, "That is all.")
    assert answered["content"] == "<returncode>4</returncode>\n<output>\n3\n</output>"
    again = Trajectory.open(out)
    assert again.data(len(again) - 3)["args"]["command"] == "echo 3; exit 4"


async def test_what_no_model_said_is_not_shown(tmp_path: Path) -> None:
    source = tmp_path / "a.json"
    source.write_bytes(minis.ITEMS)
    with Loopback([Answer("Well.")]) as server:
        await carried_on(server, source, tmp_path / "b.json", "go on")
        (request,) = server.requests
    assert [one["role"] for one in request.body["messages"]] == [
        "system", "user", "assistant", "tool", "tool", "user"
    ]  # fmt: skip
    assert [call["id"] for call in request.body["messages"][2]["tool_calls"]] == ["c1", "c2"]
