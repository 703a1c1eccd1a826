"""An asciicast (version 3) of what the Sandbox pane shows: each command, what came of it, a marker before it.

Of the texts only their colours reach the terminal that plays it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from trajcore.text import only_colours, safe, safe_line
from trajcore.views.exports.cutting import Limit, cut
from trajcore.views.exports.extract import Answer, Extract, Step

COLUMNS: Final = 100
ROWS: Final = 30
_IDLE: Final = 2.0
"""Nobody waits for more seconds than this."""
_TYPING: Final = 0.4
"""Seconds between a step and the next: what the agent took to think is not told."""
_LIMIT: Final = Limit(characters=100_000, lines=2_000)
_PLAIN: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_PROMPT: Final = "\x1b[1;34m$\x1b[0m "


def cast(extract: Extract) -> Iterator[str]:
    """The lines of the file, each with its newline."""
    header = {
        "version": 3,
        "term": {"cols": COLUMNS, "rows": ROWS, "type": "xterm-256color"},
        "idle_time_limit": _IDLE,
        "title": extract.name,
    }
    yield _line(header)
    for step in extract.steps():
        yield from _step(step)
    for masked in extract.masked:
        yield f"# masked: {safe_line(masked.words)}\n"
    yield _line([_TYPING, "x", "0"])


def _step(step: Step) -> Iterator[str]:
    what = f"{step.label} {step.line.kind} {step.line.summary}"
    yield _line([_TYPING, "m", what if len(what) <= COLUMNS else f"{what[: COLUMNS - 1]}…"])
    yield _output(0.0, _typed(step))
    answer = step.answer
    if answer is not None:
        took = _took(step, answer)
        text = only_colours(cut(answer.text, _LIMIT)[0])  # what is cut may break off in a colour
        if text:
            yield _output(took, f"{text}{_PLAIN}\n")
            took = 0.0
        yield _output(took, f"{_DIM}── {_rule(step, answer)}{_PLAIN}\n")


def _typed(step: Step) -> str:
    """The prompt with a command behind it; what else was said or done behind the sign of who did it."""
    if step.action is not None and step.action.command:
        first, *more = safe(step.action.command).split("\n")
        return _PROMPT + "\n> ".join([first, *more]) + "\n"
    body = "\n".join(stretch.plain for stretch in step.said if stretch.text)
    shown, _ = cut(body, _LIMIT)
    return f"{_DIM}{step.line.source} {step.line.kind}{_PLAIN} {shown}\n"


def _took(step: Step, answer: Answer) -> float:
    seconds = answer.seconds if answer.seconds is not None else 0.0
    return round(min(max(seconds, 0.0), _IDLE), 3)


def _rule(step: Step, answer: Answer) -> str:
    return step.verdict.split("\n")[0] or answer.heading


def _output(after: float, text: str) -> str:
    return _line([after, "o", text.replace("\n", "\r\n")])


def _line(value: Any) -> str:
    return json.dumps(value) + "\n"
