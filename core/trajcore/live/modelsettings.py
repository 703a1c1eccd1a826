"""Which model a session has: known before it, and mostly without it."""

from __future__ import annotations

from dataclasses import dataclass, field

from trajcore.masking import secrets_in_addresses


@dataclass(frozen=True)
class ModelSettings:
    """Which model, and how it is reached. The key is never part of the repr."""

    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    temperature: float | None = None
    max_output_tokens: int | None = None
    """The most that a reply may have; None: as the provider has it."""
    max_input_tokens: int | None = None
    """How large its context is; None: as litellm's own table says, if it does."""

    @property
    def secrets(self) -> list[str]:
        """What of these settings nobody is to see."""
        key = [self.api_key] if self.api_key else []
        return [*key, *secrets_in_addresses(self.base_url)]
