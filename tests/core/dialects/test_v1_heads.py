"""What is read quickly of a record for the timeline is what its event says."""

from __future__ import annotations

from pathlib import Path

import pytest

from conversations import answer, call, compact, hung, message, old, prompt, ran, run, state, talk, unparsed
from recordings import V1
from trajcore.dialects.openhands_v1.heads import quick_head
from trajcore.events.head import head_of
from trajcore.trajectory import Trajectory

REAL = sorted(path.parent for path in V1.glob("*/*/events")) if V1.is_dir() else []


def check(trajectory: Trajectory) -> int:
    """Compare both heads of each event; the answer is how many were read quickly."""
    quick = 0
    for index in range(len(trajectory)):
        slot = trajectory.outline.slots[index]
        quick += quick_head(trajectory.layout.records[slot.records[0]]) is not None
        assert trajectory.head(index) == head_of(trajectory.data(index)), index
    return quick


def test_they_agree_on_built_ones() -> None:
    edits = call(14, "file_editor", "FileEditorAction", command="str_replace", path="/a", old_str="x")
    odd = run(16, "x") | {"action": {"kind": "TerminalAction", "command": 7}}
    records = [
        state(17), *talk(), edits, answer(15, edits, "FileEditorObservation", "done", command="str_replace"),
        odd, ran(17, odd, "y"),
    ]  # fmt: skip
    found = Trajectory.from_bytes(b"[" + b",".join(map(compact, records)) + b"]")
    assert check(found) >= 5
    first = run(2, "ls")
    aged = [old(one) for one in (prompt(), message(1, "user", "go"), first, ran(3, first, "a"))]
    assert check(Trajectory.from_bytes(b"[" + b",".join(map(compact, aged)) + b"]")) == 2
    assert quick_head(compact(unparsed(hung(first, 1)))) is None


@pytest.mark.skipif(not REAL, reason="the shared recordings are not here")
@pytest.mark.parametrize("place", REAL, ids=lambda place: f"{place.parent.name}-{place.name[:4]}")
def test_they_agree_on_real_ones(place: Path) -> None:
    check(Trajectory.open(place))
