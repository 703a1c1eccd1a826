"""What is wrong with a recording: what a list of it shows, and what `show --check` prints."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trajcore.dialects.findings import Finding, Severity, summary
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory

__all__ = [
    "Checked",
    "Finding",
    "checking",
    "finding_line",
    "finding_object",
    "findings_object",
    "is_error",
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
    """One finding of those."""
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
