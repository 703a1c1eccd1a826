"""The Sandbox pane: a terminal in which each step of the timeline has its place."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from program import finish, write
from screens import Shown, opened
from trajcore import notices
from trajtui.widgets.terminal import TerminalPane

BAR = r"for i in $(seq 1 300); do printf '\r%3d%%' $i; done; printf '\rdone  \n'"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    commands = ["seq 60", "echo second; false", BAR, "printf 'x%.0s' $(seq 300); echo", "cat /no/such/file"]
    events: list[dict[str, Any]] = [message(0, "go")]
    for number, command in enumerate(commands):
        id = 2 * number + 1
        events += [run(id, command), ran(id + 1, id, "second" if "second" in command else "")]
    return write(tmp_path / "x.json", events)


def pane_of(screen: Shown) -> TerminalPane:
    return screen.app.screen.query_one(TerminalPane)


def shown(screen: Shown) -> list[str]:
    region = pane_of(screen).region
    rows = [row[region.x : region.right] for row in screen.rows[region.y : region.bottom]]
    return [row.rstrip(" ▁▂▃▄▅▆▇█▐▕") for row in rows]


def all_rows(screen: Shown) -> list[str]:
    pane = pane_of(screen)
    return [pane.line_text(number).plain for number in range(pane.line_count())]


def tell(screen: Shown, *told: notices.Notice) -> None:
    for notice in told:
        screen.app.screen._on_change(notice)


@pytest.mark.bubblewrap
async def test_each_step_has_its_place_and_says_how_it_compares(recording: Path) -> None:
    async with opened(recording, size=(120, 36), sandbox="bubblewrap") as screen:
        await screen.wait(lambda: "The sandbox is bubblewrap." in all_rows(screen))
        assert any("s plays the first step" in row for row in all_rows(screen))
        await screen.press("c")
        await screen.wait("end of the recording", seconds=30)
        await screen.wait(lambda: any("No such file" in row for row in all_rows(screen)))  # the last step
        rows = all_rows(screen)
        assert not any("plays the first step" in row for row in rows)
        assert "done" in [row.rstrip() for row in rows]  # the bar, once
        assert not any(re.match(r" *\d+%", row) for row in rows)
        assert any(
            row.startswith(("── ≠ exit 1 (recorded 0) · ", "━━ ≠ exit 1 (recorded 0) · ")) for row in rows
        )
        assert sum(row.count("x") for row in rows if set(row) == {"x"}) == 300  # wrapped, whole
        await screen.press("g", "j")
        await screen.wait(lambda: "seq 60" in shown(screen)[0])
        assert shown(screen)[1] == "1"
        await screen.press("j")
        await screen.wait(lambda: any(row.startswith("━━ ≠ exit 1") for row in shown(screen)))
        place = next(y for y, row in enumerate(shown(screen)) if "printf" in row)
        region = pane_of(screen).region
        await screen.pilot.click(offset=(region.x + 3, region.y + place))
        await screen.wait(lambda: screen.selected == 5)
        await screen.press("S")
        await screen.settle()
        await screen.wait(lambda: any("gone back over" in row for row in all_rows(screen)))


@pytest.mark.bubblewrap
async def test_a_message_at_the_end_is_where_the_last_step_is(recording: Path) -> None:
    events = [*json.loads(recording.read_text()), finish(11, "done")]
    async with opened(write(recording, events), size=(120, 36), sandbox="bubblewrap") as screen:
        await screen.press("c")
        await screen.wait("5 steps", seconds=30)
        await screen.wait(lambda: any("No such file" in row for row in shown(screen)))
        await screen.press("g", "j")
        await screen.wait(lambda: "seq 60" in shown(screen)[0])
        await screen.press("G")
        await screen.wait(lambda: any("No such file" in row for row in shown(screen)))


async def test_reads_are_folded_to_a_line_and_errors_are_shown_in_full(recording: Path) -> None:
    async with opened(recording, size=(120, 36)) as screen:
        long = "\n".join(f"line {number}" for number in range(42))
        tell(
            screen,
            notices.Executing("read", "/workspace/src/calc.py", "/workspace", False),
            notices.Executed(None, 0.012, "line 0", content=long),
            notices.Executing("edit", "/workspace/src/calc.py", "/workspace", False),
            notices.Executed(
                None, 0.002, "ERROR:", content="ERROR:\nNo replacement\nwas performed", failed=True
            ),
        )
        await screen.wait("42 lines of calc.py")
        assert "line 1" not in screen.text
        assert "was performed" in screen.text
        place = next(y for y, row in enumerate(shown(screen)) if "42 lines" in row)
        region = pane_of(screen).region
        await screen.pilot.click(offset=(region.x + 3, region.y + place))
        await screen.wait(lambda: "line 41" in all_rows(screen))
        assert pane_of(screen).has_focus
        await screen.press("enter")
        await screen.wait("42 lines of calc.py")


async def test_the_end_is_followed_until_the_user_goes_away_from_it(recording: Path) -> None:
    async with opened(recording, size=(120, 36)) as screen:
        tell(screen, notices.Executing("run", "make", "/workspace", False))
        tell(screen, notices.Output(b"".join(b"line %d\r\n" % number for number in range(100))))
        await screen.wait("line 99")
        tell(screen, notices.Output(b"more\r\n"))
        await screen.wait("more")
        pane_of(screen).scroll_to(y=10, animate=False)
        await screen.pilot.pause()
        tell(screen, notices.Output(b"unseen\r\n" * 50))
        await screen.pilot.pause(0.1)
        assert "unseen" not in screen.text
        await screen.press("1", "alt+z")
        await screen.wait("wide lines scroll sideways")


async def test_output_at_full_speed_leaves_the_keys_answered(recording: Path) -> None:
    async with opened(recording, size=(120, 36), drawn=True) as screen:
        tell(screen, notices.Executing("run", "yes", "/workspace", False))
        begun, slowest = time.process_time(), 0.0
        for number in range(100):
            tell(screen, notices.Output(b"some line of output, as long as they are\r\n" * 500))
            tell(screen, notices.Output(b"\r%d%%" % number * 100))
            before = time.process_time()
            await screen.pilot.pause(0)
            slowest = max(slowest, time.process_time() - before)
        assert time.process_time() - begun < 10
        assert slowest < 1
        await screen.wait("99%")
        assert len(pane_of(screen)._log.passages[-1].output) >= 50_000
