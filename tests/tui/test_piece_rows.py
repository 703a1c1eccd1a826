"""The lines of a text that is held in pieces are those of the text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from documents import ran, run
from program import write
from screens import opened
from trajcore import masking
from trajcore.longtext import JsonText, LongText, StringText
from trajcore.text import safe
from trajcore.views import pieces as module
from trajcore.views.blocks import output_text
from trajcore.views.pieces import NotInPieces, Pieces
from trajtui.widgets.piecerows import PartedLine, PieceRows
from trajtui.widgets.sideways import LongLine
from trajtui.widgets.textrows import TextRows

SECRET = "correct-horse-battery"
WORDS = st.sampled_from(
    ["a", "bc ", "\n", "\\", "é", "漢", "🎉", "line\n", "long" * 30, "no blank" * 9, SECRET]
)
CONTROLS = st.sampled_from(
    ["\t", "\r", "\b", "\x1b[31m", "\x1b[K", "\x1b[A", "\x1b]0;x\x07", "\x1b]0;", "\x9d", "\u2028"]
)
PLAIN, ANY = (st.lists(words, max_size=40).map("".join) for words in (WORDS, WORDS | CONTROLS))


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 40)
    masking.hide(SECRET)


def _held(text: str, how: str) -> LongText:
    return (
        StringText(text)
        if how == "string"
        else JsonText(None, json.dumps(text, ensure_ascii=how == "ascii").encode())
    )


HOW = st.sampled_from(["string", "ascii", "utf-8"])
MAKE = st.sampled_from([safe, output_text])


@given(PLAIN, HOW, MAKE)
def test_the_rows_of_the_pieces_are_the_lines(text: str, how: str, make: Callable[[str], str]) -> None:
    try:
        rows = PieceRows(Pieces(_held(text, how), make), "style")
    except NotInPieces:
        assert SECRET[:6] in text  # too many of them, and nothing between
        return
    lines = make(text).split("\n")
    assert [_whole(row[0]) for row in rows] == lines
    assert rows.widest == max(map(cell_len, lines))
    assert not any(SECRET in _whole(row[0]) for row in rows)


@given(ANY, HOW, MAKE)
def test_what_draws_is_shown_as_it_is_as_a_whole_or_is_no_matter_of_pieces(
    text: str, how: str, make: Callable[[str], str]
) -> None:
    try:
        rows = PieceRows(Pieces(_held(text, how), make), "style")
    except NotInPieces:
        return
    whole = TextRows(make(text), "style")
    # Whether blanks at the end of a line are there depends, behind a tab, on what else there is in a text.
    assert [_whole(row[0]).rstrip() for row in rows] == [row[0].rstrip() for row in whole]


@given(
    st.lists(WORDS.filter(lambda word: "\n" not in word), min_size=60, max_size=90).map("".join),
    HOW,
    st.data(),
)
def test_any_stretch_of_a_line_of_many_pieces_is_cut_out(text: str, how: str, data: st.DataObject) -> None:
    try:
        (row,) = PieceRows(Pieces(_held(text, how), safe), "style")
    except NotInPieces:
        return
    whole = LongLine(safe(text))
    assert isinstance(row[0], LongLine)
    assert row[0].width == whole.width
    left, width = data.draw(st.integers(0, whole.width)), data.draw(st.integers(1, 60))
    assert row[0].cut(left, width) == whole.cut(left, width)


def test_what_moves_the_cursor_or_never_ends_is_made_as_a_whole() -> None:
    for text in ("line\n" * 30 + "\x1b[A", "line\n" * 30 + "\x1b]0;" + "x\n" * 40, "x" * 100 + "\rover it"):
        with pytest.raises(NotInPieces):
            PieceRows(Pieces(StringText(text), output_text), "")


def _whole(line: str) -> str:
    return line.cut(0, line.width) if isinstance(line, PartedLine) else line


# On the screen


LINES = "\n".join(["the very first line", *(f"größe {number} 🎉" for number in range(130_000)), "the end"])
ONE = "the very first line\n" + "abcdefghi " * 300_000 + "the end"


@pytest.mark.parametrize("text", [LINES, ONE], ids=["lines", "one line"])
async def test_a_large_observation_is_seen_searched_and_copied(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # pieces as large as they are
    path = write(tmp_path / "x.json", [run(0, "true"), run(1, "cat large"), ran(2, 1, text)])
    async with opened(path) as shown:
        await shown.press("2", "j")
        await shown.wait("the very first line")
        pane = shown.app.screen.side.active

        def laid_out() -> list[PieceRows]:
            return [one.body for one in pane._segments.all if isinstance(one.body, PieceRows)]

        await shown.wait(laid_out)  # its beginning, which is there before, may have as many rows
        assert [len(one) for one in laid_out()] == [text.count("\n") + 1]
        assert pane.line_count() > text.count("\n")
        await shown.press("tab", "G")
        if text is ONE:
            pane.scroll_to(x=pane.max_scroll_x, animate=False, immediate=True)
        await shown.wait("the end")
        await shown.press("tab", "g", "/", *"the end", "enter")
        await shown.wait("1/1")
        await shown.press("escape", "y", "o")
        await shown.wait(lambda: "copied" in shown.text)
