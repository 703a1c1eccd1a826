"""How sure it is that records are a trajectory of mini-swe-agent, by their shape."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from trajcore.dialects import chats
from trajcore.dialects.mini.blocks import V1, V2, blocks
from trajcore.dialects.shapes import Object, Objects, mostly, object_in, word
from trajcore.formats import peek

CERTAIN: Final = 1.0
LIKELY: Final = 0.95

_MARK: Final = re.compile(
    r"```mswea_bash_command|COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT|MINI_SWE_AGENT_FINAL_OUTPUT|<returncode>"
)


def claim_of(records: Sequence[bytes]) -> float:
    """How sure: the object around the messages says it, or their own texts make it likely."""
    found = [record for record in peek.cut(list(records)) if isinstance(record, dict)]
    if found and _is_around(found[0]):
        return CERTAIN
    return LIKELY if found and _are_messages(found) else 0.0


def _is_around(record: Object) -> bool:
    if not isinstance(record.get("messages"), list):
        return False
    if word(record, "trajectory_format").startswith("mini-swe-agent"):
        return True
    info = object_in(record, "info")
    return "mini_version" in info or {"exit_status", "submission"} <= info.keys() or "model_stats" in info


def _are_messages(records: Objects) -> bool:
    """Messages of which each of the model's holds one fenced command, and some say whose they are."""
    if not mostly(records, chats.is_message):
        return False
    extras = [object_in(record, "extra") for record in records]
    if any("interrupt_type" in extra or "returncode" in extra for extra in extras):
        return True
    said = [text for record in records if word(record, "role") == "assistant" for text in chats.texts(record)]
    marked = any(_MARK.search(text) for record in records for text in chats.texts(record))
    return marked and mostly(said, _has_one)


def _has_one(text: Any) -> bool:
    return len(blocks(V1, text)) + len(blocks(V2, text)) == 1
