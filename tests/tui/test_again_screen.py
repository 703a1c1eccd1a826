"""Again from here on the screen: a new branch at an event, several models from it, two of them compared."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from screens import Shown, opened
from trajcore.live.modelsettings import ModelSettings

pytestmark = pytest.mark.bubblewrap

RECORDING = [
    message(0, "go"),
    run(1, "echo one > file"), ran(2, 1, ""),
    message(3, "and then"),
    run(4, "cat file; echo the tail"), ran(5, 4, "one\nthe tail"),
]  # fmt: skip


def works(name: str) -> list[Answer]:
    call = Call("execute_bash", {"command": f"cat file; echo {name} > {name}"})
    return [Answer(calls=[call]), Answer(f"{name} is done.")]


@asynccontextmanager
async def debugger(
    tmp_path: Path, answers: Sequence[Answer], size: tuple[int, int] = (160, 48), model: str = "openai/a"
) -> AsyncIterator[tuple[Shown, Loopback]]:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(RECORDING))
    with Loopback(answers) as server:
        settings = ModelSettings(model or None, "sk-never-shown", server.url)
        kept = {"keep_branches": True, "keep_journal": True, "checkpoints": 8}
        async with opened(path, size=size, sandbox="bubblewrap", model=settings, **kept) as screen:
            yield screen, server


async def again(screen: Shown, *keys: str) -> None:
    """Ask for it in the palette, with the event under the cursor."""
    await screen.press("ctrl+p")
    await screen.wait("Search for commands")
    await screen.type("again from here")
    await screen.wait("again from here: other models")
    await screen.press("enter")
    await screen.wait("Again from before event")
    await screen.press(*keys)


async def test_ctrl_n_goes_there_and_begins_a_branch_with_what_is_typed(tmp_path: Path) -> None:
    async with debugger(tmp_path, works("a")) as (screen, server):
        await screen.press("c")
        await screen.wait(lambda: screen.stands_at(6))
        await screen.press("g", "j", "ctrl+n")
        await screen.wait("To the model, in a new branch")
        assert screen.session.position == 1
        await screen.type("do it otherwise")
        await screen.press("enter")
        await screen.wait(lambda: "a is done." in screen.text and "LIVE AWAITING INPUT" in screen.status)
        branch = screen.session.branches.present
        assert (branch.name, branch.origin, branch.cut) == ("live-1", "recorded", "1")
        said = [one["content"] for one in server.bodies[0]["messages"] if one["role"] == "user"]
        assert "\n".join(said).split() == ["go", "do", "it", "otherwise"]
        assert "No such file" in json.dumps(server.bodies[1]["messages"][-1])
        await screen.press("m")
        await screen.wait("─ Message ─")


async def test_ctrl_n_says_what_is_missing_before_it_goes_anywhere(tmp_path: Path) -> None:
    async with debugger(tmp_path, [], model="") as (screen, _):
        await screen.press("s")
        await screen.wait(lambda: screen.stands_at(3))
        await screen.press("g", "ctrl+n")
        await screen.wait("no model is configured")
        assert screen.session.position == 3


async def test_two_models_go_on_from_an_event_and_are_compared(tmp_path: Path) -> None:
    async with debugger(tmp_path, [*works("a"), *works("b")]) as (screen, server):
        await screen.press("g", "j", "j")
        await again(screen)
        await screen.wait("Again from before event 3")
        assert screen.app.screen.query_one("#again-models").value == "openai/a"
        assert screen.app.screen.query_one("#again-message").value == "and then"
        await screen.press("end")
        await screen.type(",openai/b")
        await screen.press("enter")
        await screen.wait("openai/a: awaiting input, 1 file changed · openai/b: awaiting", seconds=60)
        assert [body["model"] for body in server.bodies] == ["a", "a", "b", "b"]
        assert "⎇ openai/b" in screen.text
        assert [body["messages"][-1]["content"] for body in server.bodies[::2]] == ["and then"] * 2
        await screen.press("alt+b")
        await screen.wait("Branches")
        await screen.press("k", "c")
        await screen.wait("first difference")
        text = screen.text
        for words in (
            "openai/b", "openai/a", "2 steps", "200 tokens in, 40 out", "from 3 of recorded", "waits for you",
            "run cat file; echo b > b", "run cat file; echo a > a", "added    /workspace/a", "a is done.",
        ):  # fmt: skip
            assert words in text, words
        await screen.press("escape")
        await screen.wait("Branches")
        await screen.press("space", "k", "c")
        await screen.wait("the tail")
        assert "recorded" in screen.text


async def test_one_model_has_the_world_as_it_stands(tmp_path: Path) -> None:
    looks = Answer(calls=[Call("execute_bash", {"command": "pgrep -f 'sleep [9]87' || echo gone"})])
    async with debugger(tmp_path, [looks, Answer("I looked.")]) as (screen, server):
        await screen.press("s")
        await screen.wait(lambda: screen.stands_at(3))
        sandbox = screen.session._replay.world.sandbox
        assert sandbox is not None
        await sandbox.files.output("setsid sleep 987 >/dev/null 2>&1 &")
        await again(screen, "enter")
        await screen.wait(lambda: "I looked." in screen.text and "AWAITING INPUT" in screen.status)
        assert "gone" not in json.dumps(server.bodies[1]["messages"][-1])


async def test_what_is_wrong_is_said_in_the_question(tmp_path: Path) -> None:
    async with debugger(tmp_path, [], size=(80, 24)) as (screen, _):
        await screen.press("g")
        await again(screen, "tab")
        await screen.press("ctrl+a", *["delete"] * 3, "enter")
        await screen.wait("it is not the agent's turn there")
        await screen.press("shift+tab", "home", *["delete"] * 8, "enter")
        await screen.wait("name a model")
        assert all(len(row) <= 80 for row in screen.rows)
        await screen.press("escape")
        await screen.wait(lambda: "Again from" not in screen.text)
        assert screen.session.position == 0


async def test_a_model_that_fails_leaves_the_message_in_the_box(tmp_path: Path) -> None:
    async with debugger(tmp_path, [Answer(status=400, error="no more")]) as (screen, _):
        await screen.press("g", "j")
        await again(screen, "tab")
        await screen.type("look")
        await screen.press("enter")
        await screen.wait("no more", seconds=60)
        await screen.wait(lambda: "look" in screen.text and "REPLAY PAUSED" in screen.status)
        assert screen.session.branches.present.is_recorded
