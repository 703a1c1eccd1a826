"""What the model has come to: the state of a conversation knows it for each reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trajcore.dialects.recording import Text
from trajcore.dialects.shapes import object_in, objects_in
from trajcore.formats.json.reading import as_object


def by_response(state: Text) -> dict[str, dict[str, Any]]:
    """What all replies up to one have come to, by its id, as `llm_metrics` tells it; the agent's alone."""
    found: dict[str, dict[str, Any]] = {}
    usages = object_in(object_in(as_object(state), "stats"), "usage_to_metrics")
    for name in usages:
        if name.startswith("task:"):
            continue
        metrics = object_in(usages, name)
        costs = [cost.get("cost") for cost in objects_in(metrics, "costs")]
        spent: dict[str, float] = {}
        total = 0.0
        for at, tokens in enumerate(objects_in(metrics, "token_usages")):
            response = tokens.get("response_id")
            for key in _TOKENS:
                value = tokens.get(key)
                spent[key] = spent.get(key, 0) + (value if isinstance(value, int) else 0)
            cost = costs[at] if at < len(costs) else None
            total += cost if isinstance(cost, int | float) else 0.0
            if isinstance(response, str) and response:
                found[response] = _told(metrics, spent, total)
    return found


_TOKENS: Final = (
    "prompt_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


def _told(metrics: Mapping[str, Any], spent: Mapping[str, float], cost: float) -> dict[str, Any]:
    model = metrics.get("model_name")
    usage = {"model": model, **spent}
    return {"accumulated_cost": cost, "accumulated_token_usage": usage}
