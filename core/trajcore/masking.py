"""What is secret, and how it is kept out of everything that is shown, stored or sent.

A secret that this process has come to know (`hide`) stays one: `known` masks all of them.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

MASK: Final = "<secret_hidden>"
"""What OpenHands puts in the place of a secret."""

_SHORTEST: Final = 6
"""Shorter ones are left: they would hide ordinary words."""
_TELLING: Final = 12
"""So many characters at the end of a text that was cut are taken for the beginning of a secret."""
_PLACEHOLDERS: Final = frozenset(
    {"anything", "lm-studio", "not-needed", "no-key-required", "ollama", "placeholder", "sk-no-key-required"}
)
"""What servers that want no key have their users put in its place: words that others use as well."""
_VARIABLES: Final = ("_API_KEY", "_ACCESS_KEY", "_TOKEN")
"""How the names of variables end that hold secrets."""

_CALLED_A_SECRET: Final = re.compile(r"key|token|secret|passw|credential|auth|cookie", re.I)

_LOOKS_LIKE_A_KEY: Final = re.compile(r"\b(?:sk|pk|rk|gsk|xai)-[\w*.-]{6,}[\w*]|(?<=Bearer )[^\s\"',]{6,}")
ACCOUNT: Final = re.compile(
    r"(?:(?<=http://)|(?<=https://))(?P<web>[^/\s\"'<>?#]+)@|(?<=://)(?P<other>[^/\s:@\"'<>]*:[^/\s\"'<>?#]+)@"
)
"""What an address holds of an account: before a web server all of it, elsewhere where there is a password."""


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with each of its strings changed, keys too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {with_texts(key, change): with_texts(entry, change) for key, entry in value.items()}
    return [with_texts(entry, change) for entry in value] if isinstance(value, list | tuple) else value


class Mask:
    """Replaces secrets by a mask, also as they stand in JSON and in addresses. False where there are none."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        usable = {secret.strip() for secret in secrets if secret} - _PLACEHOLDERS
        spelled = {form for secret in usable if _is_one_word(secret) for form in _spellings(secret)}
        self._secrets = sorted(spelled, key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def text(self, text: str) -> str:
        """`text` without the secrets, and without the beginning of one where it was cut in the middle."""
        return self._without_beginning(self.whole(text))

    def whole(self, text: str) -> str:
        """`text` without the secrets of which all is there."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def _without_beginning(self, text: str) -> str:
        for secret in self._secrets:
            at = text.find(secret[:_TELLING], max(0, len(text) - len(secret)))
            while at >= 0:
                if len(secret) > _TELLING and secret.startswith(text[at:]):
                    return text[:at] + MASK
                at = text.find(secret[:_TELLING], at + 1)
        return text

    def message(self, text: str) -> str:
        """A provider's message without the secrets, or anything that looks like one."""
        return _LOOKS_LIKE_A_KEY.sub(MASK, without_accounts(self.text(text)))

    def tree(self, value: Any) -> Any:
        """A JSON value without the secrets in any of its strings."""
        if not self._secrets:
            return value
        return with_texts(value, self.text)

    def held_back(self, text: str) -> int:
        """How many characters at the end of `text` may be the beginning of a secret."""
        for length in range(min(len(self._secrets[0]) - 1, len(text)) if self else 0, 0, -1):
            end = text[-length:]
            if any(secret.startswith(end) and secret != end for secret in self._secrets):
                return length
        return 0

    def for_bytes(self) -> Mask:
        """The same for texts that are bytes, one character each (Latin-1)."""
        other = Mask(())
        other._secrets = [secret.encode().decode("latin-1") for secret in self._secrets]
        return other


class MaskedStream:
    """Hands text on as it comes, masked, also where a secret comes in pieces."""

    def __init__(self, mask: Mask, on_text: Callable[[str], None]) -> None:
        self._mask = mask
        self._on_text = on_text
        self._held = ""

    def write(self, text: str) -> None:
        """Hand on what can't be part of a secret any more."""
        text = self._mask.whole(self._held + text)
        held = self._mask.held_back(text)
        self._held = text[len(text) - held :]
        self._pass(text[: len(text) - held])

    def end(self) -> None:
        """Hand on what was held back."""
        held, self._held = self._held, ""
        self._pass(self._mask.text(held))

    def _pass(self, text: str) -> None:
        if text:
            self._on_text(text)


class MaskedOutput:
    """The same for what a program writes, byte for byte."""

    def __init__(self, mask: Mask, on_data: Callable[[bytes], None]) -> None:
        self._stream = MaskedStream(mask.for_bytes(), lambda text: on_data(text.encode("latin-1")))
        self._direct = None if mask else on_data

    def write(self, data: bytes) -> None:
        """Hand on what can't be part of a secret any more."""
        if self._direct is None:
            self._stream.write(data.decode("latin-1"))
        elif data:
            self._direct(data)

    def end(self) -> None:
        """Hand on what was held back."""
        self._stream.end()


def holds_mask(value: Any) -> bool:
    """Whether the mask stands in any string of a JSON value."""
    if isinstance(value, str):
        return MASK in value
    if isinstance(value, dict):
        return any(holds_mask(key) or holds_mask(entry) for key, entry in value.items())
    return isinstance(value, list) and any(map(holds_mask, value))


def without_accounts(text: str) -> str:
    """`text` with a mask for what its addresses (`https://name:password@host`) hold of accounts."""
    return ACCOUNT.sub(f"{MASK}@", text)


def secrets_in_addresses(text: str | None) -> list[str]:
    """The passwords of the addresses in a text, and what stands alone where a web server has an account."""
    return [(found["web"] or found["other"]).rpartition(":")[2] for found in ACCOUNT.finditer(text or "")]


def secrets_in_tables(value: Any, name: str = "") -> list[str]:
    """What in a table of settings is called a key, a token, a password or the like, and in its addresses."""
    if isinstance(value, dict):
        return [secret for key in value for secret in secrets_in_tables(value[key], str(key))]
    if isinstance(value, list):
        return [secret for one in value for secret in secrets_in_tables(one, name)]
    if not isinstance(value, str):
        return []
    word = value.rpartition(" ")[2]  # behind `Bearer`
    return [word] if _CALLED_A_SECRET.search(name) else secrets_in_addresses(value)


def keys_in_environment() -> list[str]:
    """The keys that a model library may pick up by itself."""
    return [value for name, value in os.environ.items() if name.endswith(_VARIABLES)]


# What this process knows

_told: Final[set[str]] = set()


def hide(*secrets: str | None) -> None:
    """Have `known` mask these from now on. The environment is looked through again."""
    _told.update(filter(None, secrets))
    all_told.cache_clear()


def known() -> Mask:
    """The mask of every secret that this process knows, or what masks more here (`masking_by`)."""
    return _instead.get() or all_told()


@functools.cache
def all_told() -> Mask:
    """The mask of every secret that this process knows."""
    return Mask([*_told, *keys_in_environment()])


_instead: Final[ContextVar[Mask | None]] = ContextVar("instead", default=None)


@contextmanager
def masking_by(mask: Mask) -> Iterator[None]:
    """Have `known` answer with another mask in this block of code, and nowhere else."""
    token = _instead.set(mask)
    try:
        yield
    finally:
        _instead.reset(token)


def _is_one_word(secret: str) -> bool:
    """Whether it can be a secret: what has blanks in it is none, and could hide a sentence."""
    return len(secret) >= _SHORTEST and not re.search(r"\s", secret)


def _spellings(secret: str) -> set[str]:
    """A secret as it is, and as it stands in JSON and in an address."""
    from urllib.parse import quote, unquote  # most have no secrets

    plain = {secret, unquote(secret)} if len(unquote(secret)) >= _SHORTEST else {secret}
    in_json = {json.dumps(one, ensure_ascii=ascii)[1:-1] for one in plain for ascii in (True, False)}
    return plain | in_json | {quote(one, safe="") for one in plain}
