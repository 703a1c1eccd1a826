"""Expressions of the user's: a long text is looked through in pieces, and comes to the same as a whole."""

from __future__ import annotations

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from trajcore import patterns
from trajcore.errors import BadInput
from trajcore.patterns import Expression

SOURCES = (
    *("ab", "a+b", "^b", "b$", r"\bab\b", "(?<=a)b", "a(?=b)", "a(?!b)", "(?<!a)b", "a|abab", "b?"),
    *("a.*b", r"a[\s\S]*b", r"a\s+b", r"\Ab", r"b\Z", "(a)b*\\1", "(?s)a.+?b$", "a{3}", "[^a]b", ""),
)


@given(text=st.text("ab \n", max_size=60), source=st.sampled_from(SOURCES), piece=st.integers(1, 8))
@example(text="aab", source="b$", piece=2)
@example(text="ab ab", source="a(?!b)", piece=1)
def test_what_is_found_in_pieces_is_what_is_found_in_the_whole(text: str, source: str, piece: int) -> None:
    whole = any(match[0] for match in regex.finditer(source, text, regex.IGNORECASE | regex.MULTILINE))
    before, patterns.PIECE = patterns.PIECE, piece
    try:
        assert any(Expression(source, case=False, lines=True).looked_for(text)) == whole
    finally:
        patterns.PIECE = before


@pytest.mark.parametrize("source", ["needle", "(hay|needle) in", r"\bNEEDLE\b", "e in the [a-z]+$"])
def test_many_megabytes_are_searched_to_their_end(source: str) -> None:
    text = "a line of a log that is long enough\n" * 1_000_000 + "a needle in the haystack"
    turns = list(Expression(source, case=False, lines=True).looked_for(text))
    assert turns[-1]
    assert len(turns) > 100


def test_an_expression_that_takes_too_long_says_so() -> None:
    with pytest.raises(BadInput, match="takes too long"):
        any(Expression("(a+)+$", lines=True).looked_for("a" * 100_000 + "b"))
