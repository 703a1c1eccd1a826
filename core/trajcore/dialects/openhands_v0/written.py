"""A run as OpenHands 0.62 writes a trajectory, whose own reader takes no other spelling."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from trajcore.dialects.openhands_v0.stamps import calls_in
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


def in_their_order(events: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Events of a run in the order of their recording, where a model made several calls at once.

    A replay has the result of each before the next is carried out; recorded, they may come behind all calls.
    """
    waiting: list[Mapping[str, Any]] = []
    for event in events:
        if waiting and "action" in event and _reply(event) != _reply(waiting[0]):
            yield from waiting
            waiting.clear()
        earlier = [result for result in waiting if not _is_before(event, result)]
        yield from earlier
        waiting = [result for result in waiting if result not in earlier]
        if "action" not in event and _reply(event) is not None:
            waiting.append(event)
        else:
            yield event
    yield from waiting


def _reply(event: Mapping[str, Any]) -> str | None:
    """The reply of a model that an event belongs to, where that made several calls."""
    metadata = event.get("tool_call_metadata")
    response = metadata.get("model_response") if isinstance(metadata, dict) else None
    if not isinstance(response, dict) or len(calls_in(response)) < 2:
        return None
    return str(response.get("id"))


def _is_before(event: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    ids = event.get("id"), other.get("id")
    return all(isinstance(id, int) for id in ids) and ids < (ids[1], ids[1])


def run_file(events: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """A run as OpenHands writes one today: a list, indented by four. What is no event is left out."""
    yield b"["
    nobody_spoke = True
    known = (event for event in events if "action" in event or "observation" in event)
    for place, event in enumerate(in_their_order(known)):
        today = as_written_today(dict(event))
        # OpenHands cannot replay an event without a source; where there are none, the task is first.
        opening = nobody_spoke and event.get("action") == kinds.MESSAGE
        nobody_spoke = nobody_spoke and not opening
        today.setdefault("source", (Source.USER if opening else Source.AGENT).value)
        text = json.dumps(today, indent=4)
        indented = "\n".join("    " + line for line in text.split("\n"))
        yield (",\n" if place else "\n").encode() + indented.encode()
    yield b"\n]\n"
