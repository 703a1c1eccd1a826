"""An agent that goes round in circles, on the screen: it waits, and goes on when the user says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from documents import message
from loopback import Answer, Call, Loopback
from screens import opened
from trajcore.live.modelsettings import ModelSettings

pytestmark = pytest.mark.bubblewrap

AGAIN = Answer(calls=[Call("execute_bash", {"command": "echo again"})])


async def test_it_waits_and_a_key_lets_it_go_on(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([message(0)]))
    with Loopback([AGAIN] * 7 + [Answer("I give up.")]) as server:
        model = ModelSettings("openai/loopback", "sk-never-shown", server.url)
        async with opened(path, sandbox="bubblewrap", model=model) as screen:
            await screen.press("c")
            await screen.wait("end of the recording")
            await screen.press("L")
            await screen.wait("the agent is stuck: it did the same 4 times in a row", seconds=30)
            assert "LIVE AWAITING INPUT" in screen.status
            assert screen.session.is_stuck
            await screen.press("c")
            await screen.wait("I give up.", seconds=30)
            await screen.settle()
            assert len(server.bodies) == 8
            assert not screen.session.is_stuck
            assert "the agent is stuck" not in screen.text
            await screen.press("c")
            await screen.wait("cannot continue now")
