"""`trajtui show`: the timeline as text, or as one JSON object a line."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any, Final

import click

from trajcore.text import safe_line
from trajcore.trajectory import Trajectory
from trajtui.options import open_trajectory

if TYPE_CHECKING:
    from trajcore.dialects.findings import Finding

_SUMMARY_WIDTH: Final = 100
_LONGEST_REPAIR: Final = 400
_SPEAKS: Final = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def show(file: str, row: str | None, *, as_json: bool, checking: bool = False) -> int:
    """Print every event of a recording, or what is wrong with it; the exit code. Raises `BadInput`."""
    trajectory = open_trajectory(file, row)
    if checking:
        return _show_findings(trajectory, as_json=as_json)
    for index in range(len(trajectory)):
        if as_json:
            click.echo(_json_line(event_object(trajectory, index)))
        else:
            click.echo(event_line(trajectory, index))
    return 0


def _show_findings(trajectory: Trajectory, *, as_json: bool) -> int:
    """One line a finding; 1 where there is an error among them, not only warnings."""
    from trajcore.dialects.findings import Severity, summary

    findings = trajectory.checking()()
    for finding in findings:
        click.echo(
            _json_line(finding_object(trajectory, finding)) if as_json else finding_line(trajectory, finding)
        )
    if not as_json:
        click.echo(summary(findings, len(trajectory)))
    return int(any(finding.severity is Severity.ERROR for finding in findings))


def finding_object(trajectory: Trajectory, finding: Finding) -> dict[str, Any]:
    """One finding as `show --check --json` has it."""
    repair = finding.repair
    return {
        "index": finding.index,
        "id": trajectory.outline.ids[finding.index],
        "severity": finding.severity.value,
        "code": finding.code,
        "text": safe_line(finding.text),
        "repair": repair and {"what": safe_line(repair.words), "edit": list(repair.arguments)},
    }


def finding_line(trajectory: Trajectory, finding: Finding) -> str:
    """One finding as a line, with the arguments of `trajtui edit` that would mend it."""
    number = trajectory.outline.ids[finding.index]
    name = f"#{finding.index}" + (f" (id {number})" if number is not None else "")
    line = safe_line(f"{name}  {finding.severity.value}: {finding.text}")
    if finding.repair is None:
        return line
    arguments = shlex.join(finding.repair.arguments)
    if len(arguments) > _LONGEST_REPAIR:
        arguments = f"{finding.repair.words} (--json has the arguments)"
    return f"{line}  → mend: {safe_line(arguments)}"


def _json_line(value: dict[str, Any]) -> str:
    """JSON for a terminal as well as for a parser: what could speak to a terminal is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return _SPEAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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
