"""What a run came to, in one sentence and in the report."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.replay.report import Step, counts, sentence
from trajcore.replay.run import Status, StepResult
from trajcore.replay.verdict import Comparison, Match
from trajcore.sandbox.base import FileChange, FileChanges


def label(index: int) -> str:
    return "9" if index == 4 else f"#{index}"


def result(
    index: int,
    status: Status = Status.MATCHED,
    match: Match | None = None,
    reason: str = "",
    id: int | None = None,
) -> StepResult:
    comparison = Comparison(match, reason) if status in (Status.MATCHED, Status.DIVERGED) else None
    return StepResult(index, id, "run", status, comparison, 0, 0, 0.123456789, reason, None, None)


EQUAL = result(1, match=Match.EQUAL)
NORMALISED = result(2, match=Match.NORMALISED)
UNCOMPARED = result(3)
DIVERGED = result(4, Status.DIVERGED, reason="exit 0 → 1", id=9)
SERVED = result(5, Status.RECORDED, reason="served from the recording")
SKIPPED = result(6, Status.SKIPPED, reason="not executed")
UNKNOWN = result(7, Status.UNKNOWN, reason="the recording does not tell enough of f")


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([EQUAL], "1 step: 1 equal"),
        (
            [EQUAL] * 12 + [NORMALISED, DIVERGED],
            "14 steps: 12 equal, 1 equal after normalising, 1 diverged (step 9: exit 0 → 1)",
        ),
        (
            [UNCOMPARED, SERVED, SKIPPED],
            "3 steps: 1 with nothing to compare, 1 served from the recording, 1 skipped",
        ),
        ([EQUAL, UNKNOWN], "2 steps: 1 equal, 1 unknown"),
        ([DIVERGED, DIVERGED], "2 steps: 2 diverged (step 9: exit 0 → 1, …)"),
        ([result(5, Status.DIVERGED, reason="x")], "1 step: 1 diverged (step #5: x)"),
        ([], "0 steps: nothing in it asks anything of a sandbox"),
    ],
)
def test_one_sentence_says_what_happened(results: list[StepResult], expected: str) -> None:
    assert sentence([(result.uid, result) for result in results], label) == expected


def test_what_was_not_played_is_not_said_to_ask_for_nothing() -> None:
    assert sentence([], label, whole=False) == "0 steps"


@given(st.lists(st.sampled_from([EQUAL, NORMALISED, UNCOMPARED, DIVERGED, SERVED, SKIPPED, UNKNOWN])))
def test_the_counts_add_up_as_the_contract_says(results: list[StepResult]) -> None:
    found = counts(results)
    assert list(found) == ["actions", "executed", "matched", "diverged", "skipped", "recorded", "unknown"]
    assert found["actions"] == len(results)
    assert found["executed"] == found["matched"] + found["diverged"]
    others = ("executed", "skipped", "recorded", "unknown")
    assert found["actions"] == sum(found[name] for name in others)


def test_a_step_of_the_report_has_the_fields_of_the_contract() -> None:
    assert Step.of(4, DIVERGED).to_dict() == {
        "index": 4,
        "id": 9,
        "kind": "run",
        "status": "diverged",
        "match": None,
        "exit_code": 0,
        "recorded_exit_code": 0,
        "seconds": 0.123457,
        "reason": "exit 0 → 1",
        "cause": None,
    }
    assert Step.of(1, NORMALISED).to_dict()["match"] == "normalised"
    assert Step.of(1, EQUAL).to_dict()["match"] == "equal"
    assert Step.of(1, UNCOMPARED).to_dict()["match"] is None


def test_a_step_says_what_it_changed_where_that_was_looked_at() -> None:
    assert "files" not in Step.of(1, EQUAL).to_dict()
    assert Step.of(1, replace(EQUAL, files=FileChanges())).to_dict()["files"] == []
    changed = FileChange("/w/a", "changed", 2, 4, "--- a/w/a\n", "mode 644 → 755")
    files = FileChanges((changed,), more=7, note="only /w is watched")
    entry = Step.of(1, replace(EQUAL, files=files)).to_dict()
    assert entry["files"] == [
        {
            "path": "/w/a",
            "change": "changed",
            "before": 2,
            "after": 4,
            "diff": "--- a/w/a\n",
            "note": "mode 644 → 755",
        }
    ]
    assert (entry["more_files"], entry["files_note"]) == (7, "only /w is watched")
