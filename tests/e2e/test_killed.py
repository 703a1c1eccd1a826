"""Live sessions that are killed at any moment: all that had come is there, goes on, and replays."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from program import start
from terminal import Terminal
from trajcore import areplay
from trajcore.journal.branches import CUT_OFF, kept_branches
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.replay.states import State
from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory

pytestmark = pytest.mark.bubblewrap

RECORDING = [message(0, "go"), run(1, "echo recorded > log"), ran(2, 1, "")]
TURNS = 8


@pytest.fixture(autouse=True)
async def _connections():
    yield
    await close_connections()


def script() -> list[Answer]:
    said = ["text of some length, which comes in several pieces"] * TURNS
    return [
        Answer(text, [Call("execute_bash", {"command": f"echo {number} >> log; cat log"})], pause=0.002)
        for number, text in enumerate(said)
    ]


def wait_until_asked(server: Loopback, session: subprocess.Popen[str] | None = None) -> None:
    """Wait for the first call of a model, or for the end of who was to make it."""
    deadline = time.monotonic() + 60
    while not server.requests and (session is None or session.poll() is None) and time.monotonic() < deadline:
        time.sleep(0.005)


def killed(path: Path, server: Loopback, moment: float, state: Path) -> None:
    """Run a live session without a screen, and kill it so many seconds after its model was first asked."""
    session = start(
        "replay", path, "--sandbox", "bubblewrap", "--continue", "--message", "on",
        LLM_MODEL="openai/loopback", LLM_BASE_URL=server.url, LLM_API_KEY="sk-x", XDG_STATE_HOME=str(state),
    )  # fmt: skip
    try:
        wait_until_asked(server, session)
        try:
            session.wait(moment)  # it may be anywhere
        except subprocess.TimeoutExpired:
            session.kill()
    finally:
        session.kill()
        session.communicate()


def results(events: list[dict[str, Any]]) -> list[str]:
    return [str(event["content"]) for event in events if event.get("observation") == "run"]


MANY = [pytest.param(10, id=f"many-{part}", marks=pytest.mark.long) for part in range(5)]


async def through(
    kill: Callable[[Path, Loopback, float, Path], None],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kill so many sessions, each at a moment of its own: what was kept of each is what its model knows."""
    moments = random.Random(request.node.name)
    for count in range(request.node.callspec.params["times"]):
        place = tmp_path / str(count)
        place.mkdir()
        monkeypatch.setenv("XDG_STATE_HOME", str(place / "state"))
        path = place / "recording.json"
        path.write_text(json.dumps(RECORDING))
        with Loopback(script()) as server:
            kill(path, server, moments.uniform(0, 1.2), place / "state")
            asked = [body for body in server.bodies if "messages" in body]  # all of it came
        [kept] = kept_branches(path)
        assert kept.stands == CUT_OFF or len(asked) > TURNS
        held = kept.trajectory()
        events = [held.data(index) for index in range(len(held))]
        told = [one["content"] for one in asked[-1]["messages"] if one["role"] == "tool"] if asked else []
        came = [text.partition("\n[The command")[0] for text in results(events)[1:]]
        assert [text.partition("\n[The command")[0] for text in told[1:]] == came[: len(told[1:])]
        await resumed(path, events, place)


@pytest.mark.parametrize("times", [pytest.param(1, id="some"), *MANY])
async def test_a_session_without_a_screen_killed_at_any_moment_goes_on(
    times: int, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await through(killed, request, tmp_path, monkeypatch)


@pytest.mark.terminal
@pytest.mark.parametrize("times", [pytest.param(1, id="some"), *MANY])
async def test_a_session_in_the_screen_killed_at_any_moment_goes_on(
    times: int,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    terminal: Terminal,
) -> None:
    def killed_there(path: Path, server: Loopback, moment: float, state: Path) -> None:
        terminal.environ(
            LLM_MODEL="openai/loopback",
            LLM_BASE_URL=server.url,
            LLM_API_KEY="sk-x",
            XDG_STATE_HOME=str(state),
        )
        terminal.start(path, "--sandbox", "bubblewrap")
        terminal.wait("REPLAY PAUSED")
        terminal.press("c")
        terminal.wait("end of the recording")
        terminal.press("m")
        terminal.wait("Enter: send")
        terminal.type("on")
        terminal.press("Enter")
        wait_until_asked(server)
        time.sleep(moment)  # it may be anywhere
        os.kill(terminal.process(), signal.SIGKILL)
        terminal.wait("[exit 137]")
        terminal.close()
        terminal.start(path, "--sandbox", "recorded")
        terminal.wait("Resume")
        terminal.close()

    await through(killed_there, request, tmp_path, monkeypatch)


async def resumed(path: Path, events: list[dict[str, Any]], place: Path) -> None:
    """Go on with the branch that was cut off, and replay what is saved of it."""
    with Loopback([Answer("Here I am.")]) as server:
        model = ModelSettings("openai/loopback", "sk-x", server.url)
        session = Session(Trajectory.open(path), Settings("bubblewrap", model=model, keep_branches=True))
        await session.prepare()
        [_, branch] = session.branches
        session.switch(branch, (await session.ways_to(branch))[0])
        await session.idle()
        assert session.at_end
        assert [session.trajectory.data(index) for index in range(len(session.trajectory))] == events
        session.message("still there?")
        await session.idle()
        assert session.state is State.AWAITING_INPUT, session.failure
        assert session.trajectory.head(len(session.trajectory) - 1).summary() == "Here I am."
        saved = await session.branches.save(branch, place / "saved.json")
        await session.close()
    reports = [await areplay(saved, sandbox="bubblewrap") for _ in range(2)]
    for report in reports:
        unanswered = sum(event.get("action") == "run" for event in events) - len(results(events))
        assert unanswered in (0, 1)  # killed while it was carried out
        steps = len(results(events)) + unanswered  # which has nothing to compare, and is executed
        assert report.counts["matched"] == report.counts["actions"] == steps, report.summary
