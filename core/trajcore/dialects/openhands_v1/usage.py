"""What the model has come to: the state of a conversation knows it for each reply."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any, Final

from trajcore.dialects.base import ModelUse
from trajcore.dialects.recording import Text
from trajcore.dialects.shapes import object_in, objects_in
from trajcore.formats.json.edit import with_value
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


def models(state: Mapping[str, Any]) -> dict[str, str]:
    """The model that gave each reply, by its id."""
    usages = object_in(object_in(state, "stats"), _USAGES)
    counted = (one for name in usages for one in objects_in(object_in(usages, name), "token_usages"))
    return {
        str(one.get(_RESPONSE)): str(one["model"]) for one in counted if isinstance(one.get("model"), str)
    }


def counted(state: bytes, use: ModelUse) -> bytes:
    """The state with what one more reply came to."""
    known = as_object(state)
    named = object_in(object_in(known, "agent"), "llm").get("usage_id")
    name = named if isinstance(named, str) and named else _AGENT
    stats = object_in(known, _STATS)
    usages = object_in(stats, _USAGES)
    metrics = object_in(usages, name) or {"model_name": use.model}
    tokens = {key: getattr(use, key, 0) for key in _TOKENS}
    reply = {
        "model": use.model,
        **tokens,
        "context_window": use.window,
        "per_turn_token": use.prompt_tokens + use.completion_tokens,
        _RESPONSE: use.reply,
    }
    so_far = object_in(metrics, _ACCUMULATED) or {"model": use.model}
    sums = {key: int(_number(so_far.get(key))) + tokens[key] for key in _TOKENS}
    made = {
        **metrics,
        _COST: _number(metrics.get(_COST)) + use.cost,
        _ACCUMULATED: {
            **so_far, **sums,
            "context_window": max(int(_number(so_far.get("context_window"))), use.window),
            "per_turn_token": reply["per_turn_token"], _RESPONSE: str(so_far.get(_RESPONSE) or ""),
        },
        "costs": [
            *objects_in(metrics, "costs"),
            *([{"model": use.model, "cost": use.cost, "timestamp": time.time()}] if use.cost else []),
        ],
        "response_latencies": [
            *objects_in(metrics, "response_latencies"),
            {"model": use.model, "latency": use.seconds, _RESPONSE: use.reply},
        ],
        "token_usages": [*objects_in(metrics, "token_usages"), reply],
    }  # fmt: skip
    return with_value(state, (_STATS,), {**stats, _USAGES: {**usages, name: made}})


def without(stats: Mapping[str, Any], replies: Collection[str]) -> dict[str, Any]:
    """What a conversation has come to without some replies of its model."""
    usages = object_in(stats, _USAGES)
    return {**stats, _USAGES: {name: _less(object_in(usages, name), replies) for name in usages}}


def _less(metrics: Mapping[str, Any], replies: Collection[str]) -> dict[str, Any]:
    """The metrics of one use of a model, counted anew where replies go."""
    counted = objects_in(metrics, "token_usages")
    costs = objects_in(metrics, "costs")
    gone = [at for at, one in enumerate(counted) if one.get(_RESPONSE) in replies]
    if not gone:
        return dict(metrics)
    kept = {
        name: [one for one in objects_in(metrics, name) if one.get(_RESPONSE) not in replies]
        for name in ("response_latencies", "token_usages")
        if name in metrics
    }
    made: dict[str, Any] = {**metrics, **kept}
    if len(costs) == len(counted):
        spent = sum(cost for at in gone if isinstance(cost := costs[at].get("cost"), int | float))
        made["costs"] = [cost for at, cost in enumerate(costs) if at not in gone]
        made[_COST] = max(0.0, _number(metrics.get(_COST)) - spent)
    so_far = object_in(metrics, _ACCUMULATED)
    less = {
        key: max(0, int(_number(so_far.get(key))) - sum(int(_number(counted[at].get(key))) for at in gone))
        for key in _TOKENS
        if key in so_far
    }
    return {**made, _ACCUMULATED: {**so_far, **less}} if so_far else made


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0


_STATS: Final = "stats"
_AGENT: Final = "agent"
_USAGES: Final = "usage_to_metrics"
_RESPONSE: Final = "response_id"
_COST: Final = "accumulated_cost"
_ACCUMULATED: Final = "accumulated_token_usage"
