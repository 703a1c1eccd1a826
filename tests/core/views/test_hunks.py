"""What differs of two texts: enough to make the one of the other, no more, and in time that is bounded."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.sandbox.tracking.textdiff import Differ
from trajcore.views.differing import as_lines
from trajcore.views.hunks import CONTEXT, Gap, Hunk, Hunks, Lines, hunks
from trajcore.views.matching import matches
from trajcore.views.unified import from_unified
from trajcore.views.words import Pieces, Tone, marked

LINES = st.lists(
    st.sampled_from(["a", "b", "c", "", "a b c", "a b d", "a  b c", "é\u0301", "\tx"]), max_size=40
)
WORDS = st.lists(st.sampled_from(["a", "bb", "1", " ", "  ", "\t", ".", "(", "-"]), max_size=12).map("".join)


def of(*lines: str) -> Lines:
    return Lines(lines, lines)


def other_side(left: list[str], found: Hunks) -> list[str]:
    """What the hunks make of the lines of the left side."""
    made: list[str] = []
    at = 0
    for hunk in found.hunks:
        made += left[at : at + hunk.gap.lines]
        at += hunk.gap.lines
        for pair in hunk.pairs:
            if pair.left is not None:
                assert (left[at], pair.number) == (pair.left, at + 1)
                at += 1
            made += [] if pair.right is None else [pair.right]
    assert found.behind.lines == len(left) - at
    return made + left[at:]


def text(pieces: Pieces, *tones: Tone) -> str:
    return "".join(piece.text for piece in pieces if not tones or piece.tone in tones)


@given(LINES, LINES)
def test_hunks_lead_from_one_side_to_the_other(left: list[str], right: list[str]) -> None:
    found = hunks(of(*left), of(*right))
    assert other_side(left, found) == right
    assert (not found.hunks) == (left == right)


@given(WORDS, WORDS)
def test_marked_words_are_exactly_what_differs(left: str, right: str) -> None:
    one, other = marked(left, right, left, right)
    assert (text(one), text(other)) == (left, right)
    assert text(one, Tone.SAME) == text(other, Tone.SAME)
    assert (text(one, Tone.SAME) == left == right) == (left == right)
    assert not text(one, Tone.ASIDE) + text(other, Tone.ASIDE)


@pytest.mark.parametrize(
    ("left", "right", "changed"),
    [
        ("return a - b", "return a + b", ("-", "+")),
        ("exit 0", "exit 2", ("0", "2")),
        ("one (two)", "one (two, three)", ("", ", three")),
        ("nothing alike", "quite another line", ("nothing alike", "quite another line")),
    ],
)
def test_no_more_is_marked_than_the_words_that_differ(
    left: str, right: str, changed: tuple[str, str]
) -> None:
    one, other = marked(left, right, left, right)
    assert (text(one, Tone.CHANGED), text(other, Tone.CHANGED)) == changed


@given(LINES, LINES)
def test_a_unified_diff_is_read_as_the_same_hunks(left: list[str], right: list[str]) -> None:
    texts = ["".join(f"{line}\n" for line in side) for side in (left, right)]
    diff = Differ().unified("f", *texts)
    found = from_unified(diff.removesuffix("\n").split("\n") if diff else [], named=False)
    read = Hunks(found.hunks, Gap(len(left) - sum(_length(hunk) for hunk in found.hunks)))
    assert other_side(left, read) == right
    assert [hunk.pairs for hunk in found.hunks if not hunk.pairs] == []


def _length(hunk: Hunk) -> int:
    return hunk.gap.lines + sum(pair.left is not None for pair in hunk.pairs)


def test_a_diff_of_events_says_in_words_where_it_is() -> None:
    lines = [
        "--- a.json",
        "+++ a.json",
        "@@ event 3: changed; it stands on one line @@",
        " {",
        "-a",
        "+b",
        " }",
        "… and more",
    ]
    found = from_unified(lines)
    assert [hunk.title for hunk in found.hunks] == [
        "a.json",
        "event 3: changed; it stands on one line",
        "… and more",
    ]
    assert [(pair.left, pair.right) for pair in found.hunks[1].pairs] == [("{", "{"), ("a", "b"), ("}", "}")]
    ended = from_unified(["@@ -1 +1 @@", "-a", "\\ No newline at end of file", "+a"])
    assert ended.hunks[1].title == "\\ No newline at end of file"


def test_what_is_set_aside_is_no_difference() -> None:
    keys = "1 failed in <duration>", "2 failed in <duration>"
    one, other = marked("1 failed in 0.04s", "2 failed in 11.2s", *keys)
    assert (text(one, Tone.CHANGED), text(one, Tone.ASIDE)) == ("1", "0.04s")
    assert (text(other, Tone.CHANGED), text(other, Tone.ASIDE)) == ("2", "11.2s")
    left = Lines(["a 1s", "b 2s"], ["a <d>", "b <d>"])
    aside = hunks(left, Lines(["a 3s", "b 2s"], ["a <d>", "b <d>"]))
    assert aside.count == 0
    assert [pair.tone for pair in aside.hunks[0].pairs] == [Tone.ASIDE, Tone.SAME]
    found = hunks(left, Lines(["a 3s", "c 2s"], ["a <d>", "c <d>"]))
    assert found.count == 1
    assert [pair.tone for pair in found.hunks[0].pairs] == [Tone.ASIDE, Tone.CHANGED]


def test_equal_stretches_are_counted() -> None:
    left = [str(number) for number in range(400)]
    right = [*left[:160], "x", *left[161:300], *left[302:]]
    found = hunks(of(*left), of(*right))
    assert [hunk.gap for hunk in found.hunks] == [Gap(157), Gap(133)]
    assert found.behind == Gap(95)
    assert next(as_lines(found.hunks[0])) == "⋯ 157 equal lines"
    assert len(found.hunks[0].pairs) == 2 * CONTEXT + 1


def test_blanks_are_seen_where_only_they_differ() -> None:
    pair = hunks(of("\tif x: y"), of("    if x:  y")).hunks[0].pairs[0]
    one, other = pair.pieces()
    assert text(one) == "→       if·x:·y"
    assert text(other) == "····if·x:··y"
    pair = hunks(of("if x: y"), of("if x:  z")).hunks[0].pairs[0]
    assert not set("·→") & set(text(pair.pieces()[0]) + text(pair.pieces()[1]))


def test_lines_that_resemble_each_other_stand_beside_each_other() -> None:
    found = hunks(of("def f(a):", "    return a + 1"), of("# new", "def f(a, b):", "    return a + b"))
    pairs = [(pair.left, pair.right) for pair in found.hunks[0].pairs]
    assert pairs == [(None, "# new"), ("def f(a):", "def f(a, b):"), ("    return a + 1", "    return a + b")]


COUNT = 50_000


def _few(chance: random.Random) -> tuple[list[str], list[str]]:
    few = [str(chance.randrange(20)) for _ in range(COUNT)]
    return few, [line for line in few if chance.random() > 0.01]


CASES: dict[str, Callable[[random.Random], tuple[list[str], list[str]]]] = {
    "few that repeat": _few,
    "in turns": lambda _: ([f"{at % 97}" for at in range(COUNT)], [f"{at % 89}" for at in range(COUNT)]),
    "all new": lambda _: ([f"{at} is old {at}" for at in range(COUNT)], [f"{at} new" for at in range(COUNT)]),
    "moved": lambda chance: (
        list(map(str, range(COUNT))),
        chance.sample(list(map(str, range(COUNT))), COUNT),
    ),
    "two and three": lambda _: (["a", "b"] * (COUNT // 2), ["b", "a", "c"] * (COUNT // 3)),
    "one line": lambda _: (["x " * 1_000_000], ["x " * 500_000 + "y" + "x " * 500_000]),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("case", CASES)
def test_texts_of_megabytes_take_seconds_at_most(case: str) -> None:
    left, right = CASES[case](random.Random(5))
    begun = time.thread_time()
    found = hunks(of(*left), of(*right))
    for pair in found.hunks[0].pairs[:50]:
        pair.pieces()
    assert time.thread_time() - begun < 12  # in quadratic time it would be hours
    assert other_side(left, found) == right


def test_a_few_changes_among_lines_that_repeat_are_found() -> None:
    left, right = _few(random.Random(5))
    assert sum(alike.length for alike in matches(left, right)) > len(right) * 0.99
