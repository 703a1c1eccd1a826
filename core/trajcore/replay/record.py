"""Events of this run in the shape that OpenHands 0.62 writes (`event_to_dict`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trajcore.events.base import Observation


def user_message(text: str) -> dict[str, Any]:
    """What the user typed."""
    args = {
        "content": text,
        "file_urls": None,
        "image_urls": None,
        "wait_for_response": False,
        "security_risk": -1,
    }
    return {"source": "user", "message": text, "action": "message", "args": args}


def observation_event(actual: Observation, action: dict[str, Any]) -> dict[str, Any]:
    """What came back for `action` in this run, without id and timestamp."""
    dumped = actual.model_dump()
    event: dict[str, Any] = {"source": action.get("source", "agent"), "message": _message(dumped)}
    if action.get("id") is not None:
        event["cause"] = action["id"]
    event["observation"] = actual.observation
    if action.get("tool_call_metadata") is not None:
        event["tool_call_metadata"] = action["tool_call_metadata"]
    event["content"] = actual.content
    event["extras"] = dumped["extras"]
    if dumped.get("success") is not None:
        event["success"] = dumped["success"]
    return event


def as_written_today(event: dict[str, Any]) -> dict[str, Any]:
    """An event with the fields that OpenHands 0.62 writes for its kind, and no others: it loads nothing else.

    Older spellings are brought up to date. Events of unknown kinds, and invalid ones, stay as they are.
    """
    from trajcore.events.parse import parse

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


_KEPT_EXTRAS = frozenset(
    [
        "repo_name",
        "repo_directory",
        "repo_branch",
        "repo_instructions",
        "runtime_hosts",
        "additional_agent_instructions",
        "date",
        "custom_secrets_descriptions",
        "conversation_instructions",
        "working_dir",
        "screenshot",
        "set_of_marks",
        "goal_image_urls",
        "open_pages_urls",
        "active_page_index",
        "dom_object",
        "axtree_object",
        "extra_element_properties",
        "last_browser_action",
        "last_browser_action_error",
        "focused_element_bid",
        "filter_visible_only",
        "_diff_cache",
    ]
)
"""Fields of 0.62 that the models here do not name, because nothing here reads them."""


def _message(observation: dict[str, Any]) -> str:
    """The derived text that OpenHands puts beside each observation."""
    extras = observation["extras"]
    match observation["observation"]:
        case "run":
            code = extras["metadata"]["exit_code"]
            return f"Command `{extras['command']}` executed with exit code {code}."
        case "run_ipython":
            return "Code executed in IPython cell."
        case "read":
            return f"I read the file {extras['path']}."
        case "write":
            return f"I wrote to the file {extras['path']}."
        case "edit":
            return f"I edited the file {extras['path']}."
    return str(observation["content"])
