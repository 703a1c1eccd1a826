"""What is said of a replay that has stopped, in one sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from trajcore import notices
from trajcore.replay.positions import Ending, ending_of
from trajcore.replay.report import sentence
from trajcore.replay.run import EXECUTED, Status, StepResult
from trajcore.replay.states import Stop
from trajcore.replay.verdict import Match
from trajcore.sandbox.choose import ASKED_FOR
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.views.marks import duration_said
from trajcore.views.rows import kind_name
from trajcore.views.timeline import last_row

Step = tuple[int, StepResult]
"""The index of a step of the recording, and what came of it."""

_LONGEST: Final = 60
_REASON_ENDS: Final = re.compile(r",? and |; | \(|\. |\.$")
"""Where the first of several reasons for a sandbox ends; the dialog of the world has all of them."""
_SATISFIED: Final = {
    Status.RECORDED: "served from the recording",
    Status.SKIPPED: "skipped",
    Status.UNKNOWN: "unknown",
    Status.DIVERGED: "diverged",
}
_COMPARED: Final = {
    Match.EQUAL: "equal",
    Match.NORMALISED: "equal after normalising",
    None: "nothing to compare",
}


def of_start(session: Session, key: str) -> str:
    """What `key` does before anything was played, in what it will run, and why in few words."""
    kind, why = session.sandbox_kind, _REASON_ENDS.split(session.sandbox_why)[0]
    where = "nothing is executed" if kind == "recorded" else f"in {kind}"
    reason = "" if why == ASKED_FOR else f": {why}"
    return safe_line(f"{key} plays the first step · {where}{reason}")


def of_stop(session: Session, stop: notices.Stopped) -> str:
    """Why a replay has stopped, and what it did since it began."""
    steps = _steps(session, stop)
    did = of_steps(session, steps)
    match stop.why:
        case Stop.INTERRUPTED:
            said = f"interrupted: {did}" if did else f"interrupted before {event(session, stop.position)}"
        case Stop.EVENT:
            said = _joined(f"breakpoint at {event(session, stop.position)}", did)
        case Stop.BEFORE:
            said = _joined(f"breakpoint {stop.condition}: before {event(session, stop.position)}", did)
        case Stop.BEHIND:
            whole = did if len(steps) > 1 else ""
            said = _joined(f"breakpoint {stop.condition}: {of_steps(session, steps[-1:])}", whole)
        case _:
            said = _there(session, steps)
    return safe_line(said)


def of_condition(stop: notices.Stopped, step: str) -> str:
    """Which breakpoint's condition a replay has stopped for; `step`: what the last one is called."""
    behind = f", true of {step}" if stop.why is Stop.BEHIND else ""
    return f"breakpoint {stop.condition}{behind}" if stop.condition else ""


def _there(session: Session, steps: Sequence[Step]) -> str:
    """What was done; at the end of the recording also what all of the run came to."""
    if not session.at_end:
        return of_steps(session, steps) or _last(session)
    end = "end of the recording" if ending_of(session.trajectory) is Ending.OPEN else ""
    return _joined(of_steps(session, steps) if len(steps) == 1 else "", end, session.summary())


def of_steps(session: Session, steps: Sequence[Step]) -> str:
    """What came of a step, or of several: how many ended how. Nothing where there was none."""
    if len(steps) > 1:
        return sentence(steps, session.trajectory.label)
    return _joined(*(_of_step(session, index, result) for index, result in steps))


def _of_step(session: Session, index: int, result: StepResult) -> str:
    code = "" if result.exit_code is None else f"exit {result.exit_code}"
    took = duration_said(result.seconds) if result.status in EXECUTED else ""
    files = 0 if result.files is None else result.files.count
    changed = f"{files} file{'s' * (files != 1)} changed" if files else ""
    outcome = ", ".join(filter(None, (code, _compared(result), took)))
    head = session.trajectory.head(index)
    return _joined(f"{session.trajectory.label(index)} {kind_name(head)}: {outcome}", changed)


def _compared(result: StepResult) -> str:
    """How a step compares with its recording."""
    said = _SATISFIED.get(result.status) or _COMPARED[result.match]
    tells_more = result.status in (Status.DIVERGED, Status.UNKNOWN) and result.reason
    return f"{said}: {result.reason}" if tells_more else said


def event(session: Session, index: int) -> str:
    """How an event of the recording is called: its label, kind, and what it says."""
    trajectory = session.trajectory
    if index >= len(trajectory):
        return "the end"
    head = trajectory.head(index)
    return f"{trajectory.label(index)} {kind_name(head)} {_cut(head.summary())}"


def _last(session: Session) -> str:
    """What was done last, where it asked nothing of the world: somebody's words."""
    row = last_row(session.trajectory, session.run)
    index = None if row is None else row.index(session.trajectory)
    if index is None or not session.position:
        return ""
    head = session.trajectory.head(index)
    return f"{session.trajectory.label(index)} {kind_name(head)}: {_cut(head.summary())}"


def _steps(session: Session, stop: notices.Stopped) -> list[Step]:
    """The steps that were satisfied since it began."""
    places = range(stop.begun, min(stop.position, len(session.trajectory)))
    found = ((index, session.result_of(index)) for index in places)
    return [(index, result) for index, result in found if result is not None]


def _cut(text: str) -> str:
    line = safe_line(text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))
