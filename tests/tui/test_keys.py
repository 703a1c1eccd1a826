"""Keys: what Esc does and the footer says of it, what is typed ahead, and what letters do in another pane."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from documents import message, ran, run
from program import finish, say, write
from screens import Shown, opened

GATED = "until rm gate 2>/dev/null; do sleep 0.02; done"
"""A command that runs until it is let go."""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    steps = [one for id in range(1, 12, 2) for one in (run(id, "true"), ran(id + 1, id, ""))]
    return write(tmp_path / "steps.json", [message(0, "go"), *steps, say(13, "Done."), finish(14)])


@pytest.fixture
def gated(tmp_path: Path) -> Path:
    events = [message(0, "go"), run(1, GATED), ran(2, 1, ""), run(3, "true"), ran(4, 3, "")]
    return write(tmp_path / "gated.json", [*events, run(5, "false"), ran(6, 5, ""), run(7), ran(8, 7)])


async def let_go(screen: Shown) -> None:
    """Let the command go that runs."""
    await screen.session._replay.world.sandbox.files.output("touch /workspace/gate")


async def runs(screen: Shown, *keys: str) -> None:
    """Press keys of which the first has the gated command run."""
    await screen.press(*keys)
    await screen.wait(lambda: screen.session._replay.world.executing)


# Ahead


@pytest.mark.bubblewrap
async def test_keys_typed_ahead_are_kept_mixed_and_dropped_by_what_goes_wrong(gated: Path) -> None:
    async with opened(gated, sandbox="bubblewrap", checkpoints=8) as screen:
        await runs(screen, "s", "s", "S", "s")
        await screen.wait("0/4 · 3 ahead")
        await let_go(screen)
        await screen.wait(lambda: screen.stands_at(5))  # on, back, and on again
        await screen.wait("2/4   3 run: exit 0, equal")
        await screen.press("s")
        await screen.wait("3/4   5 run: exit 1, diverged")

        await screen.press("R")
        await screen.wait("a new run, before its first event")
        await runs(screen, "s", "s", "c")
        await screen.wait("0/4 · 2 ahead")
        await screen.press("escape")
        await screen.wait("interrupted: 1 run: ")
        assert "2 keys typed ahead dropped" in screen.status

        await screen.press("R")
        await screen.wait("a new run, before its first event")
        screen.session.break_on("exit!=0")
        await runs(screen, "s", "c", "s")
        await let_go(screen)
        await screen.wait("breakpoint exit!=0: 5 run: exit 1, diverged")
        assert "1 key typed ahead dropped" in screen.app.screen.notes.present.text
        assert screen.session.position == 7


@pytest.mark.bubblewrap
async def test_where_a_key_typed_ahead_goes_is_where_the_cursor_was(gated: Path) -> None:
    async with opened(gated, sandbox="bubblewrap") as screen:
        await runs(screen, "s", "j", "j", "j", "t", "g")
        await screen.wait("1 ahead")
        await let_go(screen)
        await screen.wait(lambda: screen.stands_at(5))
        assert screen.selected == 0  # moved since, and not pulled away


async def test_four_steps_are_four_steps_and_the_end_drops_the_rest(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("s", "s", "s", "s")
        await screen.wait(lambda: screen.stands_at(9))
        await screen.wait("4/6   7 run:")
        await screen.press(*"s" * 9)
        await screen.wait("REPLAY FINISHED")
        await screen.settle()
        assert not screen.app.screen.ahead


# Esc


@pytest.mark.bubblewrap
async def test_esc_interrupts_from_the_message_box_and_keeps_what_is_typed(gated: Path) -> None:
    async with opened(gated, sandbox="bubblewrap") as screen:
        await runs(screen, "s")
        await screen.wait("Esc interrupts  ")
        assert "T types into it" in screen.rows[-1]
        assert "G follows" in screen.rows[-1]
        assert "s step" not in screen.rows[-1]
        await screen.press("m")
        await screen.wait("Ctrl+J new line")
        await screen.type("half")
        await screen.press("escape")
        await screen.wait("interrupted: 1 run: ")
        await screen.wait("Esc leaves the box")
        assert "half" in screen.text
        await screen.press("escape")
        await screen.wait(lambda: screen.app.focused is screen.timeline)
        assert "s step" in screen.rows[-1]


async def test_esc_does_the_first_that_applies_and_the_footer_says_which(recording: Path) -> None:
    async with opened(recording) as screen:
        assert "Esc" not in screen.rows[-1]
        await screen.press("s", "s")
        await screen.wait(lambda: screen.selected == 3 and screen.stands_at(5))
        assert "Esc" not in screen.rows[-1]
        await screen.press("g", "shift+down", "enter")
        await screen.wait("Esc selects one")
        await screen.press("escape")
        await screen.wait("Esc back")
        await screen.press("escape")
        await screen.wait("Esc to the last step")
        assert screen.app.focused is screen.timeline
        await screen.press("escape")
        assert screen.selected == 3
        await screen.press("z")
        await screen.wait("Esc back")
        await screen.press("escape")
        await screen.wait(lambda: "Esc" not in screen.rows[-1])
        await screen.press("p")
        await screen.wait("nothing is running")


async def test_the_footer_has_the_keys_of_the_moment(recording: Path) -> None:
    async with opened(recording, (120, 36)) as screen:
        await screen.wait("s step  c continue")
        assert "w wait" in screen.rows[-1]  # the cursor is on a message
        await screen.press("w")
        await screen.wait("u undo  Ctrl+S save")
        await screen.press("j", "u")
        await screen.wait(lambda: "u undo" not in screen.rows[-1])
        assert "w wait" not in screen.rows[-1]
        assert "x skip" in screen.rows[-1]
        await screen.press("c")
        await screen.wait("REPLAY FINISHED")
        await screen.wait("Ctrl+O save run")
        assert "s step" not in screen.rows[-1]
        assert "c continue" not in screen.rows[-1]
        assert "R restart" in screen.rows[-1]


@pytest.mark.bubblewrap
@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_footer_says_how_to_see_why_a_step_diverged(tmp_path: Path, size: tuple[int, int]) -> None:
    path = write(tmp_path / "x.json", [run(1, "echo one"), ran(2, 1, "two"), run(3, "true"), ran(4, 3, "")])
    async with opened(path, size, sandbox="bubblewrap") as screen:
        assert "D compare" not in screen.rows[-1]
        await screen.press("s")
        await screen.wait("D compare")
        await screen.press("D")
        await screen.wait("Esc back  ] next difference  [ previous  ")
        await screen.press("4")
        await screen.wait("F other files  a who wrote it")
        assert "next difference" not in screen.rows[-1]
        assert "? keys" in screen.rows[-1]


async def test_narrow_the_side_alone_says_how_it_is_left(recording: Path) -> None:
    async with opened(recording, (80, 24)) as screen:
        await screen.press("enter")
        await screen.wait("Esc back")
        await screen.press("escape")
        await screen.wait(lambda: screen.timeline.has_focus and "Esc" not in screen.rows[-1])
        assert "? keys" in screen.rows[-1]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (180, 48)])
async def test_esc_returns_from_where_enter_went_in_every_layout(
    recording: Path, size: tuple[int, int]
) -> None:
    async with opened(recording, size) as screen:
        await screen.press("j", "enter")
        await screen.wait(lambda: screen.app.screen.side.has_focus_within)
        await screen.wait("Esc back")
        await screen.press("escape")
        await screen.wait(lambda: screen.timeline.has_focus and "Esc back" not in screen.rows[-1])
        assert "Timeline" in screen.text
        assert screen.selected == 1


async def test_a_refusal_does_not_outlive_the_next_key(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("p")
        await screen.wait("nothing is running")
        await screen.press("m")
        await screen.wait("Enter: insert here")
        assert "nothing is running" not in screen.status
        await screen.press("escape", "p")
        await screen.wait("nothing is running")
        await screen.press("s")
        await screen.wait("1 run: exit 0")


# Letters in another pane, and the mouse


async def test_letters_in_a_right_hand_pane_edit_nothing(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("j", "2", "enter", "d")
        await screen.wait("the keys are the right-hand pane's: Esc goes back")
        assert not screen.session.trajectory.modified
        await screen.press("escape", "d")
        await screen.wait("deleted run 1")


async def test_footer_and_header_are_clicked(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.pilot.click("#keys", offset=(screen.rows[-1].index("c continue") + 3, 0))
        await screen.wait("REPLAY FINISHED")
        await screen.pilot.click("#header", offset=(3, 0))
        await screen.pilot.click("#header", offset=(150, 0))
        await screen.wait("Sandbox and world")
        await screen.press("escape")
        await screen.wait("REPLAY FINISHED")


async def test_a_message_box_has_given_the_keys_back_once_the_key_that_sent_it_is_through(
    recording: Path,
) -> None:
    async with opened(recording) as screen:
        await screen.settle()
        await screen.press("m", "o", "n", "e")
        await screen.wait(lambda: screen.app.screen.conversation.box.typed == "one")
        await screen.app.focused._on_key(events.Key("enter", None))
        assert screen.app.focused is screen.timeline  # and nothing is under way that would take them again
        await screen.press("m", "t", "w", "o")
        await screen.wait(lambda: screen.app.screen.conversation.box.typed == "two")
