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


@pytest.mark.parametrize(
    "line", ["x" * 1_900_000, "word " * 380_000, "漢" * 900_000, " " * 1_900_000], ids=len
)
def test_one_long_line_is_wrapped_at_once(line: str) -> None:
    begun = time.process_time()
    rows = wrapped(line, 80)
    assert time.process_time() - begun < 10
    assert max(map(len, rows)) <= 80


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
