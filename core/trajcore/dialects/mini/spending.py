"""What the replies of a trajectory's model have come to, one after the other."""

from __future__ import annotations

from typing import Any, Final

from trajcore.dialects.mini.wire import Message

_TOKENS: Final = {
    "prompt_tokens": (("prompt_tokens",), ("input_tokens",)),
    "completion_tokens": (("completion_tokens",), ("output_tokens",)),
    "cache_read_tokens": (
        ("prompt_tokens_details", "cached_tokens"), ("input_tokens_details", "cached_tokens"),
    ),
    "cache_write_tokens": (("cache_creation_input_tokens",),),
    "reasoning_tokens": (
        ("completion_tokens_details", "reasoning_tokens"), ("output_tokens_details", "reasoning_tokens"),
    ),
}  # fmt: skip
"""What a provider calls each kind, in its chat and in its Responses interface."""


class Spending:
    """Adds up."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._cost = 0.0
        self._tokens: dict[str, int] = {}

    def add(self, message: Message) -> dict[str, Any] | None:
        """What all have come to, with this reply, as `llm_metrics` tells it; None where it tells nothing."""
        noted = message.noted
        response = noted.response if isinstance(noted.response, dict) else {}
        usage = response.get("usage", message.usage)
        cost = noted.cost
        has_cost = isinstance(cost, int | float) and not isinstance(cost, bool)
        if not isinstance(usage, dict) and not has_cost:
            return None
        if has_cost:
            self._cost += cost
        for name, paths in _TOKENS.items():
            found = next((n for n in (_number(usage, path) for path in paths) if n is not None), None)
            if found is not None:
                self._tokens[name] = self._tokens.get(name, 0) + found
        model = response.get("model")
        named = {"model": model if isinstance(model, str) else self._model}
        return {"accumulated_cost": self._cost, "accumulated_token_usage": {**named, **self._tokens}}


def _number(usage: Any, path: tuple[str, ...]) -> int | None:
    for key in path:
        usage = usage.get(key) if isinstance(usage, dict) else None
    return usage if isinstance(usage, int) and not isinstance(usage, bool) else None
