"""What a model takes: told by the library's own table in the model's process, and used in the program.

Nothing is asked over a network for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from trajcore.live.modelsettings import ModelSettings

Frame = dict[str, Any]

_REFUSE_THOUGHTS: Final = frozenset({"azure", "cerebras", "groq", "openai"})
"""Providers that refuse a message with thoughts in it, though some of them send such."""
_FETCH: Final = frozenset({"anthropic", "azure", "mistral", "openai", "openrouter", "xai"})
"""Providers that are given the address of a picture; for others, this machine would have to fetch it."""
_MISTRALS: Final = ("codestral", "devstral", "magistral", "ministral", "mistral", "mixtral", "pixtral")
"""Models, by a part of their names, whose makers refuse a user's word behind a result."""
_ASKED: Final = frozenset({"lemonade", "ollama", "ollama_chat"})
"""Providers of which the library would ask a server on this machine what their models can do."""


@dataclass(frozen=True)
class Abilities:
    """What a model takes. Of one that is not known: all."""

    asked: frozenset[str] = frozenset()
    """The names of models that were asked about, as replies have them."""
    native_calls: bool = True
    """Whether it calls tools by itself; else calls are text to it."""
    sees: bool = True
    """Whether it is shown pictures."""
    fetches: bool = True
    """Whether its provider itself gets a picture that is named by its address."""
    hears_users_behind_results: bool = True
    """Whether the user may speak right behind a result; else the model has to have said something."""
    same: frozenset[str] = frozenset()
    """Those of them whose thoughts this one is given again: its provider made them, and takes them."""


ANY: Final = Abilities()


def provider_of(litellm: ModuleType, model: str, named: str | None = None) -> str | None:
    """Who has a model, as litellm calls them: by its name, or as `named`. None where it knows nobody.

    A name that says it is taken at its word: of some, the library would ask the provider for a token.
    """
    first, slash, _ = model.partition("/")
    said = named or (first if slash else None)
    if said in {str(getattr(one, "value", one)) for one in litellm.provider_list}:
        return said
    try:
        return str(litellm.get_llm_provider(model, named)[1])
    except litellm.BadRequestError:
        return None


def about(litellm: ModuleType, settings: Frame, model: str, others: Iterable[str]) -> Frame:
    """What the library knows of a model with these settings, and the providers of others, by their names in
    replies.
    """
    named = settings["custom_llm_provider"]
    provider = provider_of(litellm, model, named)
    return {
        "model": model,
        "provider": provider,
        "tools": provider is None or _takes_tools(litellm, model, provider),
        "vision": provider not in _ASKED and bool(litellm.supports_vision(model)),
        "providers": {other: provider_of(litellm, other) for other in others},
    }


def _takes_tools(litellm: ModuleType, model: str, provider: str) -> bool:
    """Whether the library hands tools on: it drops them, unsaid, for a model that it knows has none."""
    own = model.removeprefix(f"{provider}/")
    return "tools" in (litellm.get_supported_openai_params(model=own, custom_llm_provider=provider) or ())


def abilities_of(told: Frame, settings: ModelSettings) -> Abilities:
    """What that comes to for a model with these settings."""
    provider, providers = told["provider"], told["providers"]
    takes_thoughts = provider not in _REFUSE_THOUGHTS or (provider == "openai" and settings.base_url)
    same = _same(told["model"], provider, providers) if takes_thoughts else ()
    return Abilities(
        asked=frozenset(providers),
        native_calls=told["tools"] if settings.native_tool_calling is None else settings.native_tool_calling,
        sees=told["vision"] if settings.disable_vision is None else not settings.disable_vision,
        fetches=provider in _FETCH,
        hears_users_behind_results=not any(name in told["model"].lower() for name in _MISTRALS),
        same=frozenset(same),
    )


def _same(model: str, provider: str | None, providers: Mapping[str, str | None]) -> Iterable[str]:
    """Those that are this model itself, with or without its provider's name before it, or of its provider."""
    own = {model, model.partition("/")[2]}
    return (name for name, other in providers.items() if name in own or (other and other == provider))
