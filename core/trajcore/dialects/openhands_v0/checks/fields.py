"""Events whose fields are not what their kind asks for."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import BaseModel

from trajcore.dialects.findings import Delete, Finding, Repair, Set, Severity, Unset
from trajcore.dialects.openhands_v0.checks.skeleton import Skeleton
from trajcore.dialects.openhands_v0.legacy import is_flattened
from trajcore.dialects.openhands_v0.wire import parse
from trajcore.events.actions import UnknownAction
from trajcore.events.observations import UnknownObservation
from trajcore.events.parse import model_of


def check_fields(skeleton: Skeleton) -> Iterator[Finding]:
    """Invalid fields, unknown kinds, and objects that are no events."""
    for index, key in enumerate(skeleton.keys):
        name = skeleton.name(index)
        if key.action is None and key.observation is None:
            data = skeleton.data(index)
            if "action" not in data and "observation" not in data:
                repair = skeleton.repair("delete it", Delete(index))
                text = "no event: it has neither an action nor an observation"
                yield Finding(index, name, "no-event", text, repair=repair)
                continue
        else:
            data = skeleton.data(index)
        parsed = parse(data)
        for problem in parsed.problems:
            yield Finding(
                index, name, "invalid-field", problem, repair=_repair(skeleton, index, data, problem)
            )
        if not parsed.problems and isinstance(parsed.event, UnknownAction | UnknownObservation):
            side = "action" if isinstance(parsed.event, UnknownAction) else "observation"
            text = f"unknown kind of {side}: {key.kind} (kept, never executed)"
            yield Finding(index, name, "unknown-kind", text, Severity.WARNING)


def _repair(skeleton: Skeleton, index: int, data: Mapping[str, Any], problem: str) -> Repair | None:
    """The field set to the default of its kind, or a fresh id; None where nothing can stand there unasked."""
    dotted = problem.partition(": ")[0]
    if dotted == "id":
        number = skeleton.fresh_id(index)
        return skeleton.repair(f"give it the id {number}", Set(index, ("id",), number))
    path = tuple(int(part) if part.isdecimal() else part for part in dotted.split("."))
    found, default = _default(model_of(data), path)
    place = path[1:] if is_flattened(data) and path[0] in ("args", "extras") else path
    if not found or not _stands_in(data, place):
        return None
    if len(path) == 1 and default is None:
        return skeleton.repair(f"remove {dotted}", Unset(index, place))
    written = json.dumps(default, ensure_ascii=False)
    return skeleton.repair(f"set {dotted} to {written}, which is its default", Set(index, place, default))


def _stands_in(data: object, path: tuple[str | int, ...]) -> bool:
    """Whether there is a value at this path."""
    for part in path:
        key_there = isinstance(data, dict) and part in data
        place_there = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if not key_there and not place_there:
            return False
        data = cast("Any", data)[part]
    return bool(path)


def _default(model: type[BaseModel], path: tuple[str | int, ...]) -> tuple[bool, Any]:
    """Whether the field at this path has a default that JSON can hold, and which."""
    inner: type[BaseModel] | None = model
    for depth, part in enumerate(path):
        field = inner.model_fields.get(str(part)) if inner is not None else None
        if field is None:
            return False, None
        if depth == len(path) - 1:
            if field.is_required():
                return False, None
            default = field.get_default(call_default_factory=True)
            return default is None or isinstance(default, bool | int | float | str | list), default
        inner = _model_in(field.annotation)
    return False, None


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model that an annotation asks for, perhaps as one of several."""
    for candidate in (annotation, *typing.get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
