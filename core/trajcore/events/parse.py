"""From a JSON object to a typed event: one union over every kind, tolerant of what it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, Union

from pydantic import Discriminator, Tag, TypeAdapter, ValidationError

from trajcore.dialects.canonical import ARGUMENTS, DETAILS
from trajcore.events.actions import ACTIONS, UnknownAction
from trajcore.events.base import Action, Args, Event, Extras, Observation, Wire
from trajcore.events.observations import OBSERVATIONS, UnknownObservation

_Model = TypeVar("_Model", bound=Wire)

_UNKNOWN_ACTION = "action:?"
_UNKNOWN_OBSERVATION = "observation:?"

_CLASSES: dict[str, type[Event]] = {
    **{f"action:{cls.model_fields['action'].default}": cls for cls in ACTIONS},
    **{f"observation:{cls.model_fields['observation'].default}": cls for cls in OBSERVATIONS},
    _UNKNOWN_ACTION: UnknownAction,
    _UNKNOWN_OBSERVATION: UnknownObservation,
}


def _tag(data: Any) -> str:
    if isinstance(data, Event):
        data = data.model_dump(include={"action", "observation"})
    side = "action" if "action" in data else "observation"
    tag = f"{side}:{data.get(side)}"
    return tag if tag in _CLASSES else f"{side}:?"


_KINDS: Any = Union[tuple(Annotated[cls, Tag(tag)] for tag, cls in _CLASSES.items())]  # noqa: UP007

_adapter: TypeAdapter[Event] = TypeAdapter(Annotated[_KINDS, Discriminator(_tag)])


@dataclass(frozen=True)
class Parsed:
    """An event, and in `problems` what is wrong with it: `field.path: what was expected`."""

    event: Event
    problems: tuple[str, ...] = ()


def model_of(data: Mapping[str, Any]) -> type[Event]:
    """The model of an event's kind."""
    return _CLASSES[_tag(data)]


def parse(data: dict[str, Any]) -> Parsed:
    """Read one event, in today's spelling (`Dialect.canonical`).

    What does not fit its kind is kept as an unknown event and named, never refused.
    """
    try:
        return Parsed(_adapter.validate_python(data))
    except ValidationError as error:
        return Parsed(_kept_as_is(data), tuple(_in_words(error)))


def _in_words(error: ValidationError) -> list[str]:
    problems = []
    for detail in error.errors(include_url=False, include_input=False):
        path = ".".join(str(part) for part in detail["loc"] if ":" not in str(part))
        problems.append(f"{path or 'event'}: {detail['msg'][:1].lower()}{detail['msg'][1:]}")
    return problems


def _kept_as_is(data: dict[str, Any]) -> Action | Observation:
    if "action" in data:
        fields = {
            **data,
            "action": str(data["action"]),
            ARGUMENTS: _unchecked(Args, _object(data.get(ARGUMENTS))),
        }
        return _unchecked(UnknownAction, _plain(fields))
    fields = {
        **data,
        "observation": str(data.get("observation")),
        DETAILS: _unchecked(Extras, _object(data.get(DETAILS))),
        "content": data["content"] if isinstance(data.get("content"), str) else "",
    }
    return _unchecked(UnknownObservation, _plain(fields))


def _unchecked(model: type[_Model], fields: dict[str, Any]) -> _Model:
    """A model of any fields whatever; `model_construct` alone takes some names for its own arguments."""
    declared = {name: value for name, value in fields.items() if name in model.model_fields}
    made = model.model_construct(**declared)
    others = {name: value for name, value in fields.items() if name not in declared}
    if made.model_extra is not None:
        made.model_extra.update(others)
    made.model_fields_set.update(others)
    return made


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Envelope fields of a wrong type are set aside: code that asks for an id must get an int or None."""
    expected: dict[str, type | tuple[type, ...]] = {
        "id": int, "cause": int, "timestamp": str, "source": str, "message": str, "timeout": (int, float),
    }  # fmt: skip
    kept = {
        name: value
        for name, value in fields.items()
        if name not in expected or (isinstance(value, expected[name]) and not isinstance(value, bool))
    }
    return {**kept, **dict.fromkeys(set(Event.model_fields) - set(expected))}
