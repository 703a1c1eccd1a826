"""The timeline of a recording: as lines of text, and as one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from trajcore.text import safe_json, safe_line
from trajcore.trajectory import Trajectory

_SUMMARY_WIDTH: Final = 100


def text_lines(trajectory: Trajectory) -> Iterator[str]:
    """One line an event, to read."""
    return (event_line(trajectory, index) for index in range(len(trajectory)))


def json_lines(trajectory: Trajectory) -> Iterator[str]:
    """One JSON object an event, each on a line."""
    return (json_line(event_object(trajectory, index)) for index in range(len(trajectory)))


def event_object(trajectory: Trajectory, index: int) -> dict[str, Any]:
    """One event as `show --json` has it."""
    head = trajectory.head(index)
    shown = {
        "index": index,
        "id": head.id,
        "source": head.source,
        "kind": head.kind,
        "type": head.type,
        "summary": safe_line(head.summary()),
    }
    if head.wait_for_response is not None:
        shown["wait_for_response"] = head.wait_for_response
    shown["cause"] = head.cause
    depth = trajectory.outline.depth(index)
    if depth:
        shown["depth"] = depth
    return shown


def event_line(trajectory: Trajectory, index: int) -> str:
    """One event as a line: id, source, kind, summary, and what matters at its end."""
    head = trajectory.head(index)
    indent = "  " * trajectory.outline.depth(index)
    arrow = "" if head.is_action else "└ "
    notes = []
    if head.exit_code is not None:
        notes.append(f"exit {head.exit_code}")
    if head.wait_for_response:
        notes.append("waits")
    summary = head.summary()[:_SUMMARY_WIDTH]
    line = f"{trajectory.label(index):>6}  {head.source or '-':<11} {indent}{arrow}{head.kind:<14} {summary}"
    return safe_line(line).rstrip() + (f"  [{', '.join(notes)}]" if notes else "")


def json_line(value: dict[str, Any]) -> str:
    """JSON for a terminal as well as for a parser: what could speak to a terminal is escaped."""
    return safe_json(json.dumps(value, ensure_ascii=False))
