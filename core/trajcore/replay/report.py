"""What a run came to: the report of the contract as an object, as one sentence, as JSON and as JUnit XML."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from trajcore.errors import TrajError
from trajcore.masking import known
from trajcore.replay.run import Status, StepResult
from trajcore.replay.verdict import Match
from trajcore.text import safe
from trajcore.worlds.choice import NONE

if TYPE_CHECKING:
    from trajcore.live.outcome import LiveOutcome
    from trajcore.sandbox.base import FileChanges
    from trajcore.worlds.plan import World

_NOT_XML: Final = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""A text: compiling it takes milliseconds, which only who writes XML waits for."""


@dataclass(frozen=True)
class Step:
    """One recorded action that asked something of the world, in the words of the report."""

    index: int
    id: int | None
    kind: str
    status: str
    """`matched`, `diverged`, `skipped`, `recorded` (served, not executed), or `unknown`: it rests on what a
    reconstructed world cannot know.
    """
    match: str | None
    """`equal` or `normalised`; None where nothing was compared, or it diverged."""
    exit_code: int | None
    recorded_exit_code: int | None
    seconds: float
    reason: str
    cause: str | None = None
    """What kind of thing made it diverge (`causes.Cause`); None where it did not."""
    files: FileChanges | None = None
    """What it changed in the sandbox's files; None where that is not told."""
    summary: str = ""
    """The action in one line."""
    recorded: str = field(default="", repr=False)
    """The text that was recorded for it."""
    actual: str = field(default="", repr=False)
    """The text that came back in this run."""
    emptied_by: str = ""
    """The pattern of yours (`normalise`) that left nothing to compare, where it is equal by that alone."""
    label: str = ""
    """What it is called: its id, or `#index` where that is missing or repeated."""

    @classmethod
    def of(cls, index: int, result: StepResult, summary: str = "", label: str = "") -> Step:
        """The step at an index, of which a result tells; secrets are masked."""
        mask = known().text
        return cls(
            index=index,
            id=result.id,
            kind=result.kind,
            status=result.status.value,
            match=result.match.value if result.match else None,
            exit_code=result.exit_code,
            recorded_exit_code=result.recorded_exit_code,
            seconds=result.seconds,
            reason=mask(result.reason),
            cause=result.cause.value if result.cause else None,
            files=result.files,
            summary=mask(summary),
            recorded=mask(result.recorded.content) if result.recorded else "",
            actual=mask(result.actual.content) if result.actual else "",
            emptied_by=result.comparison.emptied_by if result.comparison else "",
            label=label,
        )

    def to_dict(self) -> dict[str, Any]:
        """As the report has it. `files` is there where it was told what the step changed."""
        return {
            "index": self.index,
            "id": self.id,
            "kind": self.kind,
            "status": self.status,
            "match": self.match,
            "exit_code": self.exit_code,
            "recorded_exit_code": self.recorded_exit_code,
            "seconds": round(self.seconds, 6),
            "reason": self.reason,
            "cause": self.cause,
            **({} if self.files is None else _files(self.files)),
        }


@dataclass(frozen=True)
class Report:
    """What a replay came to."""

    trajectory: str
    """The name of the recording: its path, as it was given."""
    sandbox: str | None
    """The kind of sandbox that the actions ran in; None where none was chosen."""
    mode: str
    """`replay`, or `live` where a model was asked to carry on."""
    state: str
    """A value of `states.Standing`."""
    events: int
    """How many events the recording has."""
    counts: dict[str, int]
    """How many `actions` there were, and how many of them were `executed`, `matched`, …"""
    seconds: float
    """How long it took, the start and the removal of the sandbox included."""
    steps: tuple[Step, ...]
    """In the order in which they were satisfied."""
    summary: str
    """All of it in one sentence."""
    stopped_before: str | None = None
    """The event that comes next where the replay paused: its id, or `#index`."""
    failure: TrajError | None = None
    """What ended the run where `state` is `error`."""
    live: LiveOutcome | None = None
    """What the model's turns came to; None where no model was asked."""
    live_steps: bool = False
    """Whether a model has added anything."""
    world: World | None = None
    """The world that it began in; None where none was chosen."""
    remade_from: int | str | None = None
    """The first step that came out otherwise when a way back executed it again: its id, or `#index`."""
    evidence: Mapping[str, int] | None = None
    """How many files were reconstructed `whole`, `partial` and `named`; None where none were to be."""
    branch: str = "recorded"
    """The branch that the run ended in: `recorded`, or one that a model has gone on with."""

    def to_dict(self) -> dict[str, Any]:
        """The object that `trajtui replay --report` writes."""
        return {
            "trajectory": self.trajectory,
            "sandbox": self.sandbox,
            "mode": self.mode,
            "state": self.state,
            "events": self.events,
            "counts": self.counts,
            "seconds": round(self.seconds, 3),
            "remade_from": self.remade_from,
            "world": _world(self.world, self.evidence),
            "live": None if self.live is None else self.live.to_dict(),
            "branch": self.branch,
            "steps": [step.to_dict() for step in self.steps],
        }

    @property
    def emptied(self) -> str:
        """Which patterns of yours left nothing to compare, and in how many steps, in words; mostly empty."""
        found = Counter(step.emptied_by for step in self.steps if step.emptied_by)
        return ", ".join(
            f"normalise {pattern!r} left nothing to compare in {count} step{'s' * (count != 1)}"
            for pattern, count in found.items()
        )

    def exit_code(self, *, strict: bool | str = False) -> int:
        """The exit code of `trajtui replay`; a divergence counts where it is `strict`, and with `all` what
        cannot be known does too. So is a model that was left stuck.
        """
        if self.failure is not None:
            return 1 if self.live_steps else self.failure.exit_code
        if self.live is not None and self.live.is_stuck:
            return 1
        counted = self.counts["diverged"] + (self.counts["unknown"] if strict == "all" else 0)
        return 1 if strict and counted else 0

    def junit(self) -> bytes:
        """The steps as JUnit test cases, so that a trajectory is a regression test in anyone's CI."""
        return junit(self.trajectory, self.steps, self.seconds)


def counts(results: Iterable[StepResult]) -> dict[str, int]:
    """How many steps ended how."""
    found = Counter(result.status for result in results)
    executed = found[Status.MATCHED] + found[Status.DIVERGED]
    return {
        "actions": sum(found.values()),
        "executed": executed,
        "matched": found[Status.MATCHED],
        "diverged": found[Status.DIVERGED],
        "skipped": found[Status.SKIPPED],
        "recorded": found[Status.RECORDED],
        "unknown": found[Status.UNKNOWN],
    }


def _world(world: World | None, evidence: Mapping[str, int] | None) -> dict[str, Any]:
    return {
        "kind": NONE if world is None else world.kind,
        "image": world and world.image,
        "repo": world and world.repository,
        "commit": world and world.commit,
        "evidence": dict(evidence or {"whole": 0, "partial": 0, "named": 0}),
    }


def _files(files: FileChanges) -> dict[str, Any]:
    entries = [
        {
            "path": change.path,
            "change": change.kind,
            "before": change.before,
            "after": change.after,
            "diff": change.diff,
            "note": change.note,
        }
        for change in files.files
    ]
    told: dict[str, Any] = {"files": entries}
    if files.more:
        told["more_files"] = files.more
    if files.note:
        told["files_note"] = files.note
    return told


def sentence(
    steps: Iterable[tuple[int, StepResult]], label: Callable[[int], str], *, whole: bool = True
) -> str:
    """What happened, in one sentence: `14 steps: 12 equal, 1 diverged (step 9: exit 0 → 1)`.

    `steps` are the index and the result of each; `label` says what the one at an index is called; `whole`:
    they are all of the recording's.
    """
    steps = list(steps)
    results = [result for _, result in steps]
    if not results:
        return "0 steps: nothing in it asks anything of a sandbox" if whole else "0 steps"
    groups = [
        (_count(results, Match.EQUAL), "equal"),
        (_count(results, Match.NORMALISED), "equal after normalising"),
        (sum(r.status is Status.MATCHED and r.match is None for r in results), "with nothing to compare"),
        (sum(r.status is Status.RECORDED for r in results), "served from the recording"),
        (sum(r.status is Status.SKIPPED for r in results), "skipped"),
        (sum(r.status is Status.UNKNOWN for r in results), "unknown"),
    ]
    parts = [f"{number} {what}" for number, what in groups if number]
    diverged = [(index, result) for index, result in steps if result.status is Status.DIVERGED]
    if diverged:
        index, first = diverged[0]
        more = ", …" if len(diverged) > 1 else ""
        parts.append(f"{len(diverged)} diverged (step {label(index)}: {first.reason}{more})")
    plural = "step" if len(results) == 1 else "steps"
    return f"{len(results)} {plural}: {', '.join(parts)}"


def _count(results: list[StepResult], match: Match) -> int:
    return sum(result.status is Status.MATCHED and result.match is match for result in results)


# JUnit


_NO_VERDICT: Final = frozenset({Status.SKIPPED.value, Status.RECORDED.value, Status.UNKNOWN.value})


def junit(name: str, steps: Iterable[Step], seconds: float) -> bytes:
    """One test case a step: a divergence is a failure, what was not executed or cannot be known is skipped.

    `seconds` is how long the whole run took.
    """
    from xml.etree import ElementTree

    suite = ElementTree.Element("testsuite", name=_clean(name), time=f"{seconds:.3f}")
    numbers = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for step in steps:
        numbers["tests"] += 1
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=_clean(name),
            name=_clean(f"{step.label} {step.kind} {step.summary}"),
            time=f"{step.seconds:.3f}",
        )
        if step.status == Status.DIVERGED.value:
            numbers["failures"] += 1
            failure = ElementTree.SubElement(case, "failure", type="diverged", message=_clean(step.reason))
            failure.text = _clean(_both(step))
        elif step.status in _NO_VERDICT:
            numbers["skipped"] += 1
            ElementTree.SubElement(case, "skipped", message=_clean(step.reason))
    suite.attrib.update({key: str(number) for key, number in numbers.items()})
    ElementTree.indent(suite)
    written: str = ElementTree.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written}\n'.encode()


def _both(step: Step) -> str:
    return f"recorded:\n{step.recorded}\n\nactual:\n{step.actual}"


def _clean(text: str) -> str:
    return re.sub(_NOT_XML, "\ufffd", safe(text))
