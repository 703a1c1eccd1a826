"""Passages of the Sandbox pane as rows: words of the program are whole, output is cut as by a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from trajcore.views.sandboxlog import Passage
from trajtui.widgets.passages import Laid

WORDS = st.lists(st.text(st.sampled_from("abé世"), min_size=1, max_size=6), min_size=1, max_size=30)


@given(WORDS, st.integers(20, 60))
def test_a_note_is_broken_between_its_words(words: list[str], width: int) -> None:
    laid = Laid(Passage(note=" ".join(words)), width, unfolded=False)
    rows = [row[0] for row in laid.head if isinstance(row, tuple)]
    assert max(map(cell_len, rows)) <= width
    assert [word for row in rows for word in row.split()] == words
    assert "".join(row + laid.end(number).rstrip("\n") for number, row in enumerate(rows)) == " ".join(words)


def test_output_is_cut_where_the_pane_ends() -> None:
    passage = Passage(prompt="$ cat")
    passage.output.feed(b"one two three four five six seven\n")
    laid = Laid(passage, 20, unfolded=False)
    assert [laid[number][0] for number in range(1, 3)] == ["one two three four f", "ive six seven"]
