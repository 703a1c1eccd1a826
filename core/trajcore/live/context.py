"""How full a model's context is, as far as that can be told without counting its tokens.

What a provider has counted is known. What came since is told by its characters, at so many a token as the
session's own requests had. All of it is an estimate, and shown as one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

CHARACTERS: Final = 3.5
"""So many make a token of English text and code, where no provider has counted any yet."""
_PLAUSIBLE: Final = (1.0, 8.0)
"""Characters a token, from Chinese to long runs of blanks: what is told beyond these is not believed."""
_IMAGE: Final = 4_000
"""Characters that a picture counts for, whatever its size: about a thousand tokens."""
_ROOM: Final = 4_096
"""Tokens that are left for a reply where no setting says how many it may have."""
_SMALLEST_SHARE: Final = 4
"""At most one in so many tokens of a context is left for the reply."""
_BELOW: Final = (0.5, 0.9)
"""So much of a request that was refused is thought to be taken: at least, and at most."""


def size_of(messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = ()) -> int:
    """The characters of a request, those of what it says."""
    offered = sum(len(json.dumps(tool)) for tool in tools)
    return offered + sum(map(_size_of_message, messages))


def _size_of_message(message: Mapping[str, Any]) -> int:
    called = (call.get("function") or {} for call in message.get("tool_calls") or ())
    size = sum(len(str(one.get("name") or "")) + len(str(one.get("arguments") or "")) for one in called)
    content = message.get("content")
    if isinstance(content, str):
        return size + len(content)
    parts = content if isinstance(content, list) else ()
    return size + sum(len(str(part["text"])) if "text" in part else _IMAGE for part in parts)


class Context:
    """The context of one model: how large it is, and how much of it the next request takes."""

    def __init__(self, window: int | None = None, reply: int | None = None) -> None:
        """`window` is its size in tokens, None: not known; `reply` the most that a reply may have."""
        self.window = window
        self.tokens = 0
        """What the next request is expected to take; 0 before there was one."""
        self._reply = reply or _ROOM
        self._characters = CHARACTERS
        self._counted = 0
        """Tokens of the last request and its reply, as they were told, and their characters."""
        self._size = 0
        self._accepted = 0
        """Tokens of the longest request that was answered."""
        self._refused: int | None = None
        """What was expected of the smallest request that the provider found too long."""

    @property
    def budget(self) -> int | None:
        """The most tokens that a request should have, the reply's room left free; None: nobody knows."""
        room = None
        if self.window is not None:
            room = self.window - min(self._reply, self.window // _SMALLEST_SHARE)
        return min((one for one in (room, self._below_refused) if one is not None), default=None)

    @property
    def limit(self) -> int | None:
        """The most tokens that a request can have, with a reply that is short; None: nobody knows."""
        below = None if self._refused is None else int(self._refused * _BELOW[1])
        return min((one for one in (self.window, below) if one is not None), default=None)

    @property
    def _below_refused(self) -> int | None:
        """What is taken of a request that was refused, as far as that is known by what was taken before."""
        if self._refused is None:
            return None
        least, most = (int(self._refused * share) for share in _BELOW)
        return min(max(self._accepted, least), most)

    def expects(self, size: int) -> int:
        """The tokens that a request of so many characters is expected to have."""
        added = (size - self._size) / self._characters
        return max(int(self._counted + added), int(size / _PLAUSIBLE[1]))

    def characters(self, tokens: int) -> int:
        """So many characters are expected to be so many tokens."""
        return int(tokens * self._characters)

    def asks(self, size: int) -> None:
        """The next request has so many characters, as far as it is known by now."""
        self.tokens = self.expects(size)

    def grown(self, characters: int) -> None:
        """So many characters more will be in it."""
        self.tokens += int(characters / self._characters) if self.tokens else 0

    def answered(self, size: int, reply: int, prompt_tokens: int, completion_tokens: int) -> None:
        """A request of `size` characters was answered with `reply` more; the tokens are those told of it."""
        if prompt_tokens > 0:
            least, most = _PLAUSIBLE
            self._characters = min(max(size / prompt_tokens, least), most)
            self._counted, self._size = prompt_tokens + completion_tokens, size + reply
            self._accepted = max(self._accepted, prompt_tokens)
        self.tokens = self.expects(size + reply)
        if self._refused is not None and self.tokens > self._refused:
            self._refused = None

    def refused(self, size: int) -> None:
        """The provider found a request of so many characters too long."""
        expected = self.expects(size)
        self._refused = expected if self._refused is None else min(self._refused, expected)
