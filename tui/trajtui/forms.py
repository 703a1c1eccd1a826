"""An event as a form: which fields it has, how each is shown, and what is read from what was typed."""

from __future__ import annotations

import copy
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin

from trajcore.dialects.openhands_v0.legacy import is_flattened
from trajcore.errors import BadInput
from trajcore.events.actions import ACTIONS
from trajcore.events.base import Event, Wire
from trajcore.events.observations import OBSERVATIONS
from trajtui.event_json import as_text, read_json

Place = tuple[str | int, ...]
"""Where a field is in its event: keys, outermost first."""

_MULTILINE: Final = {
    "content": "markdown", "thought": "markdown", "final_thought": "markdown", "summary": "markdown",
    "code": "python", "browser_actions": "python", "command": "bash", "query": None, "message": None,
    "file_text": "path", "old_str": "path", "new_str": "path", "old_content": "path", "new_content": "path",
    "diff": "diff",
}  # fmt: skip
"""Texts of several lines, and the language of each; `path` means the one that the path beside it says."""

_RISKS: Final = (-1, 0, 1, 2)
_VOCABULARIES: Final[dict[str, tuple[str | int, ...]]] = {
    "confirmation_state": ("confirmed", "rejected", "awaiting_confirmation"),
    "security_risk": _RISKS,
    "recall_type": ("workspace_context", "knowledge"),
    "read.impl_source": ("default", "oh_aci"),
    "edit.impl_source": ("oh_aci", "llm_based_edit"),
    "edit.command": ("", "create", "str_replace", "insert", "undo_edit"),
    "task_tracking.command": ("view", "plan"),
    "loop_recovery.option": (1, 2, 3),
    "source": ("agent", "user", "environment"),
}
"""What OpenHands 0.62 writes into fields that the models keep as plain texts and numbers."""


class Kind(Enum):
    """How a field is edited. The value says in words what it takes."""

    LINE = "a text"
    TEXT = "a text of any length"
    FLAG = "on or off"
    CHOICE = "one of the choices"
    WHOLE = "a whole number"
    NUMBER = "a number"
    JSON = "JSON"


@dataclass(frozen=True)
class Field:
    """One field of an event. `value` is what it is without the key where `present` is unset."""

    place: Place
    kind: Kind
    value: Any
    present: bool = True
    optional: bool = False
    choices: tuple[Any, ...] = ()
    language: str | None = None

    @property
    def name(self) -> str:
        """Its place in words, without the `args` or `extras` that most have in common."""
        inner = self.place[1:] if len(self.place) > 1 and self.place[0] in ("args", "extras") else self.place
        return ".".join(map(str, inner))

    @property
    def path(self) -> str:
        """Its whole place in words."""
        return ".".join(map(str, self.place))

    @property
    def text(self) -> str:
        """The value as a text to edit."""
        if self.kind in (Kind.LINE, Kind.TEXT):
            return self.value or ""
        if self.kind is Kind.JSON:
            return as_text(self.value) if self.present else ""
        return "" if self.value is None else str(self.value)

    def read(self, text: str) -> Any:
        """The value that a text stands for. Raises `BadInput` saying what was expected."""
        if self.kind in (Kind.LINE, Kind.TEXT):
            emptied = not text and (self.value is None or (self.kind is Kind.LINE and self.value != ""))
            return None if self.optional and emptied else text
        stripped = text.strip()
        if not stripped and self.optional:
            return None
        if self.kind is Kind.WHOLE:
            return _number(stripped, int, Kind.WHOLE)
        if self.kind is Kind.NUMBER:
            return _number(stripped, float, Kind.NUMBER)
        return read_json(text)


def _number(text: str, kind: type[int] | type[float], expected: Kind) -> int | float:
    try:
        value = kind(text)
    except ValueError:
        raise BadInput(f"expected {expected.value}") from None
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise BadInput(f"expected {expected.value}")
    return value


# From an event to its fields


def fields_of(event: Mapping[str, Any]) -> list[Field]:
    """The fields of an event, as the file spells them: those of its kind, then what else it has."""
    side = "action" if "action" in event else "observation"
    kind = str(event.get(side))
    model = _models().get((side, kind))
    found: list[Field] = []
    if side == "observation":
        found.append(_field(("content",), "content", str, event, kind, event))
    inner = "args" if side == "action" else "extras"
    flat = is_flattened(dict(event))
    there = event if flat else event.get(inner)
    place: Place = () if flat else (inner,)
    if not isinstance(there, Mapping):
        found.append(Field((inner,), Kind.JSON, there, inner in event))
        return found
    nested = model.model_fields[inner].annotation if model is not None else None
    known = _of_model(nested, there, place, kind) if nested is not None else []
    names = {field.place[: len(place) + 1] for field in (*found, *known)}
    found += _main_first(known)
    if not flat:
        found += [_other((*place, key), value) for key, value in there.items() if (*place, key) not in names]
    if "source" in event:
        found.append(_field(("source",), "source", str, event, kind, event))
    return found


@cache
def _models() -> dict[tuple[str, str], type[Event]]:
    sides: list[tuple[str, Iterable[type[Event]]]] = [("action", ACTIONS), ("observation", OBSERVATIONS)]
    return {(side, cls.model_fields[side].default): cls for side, classes in sides for cls in classes}


def _of_model(model: Any, there: Mapping[str, Any], place: Place, kind: str) -> list[Field]:
    found: list[Field] = []
    for name, info in model.model_fields.items():
        here = (*place, name)
        value = there.get(name)
        if isinstance(info.annotation, type) and issubclass(info.annotation, Wire):
            if isinstance(value, Mapping):
                inside = _of_model(info.annotation, value, here, kind)
                named = {field.place for field in inside}
                found += inside
                found += [
                    _other((*here, key), one) for key, one in value.items() if (*here, key) not in named
                ]
            elif name in there:
                found.append(Field(here, Kind.JSON, value))
            continue
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        found.append(_field(here, name, info.annotation, there, kind, there, default))
    return found


def _field(
    place: Place,
    name: str,
    annotation: Any,
    there: Mapping[str, Any],
    kind: str,
    beside: Mapping[str, Any],
    default: Any = None,
) -> Field:
    present = name in there
    value = there[name] if present else default
    inner, optional = _without_none(annotation)
    choices = _choices(kind, name, inner, optional)
    if choices:
        if not any(_same(value, choice) for choice in choices):
            choices = (value, *choices)
        return Field(place, Kind.CHOICE, value, present, optional, choices)
    how = _kind(name, inner, value)
    if (value is not None or not optional) and present and not _fits(how, value):
        return Field(place, Kind.JSON, value, present, optional, language="json")
    language = _language(name, kind, beside) if how is Kind.TEXT else "json" if how is Kind.JSON else None
    return Field(place, how, value, present, optional, language=language)


def _other(place: Place, value: Any) -> Field:
    return Field(place, Kind.JSON, value, language="json")


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        inner = tuple(part for part in get_args(annotation) if part is not type(None))
        optional = len(inner) < len(get_args(annotation))
        return (inner[0] if len(inner) == 1 else inner), optional
    return annotation, False


def _choices(kind: str, name: str, inner: Any, optional: bool) -> tuple[Any, ...]:
    found: tuple[Any, ...] = ()
    if get_origin(inner) is Literal:
        found = get_args(inner)
    elif isinstance(inner, type) and issubclass(inner, Enum):
        found = tuple(member.value for member in inner)
    elif inner is bool and optional:
        found = (True, False)
    else:
        found = _VOCABULARIES.get(f"{kind}.{name}") or _VOCABULARIES.get(name) or ()
    return (*found, None) if found and optional else found


def _kind(name: str, inner: Any, value: Any) -> Kind:
    if inner is str:
        long = name in _MULTILINE or (isinstance(value, str) and ("\n" in value or "\r" in value))
        return Kind.TEXT if long else Kind.LINE
    simple = {bool: Kind.FLAG, int: Kind.WHOLE, float: Kind.NUMBER}
    return simple.get(inner, Kind.JSON) if isinstance(inner, type) else Kind.JSON


def _fits(kind: Kind, value: Any) -> bool:
    """Whether a value of the file can be shown as its kind; else it is shown as the JSON it is."""
    match kind:
        case Kind.LINE | Kind.TEXT:
            return isinstance(value, str)
        case Kind.FLAG:
            return isinstance(value, bool)
        case Kind.WHOLE:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
    return True


def _language(name: str, kind: str, beside: Mapping[str, Any]) -> str | None:
    language = _MULTILINE.get(name)
    if name == "content" and kind not in ("message", "system"):
        language = "path" if kind in ("write", "edit") else None
    if language != "path":
        return language
    path = beside.get("path")
    return language_of(path) if isinstance(path, str) else None


def language_of(path: str) -> str | None:
    """The language of a file, by its name."""
    from rich.syntax import Syntax

    name = Syntax.guess_lexer(path.rpartition("/")[2])
    return None if name == "default" else name


def _main_first(fields: list[Field]) -> list[Field]:
    """What an event is about before why; flags and numbers behind the texts."""
    order = {Kind.TEXT: 1, Kind.LINE: 2, Kind.CHOICE: 4, Kind.FLAG: 4, Kind.WHOLE: 5, Kind.NUMBER: 5}

    def rank(field: Field) -> int:
        if field.name == "path" or (field.name == "command" and field.kind is Kind.CHOICE):
            return 0
        return 3 if field.name == "thought" else order.get(field.kind, 6)

    return sorted(fields, key=rank)


# From fields to an event


def with_values(event: Mapping[str, Any], values: Sequence[tuple[Place, Any]]) -> dict[str, Any]:
    """A copy of an event with other values in some of its fields."""
    made = copy.deepcopy(dict(event))
    for place, value in values:
        inside: Any = made
        for key in place[:-1]:
            inside = inside[key]
        inside[place[-1]] = value
    return made


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
