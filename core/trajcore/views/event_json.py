"""An event as JSON text to edit: written for people, read back with what is wrong and where."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trajcore.dialects import canonical
from trajcore.dialects.registry import default_dialect
from trajcore.errors import BadInput
from trajcore.formats.json.edit import LONE
from trajcore.reading import TEXT, read_file

if TYPE_CHECKING:
    from trajcore.trajectory import Trajectory

_SHORT: Final = 60
"""A value of so many characters may stand on one line."""


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with an event. `path` is the field concerned, in words; empty for the whole event."""

    path: str
    what: str

    def concerns(self, path: str) -> bool:
        """Whether it is the fault of the field at a path; old events have no `args` or `extras` around it."""
        around = ("", f"{canonical.ARGUMENTS}.", f"{canonical.DETAILS}.")
        return f"{self.path}.".startswith(tuple(f"{outer}{path}." for outer in around))

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" if self.path else self.what


def problems_of(event: Mapping[str, Any], trajectory: Trajectory | None = None) -> list[FieldProblem]:
    """What is wrong with an event by the model of its kind; `trajectory` says how it may be spelled there."""
    from trajcore.events.parse import parse

    dialect = default_dialect() if trajectory is None else trajectory.dialect
    found = []
    for problem in parse(dialect.canonical(event)).problems:
        path, _, what = problem.partition(": ")
        found.append(FieldProblem("" if path == "event" else path, what))
    return found


def as_text(value: Any, *, short: bool = True) -> str:
    """JSON to read and to edit: indented, but for `short` values, which may stand on one line."""
    line = _dumps(value, None)
    return line if short and len(line) <= _SHORT and not _nested(value) else _dumps(value, 2)


def _nested(value: Any) -> bool:
    members: Iterator[Any] = iter(value.values() if isinstance(value, dict) else ())
    return any(isinstance(member, dict | list) and member for member in members)


def _dumps(value: Any, indent: int | None) -> str:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    # Half a surrogate pair has no bytes of its own: it is written as an escape.
    return LONE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def read_json(text: str, *, strict: bool = True) -> Any:
    """The value of a JSON text. Raises `BadInput` naming line, column and what was expected.

    What only Python takes for JSON (NaN, Infinity) is accepted where `strict` is unset.
    """
    try:
        return json.loads(text, parse_constant=_no_constant if strict else None)
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:]
        raise BadInput(f"line {error.lineno}, column {error.colno}: {what}") from None
    except RecursionError:
        raise BadInput("nested too deeply") from None
    except ValueError as error:
        raise BadInput(str(error)) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def written(path: Path) -> str:
    """The text that an editor left in a file. Raises `BadInput` where it is none, or far too long."""
    try:
        return read_file(path, TEXT).decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"what was written is not valid UTF-8 (byte {error.start}).") from None


def read_event(text: str, *, strict: bool = False) -> dict[str, Any]:
    """The event that a JSON text is. Raises `BadInput` where it is none."""
    return checked_event(read_json(text, strict=strict))


def checked_event(value: Any) -> dict[str, Any]:
    """`value`, where it is an event. Raises `BadInput` where it is none."""
    if not isinstance(value, dict):
        raise BadInput("expected an object: { … }")
    if not isinstance(value.get("action", value.get("observation")), str):
        raise BadInput('expected an "action" or an "observation" that names the kind')
    return value
