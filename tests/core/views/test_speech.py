"""A model's text, written as it comes: nothing of it reaches the terminal but what can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.views.speech import Speech

START = "★        agent        "
UNDER = " " * len(START)

PIECES = st.lists(st.text(st.sampled_from("ab \t\r\n\x1b\x9b\u202e\u2028[2J"), max_size=5), max_size=8)


def written(pieces: list[str], *, whole_lines: bool) -> list[str]:
    """What is written at each piece, and at the end."""
    speech = Speech(whole_lines=whole_lines)
    return [*(speech.more(piece) for piece in pieces), speech.end()]


def test_on_a_terminal_each_piece_appears_at_once() -> None:
    assert written(["I ", "look", ".\n\nThen"], whole_lines=False) == [
        f"{START}I ",
        "look",
        f".\n\n{UNDER}Then",
        "\n",
    ]


def test_elsewhere_lines_are_whole() -> None:
    assert written(["I ", "look.\nThen", " I act"], whole_lines=True) == [
        "",
        f"{START}I look.\n",
        "",
        f"{UNDER}Then I act\n",
    ]


def test_a_text_after_another_begins_anew() -> None:
    speech = Speech(whole_lines=False)
    assert speech.more("one") + speech.end() + speech.end() + speech.more("two") == f"{START}one\n{START}two"


@pytest.mark.parametrize("whole_lines", [False, True])
def test_a_newline_may_come_in_two_pieces(whole_lines: bool) -> None:
    assert "".join(written(["a\r", "\nb"], whole_lines=whole_lines)) == f"{START}a\n{UNDER}b\n"


@given(PIECES)
def test_however_it_is_cut_the_same_is_written_and_it_is_safe(pieces: list[str]) -> None:
    whole = "".join(written(["".join(pieces)], whole_lines=True))
    for whole_lines in (False, True):
        given_out = written(pieces, whole_lines=whole_lines)
        assert "".join(given_out) == whole
        if whole_lines:
            assert all(part.endswith("\n") for part in given_out if part)
    assert not set(whole) & set("\r\x1b\x9b\u202e\u2028")
    assert all(line.startswith((START, UNDER)) for line in whole.split("\n") if line)
