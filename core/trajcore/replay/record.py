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
    dumped = actual.model_dump(mode="json")
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


def _message(observation: dict[str, Any]) -> str:
    """The derived text that OpenHands puts beside each observation."""
    extras = observation["extras"]
    match observation["observation"]:
        case "run":
            code = extras["metadata"]["exit_code"]
            return f"Command `{extras['command']}` executed with exit code {code}."
        case "read":
            return f"I read the file {extras['path']}."
        case "write":
            return f"I wrote to the file {extras['path']}."
        case "edit":
            return f"I edited the file {extras['path']}."
    return str(observation["content"])
