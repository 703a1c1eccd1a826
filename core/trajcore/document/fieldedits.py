"""Edits inside events: of fields, of flags, of a whole event's text; each copy of a tool call follows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from trajcore.dialects.openhands_v0 import toolcalls
from trajcore.dialects.openhands_v0.legacy import is_flattened
from trajcore.document import labels
from trajcore.document.composing import Composer
from trajcore.document.document import Document
from trajcore.document.edits import Edit
from trajcore.errors import BadInput
from trajcore.events.kinds import MESSAGE
from trajcore.formats.json.edit import with_value, without_value
from trajcore.formats.json.reading import as_object
from trajcore.formats.json.rewrite import rewritten
from trajcore.formats.json.text import described, loads, text_start

ValuePath = Sequence[str | int]
"""Where a value is inside an event: keys and list indices, outermost first."""


def set_values(document: Document, index: int, values: Sequence[tuple[ValuePath, Any]]) -> Edit:
    """Set fields of one event, in order. Raises `BadInput` when a path leads nowhere."""
    if not values:
        raise BadInput(f"no field of event {document.label(document.known(index))} was named.")
    said = ", ".join(f"{path[-1] if path else ''} = {_said(value)}" for path, value in values)
    label = f"{said} in event {document.label(document.known(index))}"
    return set_fields(document, [(index, path, value) for path, value in values], label)


def set_fields(document: Document, values: Sequence[tuple[int, ValuePath, Any]], label: str) -> Edit:
    """Set fields of events, each given with its index, in order. Raises as `set_values` does."""
    with document.composing() as composer:
        for index, path, value in values:
            raw = document.body.raw(document.known(index))
            change = partial(with_value, raw, path, value, ascii_only=document.body.ascii_in(raw))
            _rewrite(document, composer, index, _attempt(document, index, path, change))
    return document.made(label, composer)


def unset(document: Document, index: int, path: ValuePath) -> Edit:
    """Remove a field of an event. Raises `BadInput` where it is not there."""
    raw = document.body.raw(document.known(index))
    after = _attempt(document, index, path, partial(without_value, raw, path))
    label = f"remove {path[-1]} from event {document.label(index)}"
    with document.composing() as composer:
        _rewrite(document, composer, index, after)
    return document.made(label, composer)


def replace_event(document: Document, index: int, raw: bytes) -> Edit:
    """Put another JSON object in the place of an event. Raises `BadInput` where `raw` is none."""
    name = f"the new text of event {document.label(document.known(index))}"
    typed = raw[text_start(raw, name) :].decode()
    value = loads(typed, name)
    if not isinstance(value, dict):
        raise BadInput(f"{name} is no event: expected an object, found {described(value)}.")
    label = f"rewrite {labels.named(document.head(index), document.label(index))}"
    after = rewritten(document.body.raw(index), typed, ascii_only=document.body.ascii_only)
    with document.composing() as composer:
        _rewrite(document, composer, index, after)
    return document.made(label, composer)


def flip(document: Document, index: int, flag: str) -> Edit:
    """Turn a flag of an action's arguments over. Raises `BadInput` where the event has no such flag."""
    head = document.head(document.known(index))
    if flag == "wait_for_response" and head.action != MESSAGE:
        raise BadInput(f"only messages have {flag}, and event {document.label(index)} is a {head.kind}")
    data = document.data(index)
    flat = is_flattened(data)
    args = data if flat else data.get("args")
    value = args.get(flag, False) if isinstance(args, dict) else False
    return set_values(document, index, [((flag,) if flat else ("args", flag), not value)])


def _attempt(document: Document, index: int, path: ValuePath, change: Callable[[], bytes]) -> bytes:
    """The text that a change of one field makes. Raises `BadInput` where it can't be made."""
    event, where = document.label(index), ".".join(map(str, path))
    if not path:
        raise BadInput(f"no field of event {event} was named.")
    try:
        return change()
    except KeyError:
        raise BadInput(f"event {event} has no {where}.") from None
    except (TypeError, ValueError, RecursionError):
        raise BadInput(f"{where} of event {event} can't be set to what is no JSON.") from None


def _rewrite(document: Document, composer: Composer, index: int, after: bytes) -> None:
    """Give an event another text, and every copy of its tool call what follows from that."""
    if not document.head(index).is_action:
        composer.rewrite(index, after)
        return
    old, new = document.data(index), as_object(after)
    change = toolcalls.change_of(old, new)
    copies = () if change is None else _copies(document, index, change.call_id)
    composer.rewrite(index, toolcalls.translated(after, old, new))
    if change is not None:
        for copy in sorted({index, *copies}):
            composer.rewrite(copy, change.applied(document.body.raw(copy), document.data(copy)))


def _copies(document: Document, index: int, call_id: str) -> list[int]:
    """The events that hold a copy of the response with an event's tool call."""
    responses = document.outline.responses(document.body.events)
    own = responses[index]
    same = [] if own is None else [at for at, found in enumerate(responses) if found == own]
    unit = document.units.unit_of(index)
    return [*same, *(at for at in unit if document.head(at).tool_call_id == call_id)]


def _said(value: Any) -> str:
    try:
        return labels.short(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return "…"
