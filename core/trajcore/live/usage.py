"""What a model has cost so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Usage:
    """Tokens and cost (US dollars) of all replies together; `context` is how many tokens the last one took in
    and gave out, of at most `window` (0 where unknown).
    """

    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost: float = 0.0
    context: int = 0
    window: int = 0
    replies: int = 0

    @property
    def tokens(self) -> dict[str, int]:
        """How many tokens there were of each sort, as reports have them."""
        return {
            "prompt": self.prompt_tokens,
            "completion": self.completion_tokens,
            "cache_read": self.cache_read_tokens,
            "cache_write": self.cache_write_tokens,
        }

    def plus(self, response: dict[str, Any], cost: float, window: int, *, whole: bool = True) -> Usage:
        """The usage after one more response (a ModelResponse as a dict); part of one may cost as well."""
        usage = _object(response.get("usage"))
        details = _object(usage.get("prompt_tokens_details"))
        prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
        read = _count(usage, "cache_read_input_tokens") or _count(details, "cached_tokens")
        return Usage(
            model=str(response.get("model") or self.model),
            prompt_tokens=self.prompt_tokens + prompt,
            completion_tokens=self.completion_tokens + completion,
            cache_read_tokens=self.cache_read_tokens + read,
            cache_write_tokens=self.cache_write_tokens + _count(usage, "cache_creation_input_tokens"),
            cost=self.cost + cost,
            context=prompt + completion if whole else self.context,
            window=window or self.window,
            replies=self.replies + whole,
        )

    def metrics(self, response_id: str) -> dict[str, Any]:
        """The `llm_metrics` of an event: the accumulated numbers, as OpenHands trims them."""
        return {
            "accumulated_cost": self.cost,
            "max_budget_per_task": None,
            "accumulated_token_usage": {
                "model": self.model,
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": self.completion_tokens,
                "cache_read_tokens": self.cache_read_tokens,
                "cache_write_tokens": self.cache_write_tokens,
                "context_window": self.window,
                "per_turn_token": self.context,
                "response_id": response_id,
            },
            "costs": [],
            "response_latencies": [],
            "token_usages": [],
        }


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(values: dict[str, Any], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else 0
