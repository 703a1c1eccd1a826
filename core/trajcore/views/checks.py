"""What is wrong with a recording: what a list of it shows, and what `show --check` prints."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trajcore.dialects.findings import Finding, Repair, Severity, summary
from trajcore.repairing import Mended, copied, mending
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory

__all__ = [
    "Checked",
    "Finding",
    "Mended",
    "Repair",
    "checking",
    "copied",
    "finding_line",
    "finding_object",
    "findings_object",
    "is_error",
    "mended_line",
    "mended_object",
    "mending",
    "new_findings",
]

_LONGEST_REPAIR: Final = 400


@dataclass(frozen=True)
class Checked:
    """The findings in the order of the events, and one sentence on all of them."""

    findings: Sequence[Finding]
    summary: str

    @property
    def has_errors(self) -> bool:
        """Whether one of them is an error, not only a warning."""
        return any(is_error(finding) for finding in self.findings)


def checking(trajectory: Trajectory) -> Callable[[], Checked]:
    """A check of a recording as it is now, to be called in any thread."""
    check, events = trajectory.checking(), len(trajectory)

    def checked() -> Checked:
        findings = check()
        return Checked(findings, summary(findings, events))

    return checked


def new_findings(before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
    """What is found after an edit and was not before, whatever events are called by then."""
    known = Counter((finding.code, finding.text) for finding in before)
    found = []
    for finding in after:
        key = finding.code, finding.text
        if known[key]:
            known[key] -= 1
        else:
            found.append(finding)
    return found


def is_error(finding: Finding) -> bool:
    """Whether a finding is an error; the others are warnings."""
    return finding.severity is Severity.ERROR


def findings_object(trajectory: Trajectory, checked: Checked) -> dict[str, Any]:
    """What `show --check --json` prints."""
    errors = sum(map(is_error, checked.findings))
    return {
        "errors": errors,
        "warnings": len(checked.findings) - errors,
        "summary": checked.summary,
        "findings": [finding_object(trajectory, finding) for finding in checked.findings],
    }


def finding_object(trajectory: Trajectory, finding: Finding) -> dict[str, Any]:
    """One finding of those; its file and what that calls the event, where there is more than one file."""
    repair = finding.repair
    found = {
        "index": finding.index,
        "id": trajectory.outline.ids[finding.index],
        "severity": finding.severity.value,
        "code": finding.code,
        "text": safe_line(finding.text),
        "repair": repair and {"what": safe_line(repair.words), "edit": list(repair.arguments)},
    }
    named = {"file": finding.file, "event": finding.event}
    return {**found, **{key: safe_line(name) for key, name in named.items() if name}}


def finding_line(trajectory: Trajectory, finding: Finding) -> str:
    """One finding as a line, with the arguments of `trajtui edit` that would mend it, or what repairs it."""
    number = trajectory.outline.ids[finding.index]
    name = f"#{finding.index}" + (f" (id {number})" if number is not None else "")
    line = _line(name, finding)
    if finding.repair is None:
        return line
    arguments = shlex.join(finding.repair.arguments)
    if not arguments:
        arguments = f"{finding.repair.words} (trajtui repair)"
    elif len(arguments) > _LONGEST_REPAIR:
        arguments = f"{finding.repair.words} (--json has the arguments)"
    return f"{line}  → mend: {safe_line(arguments)}"


def _line(name: str, finding: Finding) -> str:
    """What is wrong, and where: a file says more than an index."""
    return safe_line(f"{finding.file or name}  {finding.severity.value}: {finding.text}")


def mended_line(mended: Mended) -> str:
    """What was wrong, and what was done about it, whatever the events are called since."""
    finding = mended.finding
    words = finding.repair.words if finding.repair is not None else ""
    return f"{_line(finding.name, finding)}  → {safe_line(words)}"


def mended_object(mended: Mended) -> dict[str, Any]:
    """The same for programs."""
    finding = mended.finding
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "file": safe_line(finding.file),
        "event": safe_line(finding.event) or finding.name,
        "text": safe_line(finding.text),
        "mend": safe_line(finding.repair.words if finding.repair is not None else ""),
    }
