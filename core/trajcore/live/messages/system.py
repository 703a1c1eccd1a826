"""The system prompt of a live session: the recorded one, or ours, and what is to be said of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from trajcore.events.actions import SystemAction
from trajcore.events.base import Event
from trajcore.live.prompt import DEFAULT_SYSTEM_PROMPT

_GONE: Final = "(Of the tools of this conversation, these are not there any more: {names}.)"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST: Final = 40
"""So many tools that are not there any more are named."""


@dataclass(frozen=True)
class SystemPrompt:
    """A system prompt, and which one it is, in words for the user."""

    text: str
    which: str


def system_prompt(events: Sequence[Event], offered: Collection[str], *, own: bool = False) -> SystemPrompt:
    """The recorded system prompt; ours where there is none, or it is to be our `own`.

    A recorded one speaks of the tools that there were: which of them, or of those that were called, are not
    `offered` any more is said at its end.
    """
    recorded = next(_recorded(events), None)
    if recorded is None or own:
        which = "ours, in place of the recorded one" if recorded else "ours: none was recorded"
        return SystemPrompt(DEFAULT_SYSTEM_PROMPT, which)
    named = [*_listed(recorded), *_called(events)]
    gone = [name for name in dict.fromkeys(named) if name not in offered and _NAME.fullmatch(name)]
    text = recorded.args.content
    if not gone:
        return SystemPrompt(text, "as recorded")
    names = ", ".join(sorted(gone)[:_MOST])
    return SystemPrompt(f"{text}\n\n{_GONE.format(names=names)}", f"as recorded, and that it has no {names}")


def _recorded(events: Sequence[Event]) -> Iterator[SystemAction]:
    prompts = (event for event in events if isinstance(event, SystemAction))
    return (event for event in prompts if event.args.content.strip())


def _listed(recorded: SystemAction) -> Iterator[str]:
    """The names of the tools that were offered then."""
    for tool in recorded.args.tools or ():
        function = tool.get("function") if isinstance(tool, dict) else None
        yield str(function.get("name")) if isinstance(function, dict) else ""


def _called(events: Sequence[Event]) -> Iterator[str]:
    """The names of the tools that were called."""
    return (event.tool_call_metadata.function_name or "" for event in events if event.tool_call_metadata)
