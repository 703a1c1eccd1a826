"""A command that runs is typed into on the screen, and letters are letters there."""

from __future__ import annotations

from pathlib import Path

import pytest

from documents import message, ran, run
from program import write
from screens import opened
from trajcore.replay.verdict import Cause


@pytest.mark.bubblewrap
@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_a_question_is_answered_line_by_line_and_the_end_of_input_ends_it(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    asks = "read -p 'go on? ' it; echo \"it was $it\"; cat; echo the end"
    path = write(tmp_path / "t.json", [message(0), run(1, asks), ran(2, 1), run(3, "echo next"), ran(4, 3)])
    async with opened(path, size, "bubblewrap") as screen:
        await screen.settle()
        await screen.press("T")
        await screen.wait("nothing runs that could be")
        await screen.press("s")
        await screen.wait(lambda: screen.text.count("go on?") > 2)  # both times in the command, and asked
        await screen.press("T")
        await screen.wait("Ctrl+D")
        await screen.type("squid")
        await screen.press("enter")
        await screen.wait("it was squid")
        await screen.type("dsq")
        await screen.press("enter")
        await screen.wait(lambda: screen.text.count("dsq") >= 2)
        await screen.press("ctrl+d")
        await screen.wait("the end")
        await screen.settle()
        assert "Ctrl+D" not in screen.text
        assert screen.app.focused is screen.timeline
        (result,) = screen.session.results.values()
        assert "with what you typed into it" in result.reason
        assert result.cause is Cause.OTHER  # what the user did is nothing of the world's


@pytest.mark.bubblewrap
async def test_leaving_the_line_leaves_the_command_running(tmp_path: Path) -> None:
    path = write(tmp_path / "t.json", [message(0), run(1, "echo first; cat"), ran(2, 1)])
    async with opened(path, sandbox="bubblewrap") as screen:
        await screen.settle()
        await screen.press("s")
        await screen.wait(lambda: any(line.strip() == "first" for line in screen.side))
        await screen.press("T")
        await screen.wait("Ctrl+D")
        await screen.press("escape")
        await screen.wait(lambda: "Ctrl+D" not in screen.text)
        assert screen.session.busy
        await screen.press("escape")
        await screen.settle()
        (result,) = screen.session.results.values()
        assert "interrupted" in result.reason
