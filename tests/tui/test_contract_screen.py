"""What the contract says of the screen: its states, marks, panes, and the sentence after each run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from pressing import Stage
from program import finish, say, write
from screens import Shown, opened
from trajcore.live.confirming import Confirm
from trajcore.live.modelsettings import ModelSettings

EVENTS: list[dict[str, Any]] = [
    message(0, "go"),
    run(1, "echo same"), ran(2, 1, "same"),
    run(3, "echo at 10:00:01"), ran(4, 3, "at 09:59:58"),
    run(5, "echo made > file; false"), ran(6, 5, ""),
    run(7, "echo served"), ran(8, 7, "served"),
    run(9, "echo skipped"), ran(10, 9, "skipped"),
    say(11, "Shall I?", wait=True),
    message(12, "yes"),
    run(13, "read line"), ran(14, 13, ""),
    finish(15, "done"),
]  # fmt: skip

SCREEN = Stage()


def marks(screen: Shown, label: int) -> str:
    """The gutter of the row of a label."""
    rows = (row for row in screen.rows[2:-2] if row[3:8].split()[:1] == [str(label)])
    return next(rows, "")[:4]


@SCREEN.row("always one state word: PAUSED; · recorded only, ▶ next; header: file, sandbox, network, model")
async def _(screen: Shown) -> None:
    assert "REPLAY PAUSED   0/6" in screen.status
    assert "·▶" in marks(screen, 0)
    assert "·" in marks(screen, 1)
    for word in ("x.json", "bubblewrap", "net off", "no model"):
        assert word in screen.rows[0]


@SCREEN.row(
    "how a step is satisfied is chosen and shown: r, ⊘; ● breakpoint; ✎ edited; modified", "x", "b", "w"
)
async def _(screen: Shown) -> None:
    for label, keys, mark in ((7, "x", "r"), (9, "xx", "⊘"), (13, "b", "●"), (11, "w", "✎")):
        screen.timeline.follow(label)
        await screen.press(*keys)
        await screen.wait(lambda label=label, mark=mark: mark in marks(screen, label), seconds=5)
    assert "modified" in screen.status


@SCREEN.row(
    "= equal, ≈ equal after normalising, ≠ diverged; the sentence names the step that hit it", "c", "4"
)
async def _(screen: Shown) -> None:
    await screen.press("c")
    await screen.wait("breakpoint at 13 run")
    for label, mark in ((1, "="), (3, "≈"), (5, "≠"), (7, "r"), (9, "⊘")):
        assert mark in marks(screen, label), label
    assert "▶" in marks(screen, 13)
    assert "exit 0→1" in screen.text
    screen.timeline.follow(5)
    await screen.press("4")
    await screen.wait("+ file")


@SCREEN.row(
    "while it runs: REPLAYING; a command that is illegal now says why; Esc interrupts", "s", "L", "escape"
)
async def _(screen: Shown) -> None:
    await screen.press("s")
    await screen.wait("REPLAY REPLAYING")
    await screen.wait(lambda: screen.session._replay.world.executing)
    await screen.press("L")
    await screen.wait(lambda: bool(screen.app.screen.notes.present.text))
    assert screen.session.busy
    assert "Esc interrupts" in screen.rows[-1]
    await screen.press("escape")
    await screen.wait("interrupted: 13 run")


@SCREEN.row("after each run one sentence says what happened; FINISHED", "c")
async def _(screen: Shown) -> None:
    await screen.press("c")
    await screen.wait("REPLAY FINISHED")
    assert "6 steps: 1 equal, 1 equal after normalising, " in screen.status


@SCREEN.row("usable at 80×24, where the panes are stacked; at its best at 160×48, with two at the right")
async def _(screen: Shown) -> None:
    for size, stacked, two in (((80, 24), True, False), ((160, 48), False, True), ((156, 48), False, False)):
        await screen.pilot.resize_terminal(*size)
        await screen.wait(lambda size=size: len(screen.rows[0]) == size[0] and len(screen.rows) == size[1])
        await screen.settle()
        tabs = [number for number, row in enumerate(screen.rows) if "1 Sandbox" in row or "2 Event" in row]
        assert ("1 Sandbox" not in screen.rows[1]) == stacked
        assert (len(tabs) == 2) == two
        assert "REPLAY" in screen.status


@pytest.mark.bubblewrap
async def test_a_replay_on_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(write(tmp_path / "x.json", EVENTS), sandbox="bubblewrap", checkpoints=20) as screen:
        await SCREEN.play(screen, monkeypatch, keep_edits=True)


@pytest.mark.bubblewrap
async def test_a_live_session_on_the_screen(tmp_path: Path) -> None:
    """The state words of a live session, its tokens, its ★ rows, and no key anywhere."""
    calls = [Call("execute_bash", {"command": "read line; echo from the model"})]
    answers = [
        Answer("I look around.", calls=calls, pause=0.1),
        Answer("What now?"),
        Answer(calls=[Call("finish", {"message": "Done with it."})]),
    ]
    path = write(tmp_path / "x.json", EVENTS[:3])
    with Loopback(answers) as server:
        model = ModelSettings("openai/loopback", "sk-never-shown", server.url)
        async with opened(path, sandbox="bubblewrap", model=model, confirm=Confirm.ALWAYS) as screen:
            await screen.press("s", "m")
            await screen.wait("─ Message ─")
            await screen.type("look")
            await screen.press("ctrl+l" if "Ctrl+L" in screen.text else "enter")
            await screen.wait("LIVE THINKING", seconds=60)
            assert "G follows" in screen.rows[-1]
            assert "T types" not in screen.rows[-1]  # nothing runs that could be typed into
            await screen.wait("LIVE AWAITING CONFIRMATION", seconds=60)
            await screen.wait("Approve")
            await screen.press("a")
            await screen.wait("LIVE EXECUTING")
            await screen.press("T")
            await screen.wait("Ctrl+D")
            await screen.press("enter")
            await screen.wait("LIVE AWAITING INPUT", seconds=60)
            assert "tokens" in screen.text
            assert sum("★" in row for row in screen.rows) >= 2
            await screen.press("m")
            await screen.wait("Enter: send")
            await screen.type("finish")
            await screen.press("enter")
            await screen.wait("LIVE FINISHED", seconds=60)
            assert "Done with it." in screen.text
            assert "sk-never-shown" not in screen.text
