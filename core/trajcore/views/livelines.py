"""A live session without a screen: what it does, and what that costs, as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trajcore import notices
from trajcore.events.kinds import MESSAGE
from trajcore.text import as_shown, safe, safe_line, without_escapes
from trajcore.views.additions import Addition
from trajcore.views.marks import duration, live_start

if TYPE_CHECKING:
    from trajcore.live.outcome import LiveOutcome
    from trajcore.live.usage import Usage
    from trajcore.replay.aside import Tried

_INDENT: Final = " " * 9
"""Up to the column of kinds."""
_SHOWN_LINES: Final = 5
_SHOWN_WIDTH: Final = 200
_READ: Final = 20_000
"""So many characters of a result are looked at for its first lines."""


def addition_lines(addition: Addition) -> list[str]:
    """What a live session adds: an action with all that it does, a result with its first lines."""
    entry, head = addition.entry, addition.entry.head
    if head.is_action:
        start = live_start(entry.id, (head.source or "") if head.kind == MESSAGE else head.kind)
        lines = safe(head.text).rstrip("\n").split("\n")
        return [start + lines[0], *(" " * len(start) + line for line in lines[1:])]
    outcome = head.kind if head.exit_code is None else f"exit {head.exit_code}"
    parts = [outcome, *([] if addition.seconds is None else [duration(addition.seconds)])]
    return [_INDENT + safe_line(" · ".join(parts)), *_first_lines(head.content or "")]


def _first_lines(text: str) -> list[str]:
    lines = safe(without_escapes(as_shown(text[:_READ]))).rstrip("\n").split("\n")
    shown = [line[:_SHOWN_WIDTH] + "…" * (len(line) > _SHOWN_WIDTH) for line in lines[:_SHOWN_LINES]]
    if len(lines) > _SHOWN_LINES or len(text) > _READ:
        shown.append("…")
    return [f"{_INDENT}│ {line}" for line in shown] if text.strip() else []


def reply_line(reply: notices.ModelReplied) -> str:
    """What one reply of the model cost."""
    return _INDENT + " · ".join(reply_parts(reply))


def reply_parts(reply: notices.ModelReplied) -> list[str]:
    """The same: tokens, dollars, seconds, as far as they are known."""
    return [*cost_parts(reply.usage), duration(reply.seconds)]


def tried_lines(tried: Tried) -> list[str]:
    """A command that was tried in the world: what it came to, with the first lines of what it wrote."""
    outcome = tried.fault or f"exit {tried.exit_code}"
    return [f"run:     {safe_line(outcome)} · {duration(tried.seconds)}", *_first_lines(tried.output)]


def outcome_line(outcome: LiveOutcome) -> str:
    """What the model's turns came to, all together."""
    steps = f"{outcome.steps} step{'s' * (outcome.steps != 1)}"
    ending = outcome.ending.replace("_", " ")
    return f"live: {' · '.join([steps, *cost_parts(outcome.usage), duration(outcome.seconds), ending])}"


def cost_parts(usage: Usage) -> list[str]:
    """Tokens and dollars, those that are known."""
    cached = f" ({usage.cache_read_tokens} cached)" if usage.cache_read_tokens else ""
    tokens = f"{usage.prompt_tokens} tokens in{cached}, {usage.completion_tokens} out"
    counted = usage.prompt_tokens or usage.completion_tokens
    return [*([tokens] if counted else []), *([f"${usage.cost:.4f}"] if usage.cost else [])]
