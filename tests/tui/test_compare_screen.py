"""The Compare tab: recorded and actual beside each other, and the keys from difference to difference."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from program import write
from screens import opened
from trajcore.views.differing import HunksBlock
from trajcore.views.hunks import Hunks, Lines, hunks
from trajtui.widgets.side import COMPARE_TAB

PLAIN = "".join(f"line {number}\n" for number in range(1, 201))
OTHER = PLAIN.replace("line 60\n", "line sixty\n").replace("line 180\n", "row 180\nrow 181\n")
"""What is recorded: it differs from what comes back in two places."""


def events() -> list[dict[str, Any]]:
    return [
        message(0, "go"),
        run(1, "seq -f 'line %g' 200"),
        ran(2, 1, OTHER.rstrip("\n"), exit_code=0),
        run(3, "echo same"),
        ran(4, 3, "same", exit_code=0),
        run(5, "echo at 10:00:01"),
        ran(6, 5, "at 09:59:58", exit_code=0),
        run(7, "printf 'a  b\\n'; false"),
        ran(8, 7, "a b", exit_code=0),
        run(9, "echo later"),
        ran(10, 9, "later", exit_code=0),
    ]


def styles(screen: Any, text: str) -> set[str]:
    """How a text is drawn, wherever it stands on the screen: its colour and what else is said of it."""
    found = set()
    for row in screen.app.screen._compositor.render_strips():
        for segment in row:
            if text in segment.text and segment.style:
                found.add(
                    f"{'bold ' * bool(segment.style.bold)}{'underline' * bool(segment.style.underline)}"
                )
    return found


@pytest.mark.bubblewrap
@pytest.mark.parametrize("size", [(160, 48), (120, 36), (80, 24)])
async def test_what_differs_is_found_step_by_step(tmp_path: Path, size: tuple[int, int]) -> None:
    path = write(tmp_path / "long.json", events())
    async with opened(path, size=size, sandbox="bubblewrap", at="9") as screen:
        await screen.settle()
        await screen.press("D")
        await screen.wait("actual · exit 1")  # of the step just done
        await screen.press("]")
        await screen.wait("1 diverged · difference 1 of 2 · round again")
        beside = size[0] >= 110
        await screen.wait("⋯ 56 equal lines")
        shown = screen.text
        assert "≠ diverged" in shown
        assert "recorded · exit 0" in shown
        assert "actual · exit 0" in shown
        row = next(row for row in screen.rows if "60 - line sixty" in row)
        assert ("60 + line 60" in row) == beside
        assert "⋯ 113 equal lines" in shown
        assert ("⋯ 17 equal lines" in shown) == (size[1] >= 30)
        assert "bold underline" in styles(screen, "sixty")
        await screen.press("]")
        await screen.wait("difference 2 of 2")
        assert "row 181" in screen.text
        await screen.press("]")
        await screen.wait("7 diverged · difference 1 of 1")
        assert ("a·b" in screen.text, "a··b" in screen.text) == (True, True)
        assert "actual · exit 1" in screen.text
        await screen.press("[")
        await screen.wait("1 diverged · difference 2 of 2")
        await screen.press("escape")
        await screen.wait("Timeline")


@pytest.mark.bubblewrap
async def test_what_is_equal_is_shown_once_and_what_varies_is_no_difference(tmp_path: Path) -> None:
    path = write(tmp_path / "short.json", events())
    async with opened(path, sandbox="bubblewrap", at="9") as screen:
        await screen.settle()
        await screen.press("3", "g", "j", "j")
        await screen.wait("= equal to the recording")
        assert [row.strip("│ ") for row in screen.side].count("same") == 1
        await screen.press("j")
        await screen.wait("set aside")
        assert "09:59:58" in screen.text
        assert styles(screen, "09:59:58") == {""}
        await screen.press("2")
        await screen.wait("3 shows what was set aside")
        await screen.press("j")
        await screen.wait("3 shows both")


async def test_before_anything_is_played_the_recorded_one_is_shown(tmp_path: Path) -> None:
    path = write(tmp_path / "short.json", events())
    async with opened(path) as screen:
        await screen.press("3")
        await screen.wait("asks nothing of the sandbox")
        await screen.press("j")
        await screen.wait("not played yet")
        assert "line sixty" not in screen.text  # further down
        await screen.press("]")
        await screen.wait("no step has diverged")


async def test_long_texts_are_compared_beside_the_screen(tmp_path: Path) -> None:
    left = "\n".join(f"line {number} of {number % 7}" for number in range(50_000))
    right = left.replace("line 40000 ", "row 40000 ")
    made_by: list[threading.Thread] = []

    def make() -> Hunks:
        made_by.append(threading.current_thread())
        return hunks(Lines.of(left), Lines.of(right))

    async with opened(write(tmp_path / "short.json", events())) as screen:
        await screen.press("3")
        await screen.wait("asks nothing of the sandbox")
        await screen.settle()
        pane = screen.app.screen.side.pane(COMPARE_TAB)
        pane.show((HunksBlock(make, "long", len(left) + len(right)),))
        await screen.wait("⋯ 39,997 equal lines", seconds=60)
        assert made_by[0] is not threading.main_thread()
        assert pane.to_difference(last=True) == "difference 1 of 1"


@pytest.mark.bubblewrap
async def test_of_an_equal_step_it_says_how_to_get_to_one_that_diverged(tmp_path: Path) -> None:
    async with opened(write(tmp_path / "long.json", events()), sandbox="bubblewrap") as screen:
        await screen.press("c")
        await screen.settle()
        await screen.press("G", "D")
        await screen.wait("] goes to 1, which has")
        await screen.press("]")
        await screen.wait("1 diverged")


@pytest.mark.bubblewrap
async def test_where_there_is_nothing_to_compare_it_says_where_there_is(tmp_path: Path) -> None:
    async with opened(write(tmp_path / "long.json", events()), sandbox="bubblewrap") as screen:
        await screen.press("3")
        await screen.wait("nothing to compare")
        assert "goes to" not in screen.status
        await screen.press("c")
        await screen.wait(lambda: screen.session.at_end and not screen.session.busy)
        await screen.press("1", "3")
        await screen.wait("this step has not diverged: ] goes to 1, which has")
        await screen.press("]")
        await screen.wait("1 diverged · difference 1 of 2")
        await screen.press("1", "3")
        assert "goes to" not in screen.status
