"""Events as OpenHands 0.62 writes them, without the id and timestamp that the run gives them."""

from __future__ import annotations

from typing import Any, Final

from trajcore.dialects.openhands_v0.replies import Call
from trajcore.live.model import Reply
from trajcore.live.usage import Usage

THOUGHT_LOGGED: Final = "Your thought has been logged."
"""What OpenHands answers to `think`."""

Event = dict[str, Any]


def message(text: str, source: str, *, wait_for_response: bool = False) -> Event:
    """A `message` action."""
    args = {
        "content": text,
        "file_urls": None,
        "image_urls": None,
        "wait_for_response": wait_for_response,
        "security_risk": -1,
    }
    return {"source": source, "message": text, "action": "message", "args": args}


def tool_action(action: Event, call: Call, reply: Reply, thought: str, usage: Usage) -> Event:
    """The event of one tool call. `action` comes from `tools.to_action`; `thought` is the reply's text."""
    thoughts = (thought, action["args"].get("thought", ""))
    args = {**action["args"], "thought": "\n".join(text for text in thoughts if text)}
    event = {
        "source": "agent",
        "message": _message_of(action["action"], args),
        "action": action["action"],
        "tool_call_metadata": {
            "function_name": call.name,
            "tool_call_id": call.id,
            "model_response": reply.response,
            "total_calls_in_response": len(reply.tool_calls),
        },
        "llm_metrics": usage.metrics(str(reply.response.get("id") or "")),
        "args": args,
    }
    return {**event, "timeout": action["timeout"]} if "timeout" in action else event


def think_observation(cause: int | None, metadata: dict[str, Any]) -> Event:
    """The answer to `think`."""
    event: Event = {"source": "agent", "message": THOUGHT_LOGGED}
    event |= {} if cause is None else {"cause": cause}
    event |= {"observation": "think", "tool_call_metadata": metadata}
    return {**event, "content": THOUGHT_LOGGED, "extras": {}}


def error_observation(text: str) -> Event:
    """The answer to a reply that no action could be made of: it has no cause."""
    return {
        "source": "agent",
        "message": text,
        "observation": "error",
        "content": text,
        "extras": {"error_id": ""},
    }


def with_metrics(event: Event, reply: Reply, usage: Usage) -> Event:
    """A message of the agent with what it cost, in OpenHands' order of keys."""
    args = event["args"]
    head = {key: value for key, value in event.items() if key != "args"}
    return {**head, "llm_metrics": usage.metrics(str(reply.response.get("id") or "")), "args": args}


def _message_of(kind: str, args: dict[str, Any]) -> str:
    match kind:
        case "run":
            return f"Running command: {args['command']}"
        case "read":
            return f"Reading file: {args['path']}"
        case "think":
            return f"I am thinking...: {args['thought']}"
        case "finish":
            return args["thought"] or "All done! What's next on the agenda?"
    return ""
