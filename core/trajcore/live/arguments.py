"""A request as arguments of litellm's, made of a model's settings in the process that has the library."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from trajcore.live.abilities import provider_of
from trajcore.live.modelsettings import ARGUMENTS

_CACHED: Final = [{"location": "message", "role": "system"}, {"location": "message", "index": -1}]
"""Up to where Anthropic is to keep the prompt: without these marks every step pays for all of it again."""
_MAY_BE_DROPPED: Final = ("temperature", "top_p", "seed", "reasoning_effort", "max_tokens")
"""Arguments that litellm leaves out, without a word, where it does not know the model to take them."""
_OF_SAFETY: Final = ("gemini", "mistral")
"""Models that take `safety_settings`, by a part of their names."""
_OLLAMA: Final = ("ollama", "ollama_chat")


def arguments(litellm: ModuleType, settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Which model is asked, where, and how; and the settings that it does not take, by their own names."""
    found = {argument: settings[name] for name, argument in ARGUMENTS.items()}
    model, provider = settings["model"], _provider(litellm, settings)
    if provider in _OLLAMA:
        found["base_url"] = found["base_url"] or settings["ollama_base_url"]
    if found["base_url"] and provider in (None, "openai"):
        # Servers that speak OpenAI's language give their models plain names, and many need no key.
        model = model if provider else f"openai/{model}"
        found["api_key"] = found["api_key"] or os.environ.get("OPENAI_API_KEY") or "none"
    if provider == "anthropic" and settings["caching_prompt"]:
        found["cache_control_injection_points"] = _CACHED
    if provider == "openrouter":
        named = {"HTTP-Referer": settings["openrouter_site_url"], "X-Title": settings["openrouter_app_name"]}
        found["extra_headers"] = {name: value for name, value in named.items() if value} or None
    left = _left_out(litellm, model, provider or "openai", found)
    for argument in left:
        found.pop(argument)
    given = {name: value for name, value in found.items() if value is not None}
    names = {argument: name for name, argument in ARGUMENTS.items()}
    return {**given, **(settings["completion_kwargs"] or {}), "model": model}, [names[one] for one in left]


def _left_out(litellm: ModuleType, model: str, provider: str, found: dict[str, Any]) -> list[str]:
    """What of these the model does not take."""
    asked = [name for name in _MAY_BE_DROPPED if found[name] is not None and found["drop_params"]]
    taken = litellm.get_supported_openai_params(model.partition("/")[2] or model, provider) if asked else None
    left = [name for name in asked if taken is not None and name not in taken]
    if found["safety_settings"] and not any(word in model.lower() for word in _OF_SAFETY):
        left.append("safety_settings")
    return left


def _provider(litellm: ModuleType, settings: Mapping[str, Any]) -> str | None:
    return provider_of(litellm, settings["model"], settings["custom_llm_provider"])


def lacking(litellm: ModuleType, settings: Mapping[str, Any]) -> str:
    """What is missing to ask a model at its provider's own address, as far as that is known.

    Some providers are reached with more than a key, or otherwise: of those it is not.
    """
    provider = _provider(litellm, settings)
    if provider is None:
        return "provider"
    if settings["api_key"] or settings["completion_kwargs"]:
        return ""
    model = settings["model"].removeprefix(f"{provider}/")
    missing = litellm.validate_environment(f"{provider}/{model}")["missing_keys"]
    return "key" if missing and all(name.endswith("_API_KEY") for name in missing) else ""
