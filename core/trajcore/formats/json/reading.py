"""The JSON text of an event as a Python object."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def as_object(raw: msgspec.Raw | bytes) -> dict[str, Any]:
    """The JSON text of an event that was read as a Python object, a new one at each call."""
    try:
        value: dict[str, Any] = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        value = _as_python_reads_it(bytes(raw))
    return value


def _as_python_reads_it(raw: bytes) -> dict[str, Any]:
    """What only Python takes for JSON: NaN, halves of surrogate pairs, numbers without end."""
    try:
        value: dict[str, Any] = json.loads(raw)
    except ValueError:
        # An integer of more digits than Python converts; nothing else can be wrong with it by now.
        value = json.loads(raw, parse_int=float)
    return value
