"""How edits are called in the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trajcore.events.head import Head
from trajcore.events.kinds import DELEGATE

_LONGEST = 40


def short(text: str) -> str:
    """The first line of a text, cut where it is long."""
    line = text.strip().partition("\n")[0].rstrip()
    return line if len(line) <= _LONGEST and line == text.strip() else line[: _LONGEST - 1].rstrip() + "…"


def named(head: Head, label: str) -> str:
    """One event: its kind, its id and what it says."""
    said = short(head.summary())
    kind = head.kind if head.is_action else f"{head.kind} observation"
    return f"{kind} {label} `{said}`" if said else f"{kind} {label}"


def several(
    indices: Sequence[int], head: Callable[[int], Head], label: Callable[[int], str], chosen: Sequence[int]
) -> str:
    """Events in words: one of them, an action with its observation, or how many and between which."""
    first = indices[0]
    if len(indices) == 1:
        return named(head(first), label(first))
    actions = [index for index in indices if head(index).is_action]
    if len(actions) == 1:
        rest = len(indices) - 1
        with_it = "its observation" if rest == 1 else f"its {rest} observations"
        return f"{named(head(actions[0]), label(actions[0]))} with {with_it}"
    if head(first).action == DELEGATE and set(chosen) <= {first, indices[-1]}:
        return f"{named(head(first), label(first))} with all {len(indices) - 1} events of its delegation"
    return f"{len(indices)} events ({label(first)} to {label(indices[-1])})"
