"""Edits inside events: of fields, of flags, of a whole event's text, wherever a dialect has them written."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from trajcore.dialects.base import Changes, ValuePath
from trajcore.dialects.canonical import ARGUMENTS
from trajcore.document import labels
from trajcore.document.document import Document
from trajcore.document.edits import Edit
from trajcore.errors import BadInput
from trajcore.events.kinds import MESSAGE
from trajcore.formats.json.text import described, loads, text_start

__all__ = ["ValuePath", "flip", "replace_event", "set_fields", "set_values", "unset"]


def set_values(document: Document, index: int, values: Sequence[tuple[ValuePath, Any]]) -> Edit:
    """Set fields of one event, in order. Raises `BadInput` when a path leads nowhere."""
    if not values:
        raise BadInput(f"no field of event {document.label(document.known(index))} was named.")
    said = ", ".join(f"{path[-1] if path else ''} = {_said(value)}" for path, value in values)
    label = f"{said} in event {document.label(document.known(index))}"
    return set_fields(document, [(index, path, value) for path, value in values], label)


def set_fields(document: Document, values: Sequence[tuple[int, ValuePath, Any]], label: str) -> Edit:
    """Set fields of events, each given with its index, in order. Raises as `set_values` does."""
    dialect = document.dialect
    with document.composing() as composer:
        for index, path, value in values:
            document.known(index)
            changes = _attempt(document, index, path, lambda *field: dialect.changed(document, *field), value)
            document.carry_out(composer, changes)
    return document.made(label, composer)


def unset(document: Document, index: int, path: ValuePath) -> Edit:
    """Remove a field of an event. Raises `BadInput` where it is not there."""
    document.known(index)
    changes = _attempt(document, index, path, lambda *field: document.dialect.unset(document, *field))
    label = f"remove {path[-1]} from event {document.label(index)}"
    return _made(document, changes, label)


def replace_event(document: Document, index: int, raw: bytes) -> Edit:
    """Put another JSON object in the place of an event. Raises `BadInput` where `raw` is none."""
    name = f"the new text of event {document.label(document.known(index))}"
    typed = raw[text_start(raw, name) :].decode()
    value = loads(typed, name)
    if not isinstance(value, dict):
        raise BadInput(f"{name} is no event: expected an object, found {described(value)}.")
    label = f"rewrite {labels.named(document.head(index), document.label(index))}"
    return _made(document, document.dialect.replaced(document, index, typed), label)


def flip(document: Document, index: int, flag: str) -> Edit:
    """Turn a flag of an action's arguments over. Raises `BadInput` where the event has no such flag."""
    head = document.head(document.known(index))
    document.refuse_damaged(index)
    if flag == "wait_for_response" and head.action != MESSAGE:
        raise BadInput(f"{head.kind} {document.label(index)} has no {flag}: only messages do")
    place, fields = document.dialect.own_fields(document.data(index))
    if not head.is_action:
        raise BadInput(f"event {document.label(index)} has no {'.'.join((ARGUMENTS, flag))}.")
    return set_values(document, index, [((*place, flag), not fields.get(flag, False))])


def _made(document: Document, changes: Changes, label: str) -> Edit:
    with document.composing() as composer:
        document.carry_out(composer, changes)
    return document.made(label, composer)


def _attempt(
    document: Document, index: int, path: ValuePath, change: Callable[..., Changes], *value: Any
) -> Changes:
    """What a change of one field makes. Raises `BadInput` where it can't be made."""
    document.refuse_damaged(index)
    event, where = document.label(index), ".".join(map(str, path))
    if not path:
        raise BadInput(f"no field of event {event} was named.")
    try:
        return change(index, path, *value)
    except KeyError:
        raise BadInput(f"event {event} has no {where}.") from None
    except (TypeError, ValueError, RecursionError):
        raise BadInput(f"{where} of event {event} can't be set to what is no JSON.") from None


def _said(value: Any) -> str:
    try:
        return labels.short(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return "…"
