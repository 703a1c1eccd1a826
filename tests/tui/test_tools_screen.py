"""The list of the live agent's tools: what is switched there holds from the next reply on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from documents import message
from loopback import Answer, Call, Loopback
from screens import opened
from trajcore.live.modelsettings import ModelSettings

pytestmark = pytest.mark.bubblewrap

PALETTE = "tools of the live agent"


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_a_tool_is_switched_off_in_the_list_and_no_longer_offered(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([message(0)]))
    with Loopback([Answer(calls=[Call("think", {"thought": "hm"})]), Answer("I cannot think.")]) as server:
        model = ModelSettings("openai/loopback", "sk-never-shown", server.url)
        async with opened(path, size=size, sandbox="bubblewrap", model=model) as screen:
            await screen.press("c")
            await screen.wait("end of the recording")
            await screen.press("ctrl+p")
            await screen.type(PALETTE)
            await screen.wait(f"{PALETTE}: switch")
            await screen.press("enter")
            await screen.wait("● think")
            await screen.press("down", "down", "down", "space")
            await screen.wait("○ think")
            await screen.press("escape")
            await screen.wait("5 of 6 tools")
            await screen.press("L")
            await screen.wait("I cannot think.", seconds=30)
            await screen.settle()
            names = [tool["function"]["name"] for tool in server.bodies[0]["tools"]]
    assert names == [
        "execute_bash", "execute_ipython_cell", "str_replace_editor", "task_tracker", "finish",
    ]  # fmt: skip
    assert "switched off" in server.bodies[1]["messages"][-1]["content"]


async def test_the_last_tool_stays(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([message(0)]))
    async with opened(path) as screen:
        screen.session.choose_tools(["finish"])
        await screen.press("ctrl+p")
        await screen.type(PALETTE)
        await screen.wait(f"{PALETTE}: switch")
        await screen.press("enter")
        await screen.wait("● finish")
        await screen.press("end", "enter")
        await screen.wait("no tool of the live agent is on")
        assert screen.session.live_tools.on == ("finish",)
