"""Unified diffs: they say exactly how to get from one text to the other."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patching import patched
from trajcore.sandbox.tracking.textdiff import Differ

TEXTS = st.lists(
    st.sampled_from(["a\n", "b\n", "c\n", "\n", "ä\r\n", "x\x0cy\n", "-\n", "@@ -1 +1 @@\n"]), max_size=40
).map("".join) | st.text(max_size=60)


@given(TEXTS, TEXTS)
def test_a_diff_leads_from_one_text_to_the_other(before: str, after: str) -> None:
    diff = Differ().unified("f", before, after)
    assert patched(before, diff) == after
    assert (diff == "") == (before == after)


@given(TEXTS, TEXTS)
def test_also_when_there_is_no_effort_left(before: str, after: str) -> None:
    assert patched(before, Differ(effort=0).unified("f", before, after)) == after


@given(TEXTS)
def test_files_that_come_and_go(text: str) -> None:
    assert patched("", Differ().unified("f", None, text)) == text
    assert patched(text, Differ().unified("f", text, None)) == ""


def test_three_lines_of_context_and_where_they_are() -> None:
    lines = [f"{number}\n" for number in range(1, 21)]
    changed = [*lines[:9], "ten\n", *lines[10:]]
    assert Differ().unified("/w/f", "".join(lines), "".join(changed)) == (
        "--- a/w/f\n+++ b/w/f\n@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n"
    )


def test_a_last_line_without_an_end() -> None:
    assert Differ().unified("f", "a", "a\n").splitlines()[2:] == [
        "@@ -1 +1 @@",
        "-a",
        "\\ No newline at end of file",
        "+a",
    ]


def test_names_cannot_end_a_line() -> None:
    diff = Differ().unified('/w/a\n+++ b/"\x1b', None, "x\n")
    assert diff.split("\n")[1] == "+++ b/w/a\\012+++ b/\\042\\033"


@pytest.mark.timeout(60)
def test_texts_made_to_be_slow_to_compare() -> None:
    before = "".join(f"{number % 97}\n" for number in range(60_000))
    after = "".join(f"{number % 89}\n" for number in range(60_000))
    diff = Differ().unified("f", before, after)
    assert patched(before, diff) == after
    assert len(re.findall(r"(?m)^@@", diff)) == 1
