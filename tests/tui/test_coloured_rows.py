"""Code and Markdown in colours: the rows are those of the texts, and no object is kept for each."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from rich.syntax import Syntax
from rich.text import Text

from trajcore.views.blocks import code, prose
from trajtui.widgets import ink
from trajtui.widgets.blocks import rows_of
from trajtui.widgets.colouredrows import ColouredRows
from trajtui.widgets.lines import text_strip

STYLES = st.sampled_from(["", "bold", Style(color="red")])


def drawn(row: object) -> list[Segment]:
    assert isinstance(row, Text)
    return list(text_strip(row, Style()).simplify())


@given(st.lists(st.tuples(st.lists(st.tuples(st.text("ab漢 ", max_size=5), STYLES), max_size=4), STYLES)))
def test_a_row_is_the_text_that_it_was_made_of(rows: list[tuple[list[tuple[str, str | Style]], str]]) -> None:
    texts = [Text.assemble(*parts, style=style, end=" ") for parts, style in rows]
    kept = ColouredRows(texts)
    assert [(row, row.style, row.end) for row in kept] == [(row, row.style, " ") for row in texts]
    assert kept.widest == max((row.cell_len for row in texts), default=0)


LINES = st.sampled_from(["def f(a):", "    return 'x\ty'  # z", "", '"""', "1 + 漢", "\n"])


@settings(max_examples=20)
@given(st.lists(LINES, max_size=12))
@pytest.mark.parametrize("language", ["python", "/a.c", "/unknown", "json"])
def test_code_has_the_colours_that_it_has_as_a_whole(language: str, lines: list[str]) -> None:
    text = "\n".join(["x = 1", *lines])
    name = Syntax.guess_lexer(language[1:]) if language.startswith("/") else language
    whole = Syntax(text, name, theme=ink.code(), background_color="default").highlight(text.expandtabs(8))
    wanted = list(whole.split("\n", allow_blank=True))[: text.count("\n") + 1]
    rows = list(rows_of(code(text, language), 1000, ""))
    assert list(map(drawn, rows)) == list(map(drawn, wanted))


def test_nothing_of_code_that_is_wider_than_a_pane_is_left_out() -> None:
    text = f"print('{'x' * 130}') # {'words ' * 40}end"
    rows = list(rows_of(code(text, "python"), 40, ""))
    assert all(row.cell_len <= 40 for row in rows if isinstance(row, Text))
    assert "".join(row.plain + row.end for row in rows if isinstance(row, Text)).split() == text.split()


@pytest.mark.parametrize(
    "make", [lambda n: code("x = 'a'  # b\n" * n, "python"), lambda n: prose("- some *words*\n" * n)]
)
def test_no_object_is_kept_for_each_row(make: object) -> None:
    assert callable(make)
    counts = []
    for count in (100, 400):
        rows_of(make(count), 80, "")  # what is loaded with the first
        gc.collect()
        before = len(gc.get_objects())
        rows = rows_of(make(count), 80, "")
        gc.collect()
        counts.append(len(gc.get_objects()) - before)
        assert len(rows) >= count
    assert counts[1] < counts[0] + 100
