"""An event as a form: which fields it has, how each is edited, what is read from what was typed."""

from __future__ import annotations

import copy
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin

from trajcore.dialects import canonical
from trajcore.dialects.newevents import new_action, retold
from trajcore.document.edits import Edit
from trajcore.errors import BadInput
from trajcore.events.kinds import INSERTABLE, Source, action_kind, kind_named
from trajcore.formats.json.merge import merged
from trajcore.session import Session
from trajcore.trajectory import Trajectory
from trajcore.views.event_json import FieldProblem, as_text, problems_of, read_json

if TYPE_CHECKING:
    from trajcore.events.base import Event

FieldPath = tuple[str | int, ...]
"""Where a field is in its event: keys, outermost first."""

_BESIDE: Final = "path"
"""The language of a text is the one that the path beside it says."""

_MULTILINE: Final = {
    "content": "markdown", "thought": "markdown", "final_thought": "markdown", "summary": "markdown",
    "code": "python", "browser_actions": "python", "command": "bash", "query": None, "message": None,
    "file_text": _BESIDE, "old_str": _BESIDE, "new_str": _BESIDE, "old_content": _BESIDE,
    "new_content": _BESIDE, "diff": "diff",
}  # fmt: skip
"""Texts of several lines, and the language of each."""

_RISKS: Final = (-1, 0, 1, 2)
_VOCABULARIES: Final[Mapping[str, tuple[str | int, ...]]] = {
    "confirmation_state": ("confirmed", "rejected", "awaiting_confirmation"),
    "security_risk": _RISKS,
    "recall_type": ("workspace_context", "knowledge"),
    "source": ("agent", "user", "environment"),
}
"""What OpenHands 0.62 writes into fields of several kinds that the models keep as plain texts and numbers."""


class FieldType(Enum):
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

    path: FieldPath
    type: FieldType
    value: Any
    present: bool = True
    optional: bool = False
    choices: tuple[Any, ...] = ()
    language: str | None = None
    """What its text is written in, where that is known."""
    file_name: str | None = None
    """The file whose text it is: its name says in what language."""

    @property
    def name(self) -> str:
        """Its place in words, without the `args` or `extras` that most have in common."""
        common = len(self.path) > 1 and self.path[0] in (canonical.ARGUMENTS, canonical.DETAILS)
        return ".".join(map(str, self.path[1:] if common else self.path))

    @property
    def whole_name(self) -> str:
        """Its place in words, all of it."""
        return ".".join(map(str, self.path))

    @property
    def text(self) -> str:
        """The value as a text to edit."""
        if self.type in (FieldType.LINE, FieldType.TEXT):
            return self.value or ""
        if self.type is FieldType.JSON:
            return as_text(self.value) if self.present else ""
        return "" if self.value is None else str(self.value)

    def read(self, text: str) -> Any:
        """The value that a text stands for. Raises `BadInput` saying what was expected."""
        if self.type in (FieldType.LINE, FieldType.TEXT):
            emptied = not text and (self.value is None or (self.type is FieldType.LINE and self.value != ""))
            return None if self.optional and emptied else text
        stripped = text.strip()
        if not stripped and self.optional:
            return None
        if self.type is FieldType.WHOLE:
            return _number(stripped, int, FieldType.WHOLE)
        if self.type is FieldType.NUMBER:
            return _number(stripped, float, FieldType.NUMBER)
        return read_json(text)


def _number(text: str, kind: type[int] | type[float], expected: FieldType) -> int | float:
    try:
        value = kind(text)
    except ValueError:
        raise BadInput(f"expected {expected.value}") from None
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise BadInput(f"expected {expected.value}")
    return value


# From an event to its fields


OwnFields = Callable[[Mapping[str, Any]], tuple[tuple[str, ...], Mapping[str, Any]]]
"""Says where in an event the fields of its kind are: `Dialect.own_fields`."""


def fields_at(trajectory: Trajectory, index: int) -> list[Field]:
    """The fields of a recorded event: see `fields_of`."""
    return fields_of(trajectory.data(index), trajectory.dialect.own_fields)


def fields_of(event: Mapping[str, Any], own_fields: OwnFields = canonical.own_fields) -> list[Field]:
    """The fields of an event, as the file spells them: those of its kind, then what else it has."""
    side = "action" if "action" in event else "observation"
    kind = str(event.get(side))
    model = _models().get((side, kind))
    found: list[Field] = []
    if side == "observation":
        found.append(_field(("content",), "content", str, event, kind, event))
    inner = canonical.inner(event)
    place: FieldPath = own_fields(event)[0]
    there = event.get(inner) if place else event
    if not isinstance(there, Mapping):
        found.append(Field((inner,), FieldType.JSON, there, inner in event))
        return found
    nested = model.model_fields[inner].annotation if model is not None else None
    known = _of_model(nested, there, place, kind) if nested is not None else []
    names = {field.path[: len(place) + 1] for field in (*found, *known)}
    found += _main_first(known)
    if place:
        found += [_other((*place, key), value) for key, value in there.items() if (*place, key) not in names]
    if "source" in event:
        found.append(_field(("source",), "source", str, event, kind, event))
    return found


@cache
def _models() -> dict[tuple[str, str], type[Event]]:
    from trajcore.events.actions import ACTIONS
    from trajcore.events.observations import OBSERVATIONS

    sides: list[tuple[str, Iterable[type[Event]]]] = [("action", ACTIONS), ("observation", OBSERVATIONS)]
    return {(side, cls.model_fields[side].default): cls for side, classes in sides for cls in classes}


def _of_model(model: Any, there: Mapping[str, Any], place: FieldPath, kind: str) -> list[Field]:
    from trajcore.events.base import Wire

    found: list[Field] = []
    for name, info in model.model_fields.items():
        here = (*place, name)
        value = there.get(name)
        if isinstance(info.annotation, type) and issubclass(info.annotation, Wire):
            if isinstance(value, Mapping):
                inside = _of_model(info.annotation, value, here, kind)
                named = {field.path for field in inside}
                found += inside
                found += [
                    _other((*here, key), one) for key, one in value.items() if (*here, key) not in named
                ]
            elif name in there:
                found.append(Field(here, FieldType.JSON, value))
            continue
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        found.append(_field(here, name, info.annotation, there, kind, there, default))
    return found


def _field(
    place: FieldPath,
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
        return Field(place, FieldType.CHOICE, value, present, optional, choices)
    how = _type(name, inner, value)
    if (value is not None or not optional) and present and not _fits(how, value):
        how = FieldType.JSON
    language, file_name = _language(name, kind, beside) if how is FieldType.TEXT else (None, None)
    if how is FieldType.JSON:
        language = "json"
    return Field(place, how, value, present, optional, language=language, file_name=file_name)


def _other(place: FieldPath, value: Any) -> Field:
    return Field(place, FieldType.JSON, value, language="json")


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
        found = kind_named(kind).choices.get(name) or _VOCABULARIES.get(name) or ()
    return (*found, None) if found and optional else found


def _type(name: str, inner: Any, value: Any) -> FieldType:
    if inner is str:
        long = name in _MULTILINE or (isinstance(value, str) and ("\n" in value or "\r" in value))
        return FieldType.TEXT if long else FieldType.LINE
    simple = {bool: FieldType.FLAG, int: FieldType.WHOLE, float: FieldType.NUMBER}
    return simple.get(inner, FieldType.JSON) if isinstance(inner, type) else FieldType.JSON


def _fits(how: FieldType, value: Any) -> bool:
    """Whether a value of the file can be shown as its type; else it is shown as the JSON it is."""
    match how:
        case FieldType.LINE | FieldType.TEXT:
            return isinstance(value, str)
        case FieldType.FLAG:
            return isinstance(value, bool)
        case FieldType.WHOLE:
            return isinstance(value, int) and not isinstance(value, bool)
        case FieldType.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
    return True


def _language(name: str, kind: str, beside: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The language of a text, or the name of the file that it is of."""
    language = kind_named(kind).content_language if name == "content" else _MULTILINE.get(name)
    if language != _BESIDE:
        return language, None
    path = beside.get("path")
    return None, path.rpartition("/")[2] if isinstance(path, str) else None


def _main_first(fields: list[Field]) -> list[Field]:
    """What an event is about before why; flags and numbers behind the texts."""
    order = {
        FieldType.TEXT: 1,
        FieldType.LINE: 2,
        FieldType.CHOICE: 4,
        FieldType.FLAG: 4,
        FieldType.WHOLE: 5,
        FieldType.NUMBER: 5,
    }

    def rank(field: Field) -> int:
        if field.name == "path" or (field.name == "command" and field.type is FieldType.CHOICE):
            return 0
        return 3 if field.name == "thought" else order.get(field.type, 6)

    return sorted(fields, key=rank)


# From fields to an event


def with_values(event: Mapping[str, Any], values: Sequence[tuple[FieldPath, Any]]) -> dict[str, Any]:
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


# From a form to the recording


class Draft:
    """An event of a recording as it was when its editing began, to be changed in one step."""

    def __init__(self, session: Session, index: int) -> None:
        self._session = session
        self._index = index
        self._raw = session.trajectory.raw(index)
        self.data = session.trajectory.data(index)
        """The event, as a Python object."""

    def text(self, *, short: bool = True) -> str:
        """The JSON to edit, as `as_text` writes it; of a damaged event what is left of it."""
        if self._session.trajectory.damage(self._index):
            return self._session.trajectory.as_stored(self._index).decode("utf-8", "replace")
        return as_text(self.data, short=short)

    @property
    def label(self) -> str:
        """How the event is called in messages."""
        return self._session.trajectory.label(self._index)

    @property
    def title(self) -> str:
        """What it is and how it is called."""
        return f"{self._session.trajectory.head(self._index).kind} {self.label}"

    def fields_of(self, event: Mapping[str, Any]) -> list[Field]:
        """The fields of the event, or of another one in its place."""
        return fields_of(event, self._session.trajectory.dialect.own_fields)

    def problems_of(self, event: Mapping[str, Any]) -> list[FieldProblem]:
        """What is wrong with the event, or with another one in its place."""
        return problems_of(event, self._session.trajectory)

    def set(self, values: Iterable[tuple[FieldPath, Any]]) -> Edit:
        """Give some of its fields other values. Raises `BadInput`."""
        return self._session.editing.set_values(self._index, values)

    def become(self, other: dict[str, Any]) -> Edit | None:
        """Write another event over it, so that what is equal in both keeps its bytes; None: nothing differs.

        Raises `BadInput`.
        """
        after = merged(self._raw, self.data, other)
        return None if after == self._raw else self._session.editing.replace_event(self._index, after)


def insertable_kinds() -> list[tuple[str, str]]:
    """The kinds of events that are offered to be inserted, and what each is."""
    return [(row.name, row.what) for row in INSERTABLE]


def proposed(kind: str) -> dict[str, Any]:
    """A new event of a kind, to be filled in; without a kind, the bare shape of an action."""
    return dict(new_action(kind) if kind else canonical.action("", Source.AGENT.value))


def filled_in(event: Mapping[str, Any]) -> dict[str, Any]:
    """A new event as a form has made it: what is derived from its fields follows them."""
    return dict(retold(event))


def flags_of(trajectory: Trajectory, index: int) -> dict[str, bool]:
    """The flags of an event that can be turned over, and whether each is on."""
    _, there = trajectory.own_fields(index)
    return {flag: bool(there.get(flag)) for flag in action_kind(trajectory.head(index).action).flags}
