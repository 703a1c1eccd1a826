"""A budget that is spent, on the screen: it is asked whether the model may go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from documents import message
from loopback import Answer, Call, Loopback
from screens import opened
from trajcore.live.budget import Budget
from trajcore.live.modelsettings import ModelSettings

LOOK = Answer("I look.", [Call("execute_bash", {"command": "echo looked"})])


@pytest.mark.bubblewrap
async def test_a_spent_budget_is_raised_by_as_much_where_the_user_wants_it(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([message(0)]))
    with Loopback([LOOK, LOOK, Answer("That is all.")]) as server:
        model = ModelSettings("openai/loopback", "sk-never-shown", server.url)
        async with opened(path, sandbox="bubblewrap", model=model, budget=Budget(steps=1)) as screen:
            await screen.press("c")
            await screen.wait("end of the recording")
            await screen.press("L")
            await screen.wait("1 live step spent. May it go on?", seconds=30)
            await screen.press("down", "enter")
            await screen.wait("2 live steps spent. May it go on?", seconds=30)
            assert len(server.bodies) == 2
            await screen.press("escape")
            await screen.wait(lambda: "May it go on?" not in screen.text)
            assert "LIVE AWAITING INPUT" in screen.text
