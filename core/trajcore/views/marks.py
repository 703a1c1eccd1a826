"""The marks of the timeline's gutter, and one line of text for a step."""

from __future__ import annotations

import re
from typing import Final

from trajcore.replay.run import Status, StepResult
from trajcore.replay.verdict import Match
from trajcore.text import safe_line

RECORDED_ONLY: Final = "·"
NEXT: Final = "▶"
RUNNING: Final = "◐"
EQUAL: Final = "="
NORMALISED: Final = "≈"
DIVERGED: Final = "≠"
UNKNOWN: Final = "?"
EDITED: Final = "✎"
SKIPPED: Final = "⊘"
SERVED: Final = "r"
BREAKPOINT: Final = "●"
BOOKMARK: Final = "⚑"
LIVE: Final = "★"

CHANGED: Final = "Δ"

SOURCES: Final = {"user": "❯", "agent": "◇", "environment": "⌂"}
"""Whose an event is, by its source."""

WORST_FIRST: Final = (
    *(DIVERGED, UNKNOWN, EDITED, LIVE, NORMALISED, SKIPPED, SERVED, EQUAL, RECORDED_ONLY, " "),
)
"""Which mark stands for several."""

MEANINGS: Final = (
    (RECORDED_ONLY, "recorded only, not played yet"),
    (NEXT, "comes next"),
    (RUNNING, "is being carried out, for so long"),
    (EQUAL, "executed, equal to the recording"),
    (NORMALISED, "equal once what is known to vary is set aside"),
    (DIVERGED, "diverged from the recording"),
    (UNKNOWN, "rests on what the recording does not tell of its files"),
    (SERVED, "served from the recording, not executed"),
    (SKIPPED, "skipped"),
    (EDITED, "edited"),
    (BREAKPOINT, "breakpoint"),
    (BOOKMARK, "bookmark"),
    (LIVE, "added in this run: your message, or the model's work"),
    (SOURCES["user"], "of the user"),
    (SOURCES["agent"], "of the agent"),
    (SOURCES["environment"], "of the environment"),
    (CHANGED, "how many files the step changed"),
)
"""Every mark and what it says, for the help."""


def mark_of(result: StepResult) -> str:
    """How a step was satisfied."""
    match result.status:
        case Status.DIVERGED:
            return DIVERGED
        case Status.UNKNOWN:
            return UNKNOWN
        case Status.RECORDED:
            return SERVED
        case Status.SKIPPED:
            return SKIPPED
    return NORMALISED if result.match is Match.NORMALISED else EQUAL


def duration(seconds: float) -> str:
    """A duration for people: `12ms`, `2.1s`, `3m05s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    return f"{int(seconds // 60)}m{int(seconds % 60):02d}s"


def step_duration(result: StepResult) -> str:
    """How long a step took; nothing of one that was not carried out."""
    return "" if result.status in (Status.RECORDED, Status.SKIPPED) else duration(result.seconds)


def duration_said(seconds: float) -> str:
    """A duration in a sentence: `26 ms`, `2.1 s`, `3m05s`."""
    return re.sub(r"(?<=\d)(m?s)$", r" \1", duration(seconds)) if seconds < 60 else duration(seconds)


def clock(seconds: float) -> str:
    """For how long something runs by now: `12s`, `3m05s`, `1h02m`."""
    minutes, rest = divmod(int(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60}h{minutes % 60:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


def live_start(name: object, kind: str) -> str:
    """How a line begins that tells of something a live session does, in the columns of `step_line`."""
    return safe_line(f"{LIVE} {name:>5}  {kind:<12} ")


def step_line(label: str, result: StepResult, summary: str) -> str:
    """A step, which is called `label`, as `replay` prints it."""
    code = "" if result.exit_code is None else f"exit {result.exit_code}"
    reason = f"  {result.reason}" if result.reason and result.status is not Status.MATCHED else ""
    outcome = f"{code:>8} {step_duration(result):>7}"
    line = f"{mark_of(result)} {label:>5}  {result.kind:<12} {summary[:60]:<60} {outcome}{reason}"
    return safe_line(line)
