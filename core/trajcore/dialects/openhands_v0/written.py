"""A run as OpenHands 0.62 writes a trajectory, whose own reader takes no other spelling."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from trajcore.events import kinds
from trajcore.events.kinds import Source

_KEPT_EXTRAS: Final = frozenset([
    "repo_name", "repo_directory", "repo_branch", "repo_instructions", "runtime_hosts",
    "additional_agent_instructions", "date", "custom_secrets_descriptions",
    "conversation_instructions", "working_dir", "screenshot", "set_of_marks", "goal_image_urls",
    "open_pages_urls", "active_page_index", "dom_object", "axtree_object", "extra_element_properties",
    "last_browser_action", "last_browser_action_error", "focused_element_bid", "filter_visible_only",
    "_diff_cache",
])  # fmt: skip
"""Fields of 0.62 that the models here do not name, because nothing here reads them."""


def as_written_today(event: dict[str, Any]) -> dict[str, Any]:
    """An event with the fields that OpenHands 0.62 writes for its kind, and no others: it loads nothing else.

    Older spellings are brought up to date. Events of unknown kinds, and invalid ones, stay as they are.
    """
    from trajcore.dialects.openhands_v0.wire import parse

    parsed = parse(event)
    side = "args" if "action" in event else "extras"
    typed = getattr(parsed.event, side, None)
    if parsed.problems or typed is None or type(parsed.event).__name__.startswith("Unknown"):
        return event
    known = type(typed).model_fields
    written = typed.model_dump()
    fields = {name: value for name, value in written.items() if name in known or name in _KEPT_EXTRAS}
    today = {key: value for key, value in event.items() if key != side}
    if side == "args":
        today["args"] = fields
    else:
        today["content"] = event.get("content") or ""
        today["extras"] = fields
    return today


def run_file(events: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """A run as OpenHands writes one today: a list, indented by four. What is no event is left out."""
    yield b"["
    nobody_spoke = True
    known = (event for event in events if "action" in event or "observation" in event)
    for place, event in enumerate(known):
        today = as_written_today(dict(event))
        # OpenHands cannot replay an event without a source; where there are none, the task is first.
        opening = nobody_spoke and event.get("action") == kinds.MESSAGE
        nobody_spoke = nobody_spoke and not opening
        today.setdefault("source", (Source.USER if opening else Source.AGENT).value)
        text = json.dumps(today, indent=4)
        indented = "\n".join("    " + line for line in text.split("\n"))
        yield (",\n" if place else "\n").encode() + indented.encode()
    yield b"\n]\n"
