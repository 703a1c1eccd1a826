"""After a step: the cursor is on what was done, and stays where the user has put it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from documents import message, ran, run
from program import finish, write
from screens import Shown, opened

pytestmark = pytest.mark.bubblewrap

GATED = "until rm gate 2>/dev/null; do sleep 0.02; done"
"""A command that runs until it is let go."""


@pytest.fixture
def gated(tmp_path: Path) -> Path:
    events = [message(0, "go"), run(1, "echo one"), ran(2, 1, "one"), run(3, GATED), ran(4, 3, "")]
    return write(tmp_path / "gated.json", [*events, run(5, "echo five"), ran(6, 5, "five"), finish(7)])


def let_go(screen: Shown) -> Callable[[], Awaitable[object]]:
    """Lets the command go that runs."""

    async def touch() -> None:
        await screen.session._replay.world.sandbox.files.output("touch /workspace/gate")

    return touch


async def test_the_cursor_follows_until_it_is_moved_and_nothing_pulls_it_back(gated: Path) -> None:
    async with opened(gated, sandbox="bubblewrap") as screen:
        await screen.press("c")
        await screen.wait(lambda: screen.selected == 1 and "REPLAYING" in screen.status)
        await screen.press("g")
        await screen.wait(lambda: screen.selected == 0)
        await let_go(screen)()
        await screen.wait("FINISHED")
        assert screen.selected == 0
        assert "3/3 · at 0   3 steps: 3 equal" in screen.status
        await screen.press("G", "R")
        await screen.wait("a new run, before its first event: its sandbox (bubblewrap) will be a fresh one")
        assert screen.selected == 0
        await screen.press("c")
        await screen.wait(lambda: screen.selected == 1 and "REPLAYING" in screen.status)
        await screen.press("k", "G")
        await screen.wait(lambda: screen.selected == 1)
        await let_go(screen)()
        await screen.wait("FINISHED")
        assert screen.selected == 7


async def test_the_right_hand_side_shows_what_a_step_did_without_a_key(tmp_path: Path) -> None:
    events = [message(0, "go"), run(1, "echo new > made"), ran(2, 1, "otherwise"), finish(3)]
    async with opened(write(tmp_path / "x.json", events), sandbox="bubblewrap") as screen:
        await screen.press("4", "s")
        await screen.wait("1 run: exit 0, diverged: ")
        await screen.wait("+ made")
        await screen.press("2")
        await screen.wait("otherwise")


async def test_what_comes_next_is_in_view_while_the_cursor_follows(tmp_path: Path) -> None:
    events = [one for id in range(1, 120, 2) for one in (run(id, "true"), ran(id + 1, id, ""))]
    path = write(tmp_path / "x.json", [message(0, "go"), *events, finish(121)])
    async with opened(path, (120, 24), sandbox="recorded", at="81") as screen:
        await screen.wait(lambda: screen.stands_at(81) and screen.selected == 79)
        for label in (79, 81, 83, 85):
            await screen.wait(f" {label} ◇ run ")
