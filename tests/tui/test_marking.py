"""What is copied with the mouse is the text itself, however it is wrapped and wherever it is cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from documents import message, ran, run
from screens import Shown, opened
from trajcore.views.blocks import Block, BlockKind
from trajcore.views.chat import ChatPart, ChatTone
from trajtui.widgets.blocks import Row
from trajtui.widgets.folding import FoldingPane
from trajtui.widgets.lines import LinePane
from trajtui.widgets.marking import Mark, Part
from trajtui.widgets.passages import _folded, _wrapped
from trajtui.widgets.speech import body_of
from trajtui.widgets.wrapping import wrapped, wrapped_text

TEXT = st.text(st.sampled_from("ab  é世\n-"), max_size=80)
SENTENCE = "a sentence that is wrapped where 世界 there is room for no more of it " * 5
OUTPUT = f"first {'word ' * 60}last\n{'x' * 150}\n\nbehind an empty line, {'é世' * 60}"


def joined(rows: list[str]) -> str:
    ends = [*(row.end if isinstance(row, Part) else "\n" for row in rows[:-1]), ""]
    return "".join(row + end for row, end in zip(rows, ends, strict=True))


@given(TEXT, st.integers(2, 12))
def test_rows_and_what_stands_between_them_are_the_text(text: str, width: int) -> None:
    rows = wrapped(text, width)
    assert (joined(rows) + (rows[-1].end if isinstance(rows[-1], Part) else "")).rstrip("\n ") == text.rstrip(
        "\n "
    )
    assert joined(rows).count("\n") >= text.rstrip("\n ").count("\n")


@given(TEXT, st.integers(2, 12))
def test_coloured_rows_and_what_stands_between_them_are_the_line(text: str, width: int) -> None:
    line = text.replace("\n", " ")
    rows = wrapped_text(Text(line), width)
    ends = [row.end for row in rows[:-1]]
    said = [rows[0].plain.rstrip(), *(row.plain.strip() for row in rows[1:])]
    whole = "".join(row + end for row, end in zip(said, [*ends, ""], strict=True))
    assert whole.rstrip() == line.rstrip()


@given(TEXT, st.integers(2, 12))
def test_rows_of_a_terminal_are_the_text(text: str, width: int) -> None:
    rows: list[Row] = _wrapped(text, "output", width)
    assert joined([row[0] for row in rows if isinstance(row, tuple)]) == text
    coloured = _folded(f"\x1b[31m{text.replace(chr(10), '')}b", width)
    assert all(isinstance(row, tuple) or row.end in ("", "\n") for row in coloured)


def all_of(pane: LinePane) -> str:
    """What a mark from its first cell to its last one says."""
    pane._mark = Mark((0, 0), (pane.line_count() - 1, Mark.FAR))
    return pane.marked_text


async def drawn_to_the_end(screen: Shown, pane: FoldingPane, text: str) -> None:
    """Mark with the mouse from the first of a text to where it ends."""
    rows = [pane.line_text(number).plain for number in range(pane.line_count())]
    first = next(number for number, row in enumerate(rows) if row.lstrip().startswith(text))
    pane.go(first + 6)
    pane.focus()
    await screen.settle()
    region = pane.region
    top = region.y + first - pane.scroll_offset.y
    await screen.pilot.mouse_down(offset=(region.x + rows[first].index(text), top))
    await screen.pilot.hover(offset=(region.right - 2, top + 6))
    await screen.pilot.mouse_up(offset=(region.right - 2, top + 6))


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_a_drag_over_wrapped_rows_copies_the_text(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([message(0, "go"), run(1, "cat words"), ran(2, 1, OUTPUT), message(3, "bye")]))
    async with opened(path, size) as screen:
        await screen.press("j", "2", "2")
        await screen.wait("first word")
        pane = screen.app.screen.query_one("#event", FoldingPane)
        await drawn_to_the_end(screen, pane, "first word")
        marked = screen.app.screen.panes.selected_text()
        assert len(marked) > 200
        assert OUTPUT.startswith(marked.rstrip())
        assert OUTPUT in all_of(pane)


async def test_prose_of_the_chat_is_copied_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    listed = f"- {SENTENCE.strip()}"
    path.write_text(
        json.dumps([message(0, f"{SENTENCE.strip()}\n\n{listed}\n\nbehind it"), message(1, "bye")])
    )
    async with opened(path, (80, 24)) as screen:
        await screen.press("c")
        await screen.settle()
        await screen.press("5")
        await screen.wait("bye")
        pane = screen.app.screen.query_one("#chat", LinePane)
        copied = all_of(pane)
        assert copied.count(SENTENCE.strip()) == 2
        assert "it\n\n • a sentence" in copied


def test_what_stands_indented_in_the_chat_is_copied_without_that() -> None:
    part = ChatPart("", Block(BlockKind.OUTPUT, OUTPUT), ChatTone.OUTCOME)
    rows = [row[0] for row in body_of(part, part.block, 40) if isinstance(row, tuple)]
    assert all(isinstance(row, Part) and row.lead == 4 for row in rows)
    assert joined([Part(row[4:], row.end) for row in rows if isinstance(row, Part)]) == OUTPUT
