"""Keeping keys out of everything that is shown or stored."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

MASK: Final = "<secret_hidden>"
"""What OpenHands puts in the place of a secret."""

_SHORTEST: Final = 6
_LOOKS_LIKE_A_KEY: Final = re.compile(r"\b(?:sk|pk|rk|gsk|xai)-[\w*.-]{6,}[\w*]|(?<=Bearer )[^\s\"',]{6,}")

_LOGIN: Final = re.compile(r"(?<=://)[^/\s@]+@")


class Mask:
    """Replaces known keys by a mask. Very short ones are left: they would hide ordinary words."""

    def __init__(self, keys: Iterable[str | None]) -> None:
        known = {key for key in keys if key and len(key) >= _SHORTEST}
        self._keys = sorted(known, key=len, reverse=True)

    def text(self, text: str) -> str:
        """`text` without the known keys."""
        for key in self._keys:
            text = text.replace(key, MASK)
        return text

    def message(self, text: str) -> str:
        """A provider's message without the known keys, or anything that looks like one."""
        return _LOOKS_LIKE_A_KEY.sub(MASK, _LOGIN.sub("", self.text(text)))

    def tree(self, value: Any) -> Any:
        """A JSON value without the known keys in any of its strings."""
        if not self._keys:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.tree(entry) for key, entry in value.items()}
        return [self.tree(entry) for entry in value] if isinstance(value, list) else value

    def held_back(self, text: str) -> int:
        """How many characters at the end of `text` may be the beginning of a key."""
        for key in self._keys:
            for length in range(min(len(key) - 1, len(text)), 0, -1):
                if text.endswith(key[:length]):
                    return length
        return 0


class MaskedStream:
    """Hands text on as it comes, masked, also where a key comes in pieces."""

    def __init__(self, mask: Mask, on_text: Callable[[str], None]) -> None:
        self._mask = mask
        self._on_text = on_text
        self._held = ""

    def write(self, text: str) -> None:
        """Hand on what can't be part of a key any more."""
        text = self._mask.text(self._held + text)
        held = self._mask.held_back(text)
        self._held = text[len(text) - held :]
        self._pass(text[: len(text) - held])

    def end(self) -> None:
        """Hand on what was held back."""
        self._pass(self._held)
        self._held = ""

    def _pass(self, text: str) -> None:
        if text:
            self._on_text(text)


def keys_in_environment() -> list[str]:
    """The keys that a model library may pick up by itself."""
    return [
        value for name, value in os.environ.items() if name.endswith(("_API_KEY", "_ACCESS_KEY", "_TOKEN"))
    ]
