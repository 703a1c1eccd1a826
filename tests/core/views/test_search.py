"""What a search has found, and what would become of it."""

from __future__ import annotations

import json

import pytest

from documents import message, run
from trajcore.errors import BadInput
from trajcore.trajectory import Trajectory
from trajcore.views.search import found

TRAJECTORY = Trajectory.from_bytes(json.dumps([message(0, "a needle"), run(1, "needle needle")]).encode())


def test_matches_are_counted_in_words() -> None:
    assert found(TRAJECTORY, "needle").words == "3 matches in 2 events"
    assert found(TRAJECTORY, "a n").words == "1 match in 1 event"


def test_a_line_says_what_is_there_and_what_will_be() -> None:
    line = found(TRAJECTORY, "n(.)edle", regex=True).line(0, r"\1")
    assert (line.label, line.field) == ("0", "content")
    assert (line.before, line.text, line.replacement, line.after) == ("a ", "needle", "e", "")


def test_a_replacement_that_cannot_be_is_refused_and_still_shown() -> None:
    matches = found(TRAJECTORY, "needle", regex=True)
    with pytest.raises(BadInput):
        matches.check(r"\9", first=True)
    assert matches.line(0, r"\9").replacement == r"\9"
