"""How sure it is that records are a trajectory of SWE-agent, by their shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from trajcore.dialects.base import CERTAIN
from trajcore.dialects.shapes import Object, has_texts, mostly
from trajcore.formats import peek

_STEP_KEYS: Final = ("response", "thought", "state", "query", "execution_time")


def claim_of(records: Sequence[bytes]) -> float:
    """Sure by its steps, or by the entries of its history."""
    found = [record for record in peek.cut(list(records)) if isinstance(record, dict)]
    if found and isinstance(found[0].get("trajectory"), list):
        found = found[1:]
        if any(is_step(record, least=1) for record in found):
            return CERTAIN
    if any(is_step(record, least=2) for record in found):
        return CERTAIN
    return CERTAIN if mostly(found, is_entry) else 0.0


def is_step(step: Object, *, least: int) -> bool:
    """A command and its output in one object, with so many other fields that SWE-agent has at least."""
    alien = "args" in step or "extras" in step or "source" in step
    told = sum(key in step for key in _STEP_KEYS)
    return not alien and has_texts(step, "action") and "observation" in step and told >= least


def is_entry(record: Any) -> bool:
    """A message that says whose it is among agents, or what it is."""
    return has_texts(record, "role") and (has_texts(record, "message_type") or has_texts(record, "agent"))
