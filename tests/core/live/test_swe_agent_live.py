"""A model takes over a trajectory of SWE-agent: what it is shown, how it asks, what is written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import swes
from loopback import Answer, Call, Loopback
from trajcore import areplay
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory

pytestmark = pytest.mark.bubblewrap

CALLS = swes.Run().does("echo one", "then\n", "Look.").fails("Two calls.").does("export A=1")
TEXTS = swes.Run("thought_action", swes.WINDOWED).does("echo one", "then\n").does("export A=1")


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


@pytest.mark.parametrize("run", [CALLS, TEXTS])
async def test_it_is_shown_the_history_with_this_runs_results_and_asks_as_then(
    run: swes.Run, tmp_path: Path
) -> None:
    source, out = tmp_path / "a.traj", tmp_path / "b.traj"
    source.write_bytes(run.file())
    command, is_call = "echo $A > f; cat f; false", run is CALLS
    asked = (
        Answer("I go on.", [Call("bash", {"command": command}, "g1")])
        if is_call
        else Answer(f"I go on.\n```\n{command}\n```")
    )
    with Loopback([asked, Answer("Well.")]) as server:
        model = ModelSettings("openai/loopback", "sk-loopback-key", server.url)
        settings = Settings("bubblewrap", model=model)
        report = await areplay(source, carry_on=True, messages=("go on",), save=out, settings=settings)
        first, second = (request.body for request in server.requests)
    assert report.failure is None
    assert bool(first.get("tools")) == is_call
    answer = "tool" if is_call else "user"
    assert [one["role"] for one in first["messages"][:6]] == [
        "system", "user", "assistant", answer, "assistant", answer
    ]  # fmt: skip
    shown: list[Any] = first["messages"]
    assert "one" in shown[3]["content"]
    assert "then" not in json.dumps(shown)
    assert not {"agent", "message_type", "thought", "action"} & {key for one in shown for key in one}
    assert "1\n" in second["messages"][-1]["content"]
    again = Trajectory.open(out)
    *_, ran, came, said = (again.data(at) for at in range(len(again)))
    assert (ran["args"]["command"].strip(), came["content"], said["args"]["content"]) == (
        command, "1\n", "Well."
    )  # fmt: skip
    entries = json.loads(out.read_bytes())["history"]
    assert entries[-2]["content"] == second["messages"][-1]["content"]
    assert entries[-3]["action"].strip() == command
