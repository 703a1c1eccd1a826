"""One thing that is wrong with a recording, and the edits that would mend it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from trajcore.dialects.changes import Changes


class Severity(Enum):
    """How bad it is."""

    ERROR = "error"
    """Something reads this wrongly, or not at all."""
    WARNING = "warning"
    """It may well be meant, or does no harm."""


@dataclass(frozen=True)
class Set:
    """Give a field of an event a value."""

    index: int
    path: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True)
class Unset:
    """Remove a field of an event."""

    index: int
    path: tuple[str | int, ...]


@dataclass(frozen=True)
class Delete:
    """Remove an event."""

    index: int


@dataclass(frozen=True)
class Insert:
    """Put an event behind another one."""

    after: int
    event: dict[str, Any]


RepairStep = Set | Unset | Delete | Insert


@dataclass(frozen=True)
class Repair:
    """Edits that mend a finding: in words, as steps, and as the arguments of `trajtui edit`.

    What no edit of events comes to is given as `changes` of records instead, which are one edit; `follow`
    says that what records are linked by is to follow them.
    """

    words: str
    steps: tuple[RepairStep, ...] = ()
    arguments: tuple[str, ...] = ()
    changes: Changes = ()
    follow: bool = False


@dataclass(frozen=True)
class Finding:
    """What is wrong with the event at `index`. `code` names the kind of fault for scripts.

    `name` is what the event is called: `7`, or `#5` where it has no id of its own. `text` may hold texts
    of the recording. `others` are other repairs than `repair`, each for itself. `file` and `event` name the
    file of the record and the event in it, where those say more than `index`. Faults of an earlier `stage`
    are mended first.
    """

    index: int
    name: str
    code: str
    text: str
    severity: Severity = Severity.ERROR
    repair: Repair | None = field(default=None)
    others: tuple[Repair, ...] = ()
    file: str = ""
    event: str = ""
    stage: int = 0


def with_damage(
    findings: Sequence[Finding],
    damaged: Mapping[int, str],
    missing: str,
    events: int,
    misplaced: Mapping[int, str] | None = None,
) -> list[Finding]:
    """Findings, those of events that cannot be read in place of what else was found in them.

    `damaged` says where each breaks, `missing` what is wrong behind the last of so
    many `events`, `misplaced` what with where an event stands.
    """
    found = [finding for finding in findings if finding.index not in damaged]
    for index, fault in damaged.items():
        step = Delete(index)
        repair = Repair("delete what is left of it", (step,), tuple(arguments(step, f"#{index}")))
        found.append(Finding(index, f"#{index}", "damaged", f"damaged: {fault}", repair=repair))
    found += [Finding(at, f"#{at}", "misplaced", fault) for at, fault in (misplaced or {}).items()]
    if missing:
        said = f"what stands behind it is damaged or missing: {missing}"
        found.append(Finding(events - 1, f"#{events - 1}", "cut-off", said))
    return sorted(found, key=lambda finding: finding.index)


class Edits(Protocol):
    """What steps are made on. Each raises `BadInput` where it cannot be."""

    def set_value(self, index: int, path: Sequence[str | int], value: Any) -> Any:
        """Set a field."""
        ...

    def unset(self, index: int, path: Sequence[str | int]) -> Any:
        """Remove a field."""
        ...

    def delete(self, indices: Sequence[int]) -> Any:
        """Delete events."""
        ...

    def insert(self, at: int, events: Sequence[dict[str, Any]]) -> Any:
        """Put events in."""
        ...


def made(step: RepairStep, on: Edits) -> Any:
    """Make a step; the answer is the edit. Raises `BadInput`."""
    match step:
        case Set(index, path, value):
            return on.set_value(index, path, value)
        case Unset(index, path):
            return on.unset(index, path)
        case Delete(index):
            return on.delete([index])
        case Insert(after, event):
            return on.insert(after + 1, [event])


def arguments(step: RepairStep, name: str) -> Sequence[str]:
    """A step as `trajtui edit` takes it; `name` is what its event is called there."""
    match step:
        case Set(_, path, value):
            return "--set", f"{name}:{_dotted(path)}={json.dumps(value, ensure_ascii=False)}"
        case Unset(_, path):
            return "--unset", f"{name}:{_dotted(path)}"
        case Delete():
            return "--delete", name
        case Insert(_, event):
            return "--insert-after", name, json.dumps(event, ensure_ascii=False)


def _dotted(path: Sequence[str | int]) -> str:
    return ".".join(map(str, path))


def summary(findings: Sequence[Finding], events: int) -> str:
    """What was found in so many events, in one sentence."""
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    counts = [_count(errors, "error")] * bool(errors)
    counts += [_count(len(findings) - errors, "warning")] * (errors < len(findings))
    return f"{' and '.join(counts) or 'nothing wrong was found'} in {_count(events, 'event')}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
