"""Which model a session has: known before it, and mostly without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from trajcore.masking import secrets_in_addresses, secrets_in_tables, without_accounts

ARGUMENTS: Final[Mapping[str, str]] = {
    "api_key": "api_key",
    "base_url": "base_url",
    "custom_llm_provider": "custom_llm_provider",
    "api_version": "api_version",
    "aws_access_key_id": "aws_access_key_id",
    "aws_secret_access_key": "aws_secret_access_key",
    "aws_region_name": "aws_region_name",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "reasoning_effort": "reasoning_effort",
    "max_output_tokens": "max_tokens",
    "drop_params": "drop_params",
    "safety_settings": "safety_settings",
}
"""The settings that a request is made with, and litellm's names of them. Of the others each has its place:
the model and its addresses, caching and what goes beside them in `trajcore.live.arguments`, waiting in
`trajcore.live.model`, prices in `trajcore.live.serving`.
"""


@dataclass(frozen=True)
class ModelSettings:
    """Which model, and how it is reached: the keys under `[llm]`. No secret is part of the repr.

    None is as the provider, or this program, has it.
    """

    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = field(default=None, repr=False)
    temperature: float | None = None
    max_output_tokens: int | None = None
    """The most that a reply may have."""
    max_input_tokens: int | None = None
    """How large its context is; None: as litellm's own table says, if it does."""
    top_p: float | None = None
    top_k: float | None = None
    seed: int | None = None
    reasoning_effort: str | None = None
    drop_params: bool = True
    """Whether what a model does not take is left out of its requests; else such a request fails."""
    caching_prompt: bool = True
    """Whether a provider that wants to be told is to keep the prompt."""
    safety_settings: Sequence[Mapping[str, str]] | None = None
    """Of models that have such: Gemini's and Mistral's."""
    completion_kwargs: Mapping[str, Any] | None = field(default=None, repr=False)
    """More arguments of litellm's, which count before the others."""
    custom_llm_provider: str | None = None
    api_version: str | None = None
    aws_access_key_id: str | None = field(default=None, repr=False)
    aws_secret_access_key: str | None = field(default=None, repr=False)
    aws_region_name: str | None = None
    openrouter_site_url: str | None = None
    openrouter_app_name: str | None = None
    ollama_base_url: str | None = field(default=None, repr=False)
    """Where Ollama's models are, where no `base_url` says it."""
    timeout: float | None = None
    """Seconds between one sign of life and the next."""
    num_retries: int | None = None
    """How often it is asked before it is given up."""
    retry_multiplier: float | None = None
    """The first wait before it is asked again, in seconds; each is twice the last, between the next two."""
    retry_min_wait: float | None = None
    retry_max_wait: float | None = None
    input_cost_per_token: float | None = None
    """US dollars, where litellm knows no price and the provider tells none; as the next."""
    output_cost_per_token: float | None = None
    native_tool_calling: bool | None = None
    """Whether it calls tools by itself; None: where the library hands tools on to it. Else calls are text."""
    disable_vision: bool | None = None
    """Whether no picture is sent; None: none where the model is not known to see."""
    own_prompt: bool = False
    """Whether it is given our system prompt, also where one was recorded."""

    @property
    def secrets(self) -> list[str]:
        """What of these settings nobody is to see."""
        keys = filter(None, (self.api_key, self.aws_access_key_id, self.aws_secret_access_key))
        addresses = (self.base_url, self.ollama_base_url)
        accounts = [secret for address in addresses for secret in secrets_in_addresses(address)]
        return [*keys, *accounts, *secrets_in_tables(self.completion_kwargs)]

    def told(self) -> dict[str, Any]:
        """What of them is kept with what a model did: which it was, and how it was asked; no secret."""
        said = {one.name: getattr(self, one.name) for one in fields(self) if one.repr}
        own = {name: value for name, value in said.items() if value != getattr(ModelSettings, name)}
        address = {} if self.base_url is None else {"base_url": without_accounts(self.base_url)}
        return {**own, **address}

    def as_data(self) -> dict[str, Any]:
        """All of them, secrets too, as the process that asks is told them."""
        return asdict(self)


@dataclass(frozen=True)
class NamedModel:
    """The model of an `[llm.NAME]`; `fault` says why it cannot be used, `left_out` what of it is not."""

    settings: ModelSettings
    fault: str = ""
    left_out: tuple[str, ...] = ()
