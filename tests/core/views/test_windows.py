"""What is compared of two very long texts."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from trajcore.views.windows import window_of

TEXTS = st.lists(st.sampled_from(["a", "bb", "", "a long line of words"]), max_size=12).map("\n".join)


@given(TEXTS, TEXTS, st.integers(1, 80))
@example("a\nb\nc\n", "a\nx\nb\nc\n", 3)
def test_what_is_not_in_the_window_is_equal_or_named(one: str, other: str, most: int) -> None:
    window = window_of(one, other, most)
    begin, (end, its_end) = window.begin, window.ends
    assert one[:begin] == other[:begin]
    assert begin == 0 or one[begin - 1] == "\n"
    assert window.before == one[:begin].count("\n")
    assert begin <= end <= len(one)
    assert begin <= its_end <= len(other)
    assert max(end, its_end) - begin <= 2 * most
    if window.left_out == (0, 0):
        assert one[end:] == other[its_end:]
        assert len(one[end:].splitlines()) == window.behind
    assert bool(window.unread) == (window.left_out != (0, 0))


def test_a_line_that_came_is_all_that_is_compared() -> None:
    lines = [f"line {number}\n" for number in range(1000)]
    one, other = "".join(lines), "".join([*lines[:500], "more\n", *lines[500:]])
    window = window_of(one, other, 100)
    assert (one[window.begin : window.ends[0]], other[window.begin : window.ends[1]]) == ("", "more\n")
    assert (window.before, window.behind, window.unread) == (500, 500, "")


def test_what_is_left_out_is_said() -> None:
    one, other = "".join(f"{at}\n" for at in range(1000)), "".join(f"x{at}\n" for at in range(900))
    window = window_of(one, other, 300)
    assert one[: window.ends[0]].count("\n") + window.left_out[0] == 1000
    assert "not compared" in window.unread
