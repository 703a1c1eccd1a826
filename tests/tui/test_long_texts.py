"""Long texts on the screen: laid out in a thread, in time that their length gives."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from corpus.received import assert_only_drawn
from corpus.sequences import HOSTILE
from documents import message, ran, run
from program import write
from screens import opened
from trajcore import masking
from trajcore.text import as_shown
from trajcore.views import blocks
from trajcore.views.blocks import output, output_text
from trajtui.abandoned import Abandoned, go_on, in_thread
from trajtui.widgets import event, folding, hunks, wrapping
from trajtui.widgets.blocks import Row
from trajtui.widgets.wrapping import wrapped


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
        if len(line) > 12_000:
            made_by.add(threading.current_thread() is threading.main_thread())
        return as_shown(line)

    monkeypatch.setattr(blocks, "as_shown", noted)
    async with opened(path) as shown:
        await shown.press("2", "g", "j")
        await shown.wait("aaaaaaaaaaaaaaaaaaaa")
        await shown.press("j")
        await shown.wait("false")
    assert made_by == {False}


async def test_work_that_nobody_waits_for_ends() -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless() -> None:
        begun.set()
        try:
            while True:
                go_on()
        except Abandoned:
            ended.set()
            raise

    waiting = asyncio.create_task(in_thread(endless))
    assert await asyncio.to_thread(begun.wait, 10)
    waiting.cancel()
    assert await asyncio.to_thread(ended.wait, 10)
    go_on()  # which nobody has given up here


@pytest.mark.parametrize("text", ["word " * 300_000, "line\n" * 300_000], ids=["a line", "lines"])
def test_wrapping_asks_whether_it_is_to_go_on(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    asked: list[float] = []
    monkeypatch.setattr(wrapping, "go_on", lambda: asked.append(time.process_time()))
    wrapped(text, 80)
    assert len(asked) > 10


async def test_the_next_row_does_not_wait_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["first\n" * 30_000, "second\n" * 30_000 + "the end"]
    events = [message(0), run(1), ran(2, 1, texts[0]), run(3), ran(4, 3, texts[1])]
    made, ended = folding._made, threading.Event()

    def stuck(make: Callable[[], Sequence[Row]]) -> tuple[Sequence[Row], int]:
        rows = make()
        try:
            while any("first" in str(row) for row in rows[:40]):
                go_on()
        except Abandoned:
            ended.set()
            raise
        return made(lambda: rows)

    monkeypatch.setattr(folding, "_made", stuck)
    async with opened(write(tmp_path / "x.json", events)) as shown:
        await shown.press("2", "g", "j")
        await shown.wait("first")
        await shown.press("j")
        await shown.wait("second")
        await shown.press("enter", "G")
        await shown.wait("the end")
        assert await asyncio.to_thread(ended.wait, 10)


async def test_the_first_lines_of_a_long_text_are_there_before_it_is_laid_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join(["the very first line", *(f"line {number}" for number in range(40_000)), "the end"])
    path = write(tmp_path / "x.json", [run(0, "true"), run(1, "cat large"), ran(2, 1, text)])
    go_on, made = threading.Event(), folding._made
    monkeypatch.setattr(folding, "_made", lambda make: go_on.wait(60) and made(make))
    async with opened(path) as shown:
        try:
            await shown.press("2", "j")
            await shown.wait("line 30")
            pane = shown.app.screen.side.active
            assert pane.line_count() < 2_000
            await shown.press("k")  # keys are answered meanwhile
            assert shown.selected == 0
            await shown.press("j")
            await shown.wait("the very first line")
        finally:
            go_on.set()
        await shown.wait(lambda: pane.line_count() > 40_000)
        await shown.press("tab", "G")
        await shown.wait("the end")


@pytest.mark.parametrize("piece", ["line\n", "x", "a\x1b[K", "a\tb\n", "50%\r", "\x1b]0;title"])
def test_the_beginning_of_a_long_text_is_what_it_begins_with(piece: str) -> None:
    text = "the very first line\n" + piece * 100_000
    long = output(text)
    assert long.beginning[:12] == output_text(text)[:12] == "the very fir"
    assert len(long.beginning) <= 12_000 * 8


def test_no_half_of_a_secret_is_in_the_beginning_of_a_long_text() -> None:
    secret = "correct-horse-battery-staple"
    masking.hide(secret)
    long = output(("x" * (12_000 - len(secret) // 2) + secret) + "y" * 200_000)
    assert "correct-horse" not in long.beginning


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


@pytest.mark.parametrize("key", ["", "k", "home"])
async def test_the_end_is_gone_to_that_a_text_has_once_it_is_laid_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    text = "\n".join(["the very first line", *(f"line {number}" for number in range(40_000)), "the end"])
    path = write(tmp_path / "x.json", [message(0), run(1, "true"), ran(2, 1, text)])
    may, made = threading.Event(), folding._made

    def stuck(make: Callable[[], Sequence[Row]]) -> tuple[Sequence[Row], int]:
        may.wait(30)
        return made(make)

    monkeypatch.setattr(folding, "_made", stuck)
    async with opened(path) as shown:
        await shown.press("2", "g", "j")
        await shown.wait("the very first line")
        pane = shown.app.screen.side.active
        pane.focus()
        await shown.press("G", *([key] if key else []))
        assert "the end" not in shown.text
        may.set()
        await shown.wait(lambda: pane.line_count() > 40_000)
        if not key:
            await shown.wait("the end")
        await shown.settle()
        assert ("the end" in shown.text) == (not key)  # who has moved on is not taken there


async def test_the_differences_of_a_long_text_are_counted_once_and_not_for_each_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = ("\n".join(f"{word} {number}" for number in range(200)) for word in ("old", "new"))
    args = {"path": "/a.txt", "command": "str_replace", "old_str": old, "new_str": new}
    edit = {"id": 1, "source": "agent", "action": "edit", "args": args}
    counted = [0]

    def differences(rows: Sequence[object]) -> list[int]:
        counted[0] += 1
        return hunks.differences(rows)

    monkeypatch.setattr(event, "differences", differences)
    async with opened(write(tmp_path / "x.json", [message(0), edit])) as shown:
        await shown.press("2", "j")
        await shown.wait("old 3")
        await shown.wait(lambda: shown.app.screen.side.active.has_differences)
        await shown.settle()
        pane = shown.app.screen.side.active
        assert pane.has_differences
        segments, counted[0] = len(pane._segments.all), 0
        for at in (40, 80, 120):
            pane.scroll_to(y=at, animate=False, immediate=True)
            await shown.settle()
        assert counted[0] <= segments
