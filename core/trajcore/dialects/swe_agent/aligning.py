"""Which entries of the history are a step's: its reply and what the model was shown of what came back.

Steps whose reply could not be used stand in the trajectory alone: they were asked for once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from trajcore.dialects.swe_agent.wire import OURS, Record

Entry = Mapping[str, Any]


class Aligned(Struct, frozen=True):
    """A step's own entries, and how many stand before them."""

    upto: int
    entry: int | None = None
    answer: int | None = None


def is_demo(entry: Entry) -> bool:
    """Whether an entry belongs to a demonstration in front of the run."""
    return entry.get("is_demo") is True


def _speaks(entry: Entry) -> bool:
    """Whether an entry is a reply of the run's model, or was put in here."""
    return not is_demo(entry) and (entry.get("role") == "assistant" or OURS in entry)


def prompt_of(history: Sequence[Entry]) -> list[int]:
    """The entries before the first reply, without demonstrations."""
    found: list[int] = []
    for at, entry in enumerate(history):
        if _speaks(entry):
            break
        if not is_demo(entry):
            found.append(at)
    return found


def aligned(history: Sequence[Entry], steps: Sequence[Record]) -> Iterator[Aligned]:
    """The entries of each step, in order."""
    at = 0
    for step in steps:
        next_one = next((k for k in range(at, len(history)) if _speaks(history[k])), len(history))
        if next_one == len(history) or not _fits(history[next_one], step):
            yield Aligned(next_one)
            continue
        behind = next_one + 1
        answered = behind < len(history) and _answers(history[behind])
        yield Aligned(next_one, next_one, behind if answered and not step.ours.get("message") else None)
        at = behind + answered


def _fits(entry: Entry, step: Record) -> bool:
    said = step.ours.get("message")
    if said is not None or OURS in entry:
        role = {"user": "user", "agent": "assistant"}.get(str(said))
        is_run = said is None and bool(step.action) and entry.get("action") == step.action
        return OURS in entry and (is_run or (role == entry.get("role") and not entry.get("action")))
    return bool(step.action) and entry.get("action") == step.action


def _answers(entry: Entry) -> bool:
    return entry.get("role") in ("tool", "user") and OURS not in entry and not is_demo(entry)
