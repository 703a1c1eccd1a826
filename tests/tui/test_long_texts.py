"""Long texts on the screen: laid out in a thread, in time that their length gives."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from corpus.received import assert_only_drawn
from corpus.sequences import HOSTILE
from documents import message, ran, run
from program import write
from screens import opened
from trajcore.text import as_shown
from trajcore.views import blocks
from trajtui.widgets.lines import wrapped
from trajtui.widgets.terminal import TerminalPane, output_text


@pytest.mark.parametrize(
    "line", ["x" * 1_900_000, "word " * 380_000, "漢" * 900_000, " " * 1_900_000], ids=len
)
def test_one_long_line_is_wrapped_at_once(line: str) -> None:
    begun = time.process_time()
    rows = wrapped(line, 80)
    assert time.process_time() - begun < 10
    assert max(map(len, rows)) <= 80


@pytest.mark.parametrize("piece", ["x" * 100, "a\x1b[K" * 30, "\r50% ###", "ab\r"], ids=["x", "K", "r", "ab"])
def test_a_line_without_end_costs_no_more_the_longer_it_is(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane = TerminalPane()
    monkeypatch.setattr(pane, "_changed", lambda: None)
    begun = time.process_time()
    for _ in range(30_000):
        pane.write(piece.encode())
    assert time.process_time() - begun < 10
    assert len(pane._lines) == 1
    assert len(pane._lines[0]) <= 10_000
    assert pane._kept == len(pane._lines[0]) + 1
    assert output_text(pane._lines[0]).plain


def test_what_redraws_itself_shows_its_last_state(monkeypatch: pytest.MonkeyPatch) -> None:
    pane = TerminalPane()
    monkeypatch.setattr(pane, "_changed", lambda: None)
    for done in range(2_000):
        pane.write(f"\r{done} of 1999".encode())
    assert output_text(pane._lines[0]).plain == "1999 of 1999"


async def test_a_long_event_is_laid_out_in_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        message(0, "hello"),
        run(1, "true"),
        ran(2, 1, "a\x1b[K" * 100_000 + "\nat the end"),
        run(3, "false"),
    ]
    path = write(tmp_path / "x.json", events)
    made_by: set[bool] = set()

    def noted(line: str) -> str:
        if len(line) > 1_000:
            made_by.add(threading.current_thread() is threading.main_thread())
        return as_shown(line)

    monkeypatch.setattr(blocks, "as_shown", noted)
    async with opened(path) as shown:
        await shown.press("2", "g", "j")
        await shown.wait("aaaaaaaaaaaaaaaaaaaa")
        await shown.press("j")
        await shown.wait("false")
    assert made_by == {False}


async def test_every_pane_of_every_hostile_text_only_draws(tmp_path: Path) -> None:
    texts = list(HOSTILE.values())
    events = [message(0, "hello")]
    for number, text in enumerate(texts):
        events += [run(2 * number + 1, text), ran(2 * number + 2, 2 * number + 1, text)]
    path = write(tmp_path / "x.json", events)
    async with opened(path) as shown:
        await shown.press("c")
        await shown.settle()
        for tab in "1245":
            await shown.press(tab, "g")
            for _ in (
                texts if tab == "2" else texts[:5]
            ):  # the others show the whole run, wherever the cursor is
                await shown.press("j")
            await shown.pilot.pause(0.2)
            assert_only_drawn(shown.text.encode())
