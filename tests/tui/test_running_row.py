"""The row of what is carried out: a mark and a clock, for as long as it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from documents import message, ran, run
from program import finish, write
from screens import Shown, opened
from trajcore import notices
from trajcore.views import marks

GATED = "until rm gate 2>/dev/null; do sleep 0.02; done"
"""A command that runs until it is let go."""


def row(screen: Shown, label: int) -> str:
    return next(line for line in screen.rows if f" {label} ◇ " in line)


@pytest.mark.bubblewrap
async def test_a_row_says_that_it_runs_and_for_how_long_in_place_of_how_it_came_out(tmp_path: Path) -> None:
    events = [message(0, "go"), run(1, GATED), ran(2, 1, ""), run(3, "true"), ran(4, 3, ""), finish(5)]
    async with opened(write(tmp_path / "x.json", events), sandbox="bubblewrap") as screen:
        assert "exit 0" in row(screen, 1)
        await screen.press("s")
        await screen.wait(lambda: marks.RUNNING in row(screen, 1))
        assert "exit" not in row(screen, 1)
        assert marks.NEXT not in row(screen, 1)
        await screen.wait(lambda: " 1s" in row(screen, 1))
        await screen.wait(lambda: " 2s" in row(screen, 1))
        await screen.session._replay.world.sandbox.files.output("touch /workspace/gate")
        await screen.wait(lambda: screen.stands_at(3))
        assert marks.RUNNING not in screen.text
        assert "exit 0" in row(screen, 1)
        assert screen.timeline.running._timer is None


async def test_what_is_over_at_once_has_no_clock_and_what_is_folded_away_is_on_its_delegation(
    tmp_path: Path,
) -> None:
    inner = [run(2, "true"), ran(3, 2, "")]
    args = {"agent": "A", "inputs": {"task": "look"}}
    delegation = {"id": 1, "source": "agent", "action": "delegate", "args": args}
    done = {"id": 4, "source": "agent", "observation": "delegate", "cause": 1, "content": "", "extras": {}}
    events = [message(0, "go"), delegation, *inner, done, run(5, "true"), ran(6, 5, ""), finish(7)]
    async with opened(write(tmp_path / "x.json", events)) as screen:
        session = screen.session
        await screen.press("j", "space")
        await screen.wait("▸ ")
        uid = session.trajectory.uid(2)
        session._tell(notices.Executing("run", "true", "", recorded=False, uid=uid))
        await screen.wait(lambda: marks.RUNNING in row(screen, 1))
        await screen.press("space")
        await screen.wait(lambda: marks.RUNNING in row(screen, 2))
        assert marks.RUNNING not in row(screen, 1)
        session._tell(notices.Executed(0, 0.0))
        for _ in range(100):
            session._tell(notices.Executing("run", "true", "", recorded=False, uid=uid))
            session._tell(notices.Executed(0, 0.0))
        await screen.wait(lambda: screen.timeline.running._timer is None)
        assert marks.RUNNING not in screen.text
