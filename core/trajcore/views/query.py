"""What the user searches the rows for: a text, or behind `re:` a regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from trajcore.errors import BadInput
from trajcore.patterns import Expression

EXPRESSION: Final = "re:"
"""What a query begins with that is a regular expression."""

_DRAWN: Final = 0.02
"""So many seconds may pass until it is known what an expression finds in a row that is drawn."""
_TRIES: Final = 3
"""Where that is not known so many times, it is asked no more."""
_PIECE: Final = 1 << 18
"""So many characters of a text are looked through at once."""
_PLAIN: Final = r"[A-Za-z0-9_.,;:=+*()\[\]{}|~^@#$%!?/-]+"
"""Characters that a file has as they are, unless it escapes what need not be escaped."""
_SURE: Final = r"[A-HJLM-RT-Za-hjlm-rt-z0-9_.,;:=+*()\[\]{}|~^@#$%!?/-]+"
"""Those of them that are no capital or small letter of any other."""


class Query:
    """A text to find. Capitals count where the user has typed one."""

    def __init__(self, text: str) -> None:
        """Raises `BadInput` for a regular expression that is none, and for an empty text."""
        self.text = text
        self.is_expression = text.startswith(EXPRESSION)
        self._words = text.removeprefix(EXPRESSION) if self.is_expression else text
        if not self._words:
            raise BadInput("there is nothing to search for yet")
        self.case = any(character.isupper() for character in self._words)
        """Whether capitals count."""
        self.needle = b"" if self.is_expression else self._needle()
        """What of it stands in a file as it is, in small letters where capitals do not count; or nothing."""
        self._expression = Expression(self._words, case=self.case, lines=True) if self.is_expression else None
        self._pattern = self._plain()
        self._tries = _TRIES

    def _plain(self) -> re.Pattern[str]:
        flags = re.NOFLAG if self.case else re.IGNORECASE
        if self._words.isascii():
            flags |= re.ASCII
        return re.compile(re.escape(self._words), flags)

    def _needle(self) -> bytes:
        plain = _PLAIN if self.case or self._words.isascii() else _SURE
        longest = max(re.findall(f"{plain}(?: {plain})*", self._words), key=len, default="")
        return (longest if self.case else longest.lower()).encode()

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where a text says it. Raises `BadInput` for an expression that takes too long."""
        if self._expression is not None:
            return [match.span() for match in self._expression.matches(text)]
        return [match.span() for match in self._pattern.finditer(text)]

    def visible_in(self, text: str) -> list[tuple[int, int]]:
        """As `spans`, for a row that is drawn: nothing where that takes too long, or has done so before."""
        if self._expression is None:
            return self.spans(text)
        try:
            return [match.span() for match in self._expression.matches(text, _DRAWN)] if self._tries else []
        except BadInput:
            self._tries -= 1
            return []

    def is_in(self, text: str) -> bool:
        """Whether a text says it. Raises `BadInput` for an expression that takes too long."""
        if self._expression is not None:
            return any(True for _ in self._expression.matches(text))
        return self._pattern.search(text) is not None

    def looked_for(self, text: str) -> Iterator[bool]:
        """Whether a text says it, piece by piece, each of which takes a moment.

        Raises `BadInput` for an expression that takes too long.
        """
        if self._expression is not None:
            yield from self._expression.looked_for(text)
            return
        for begin in range(0, len(text), _PIECE):
            yield self._pattern.search(text, begin, begin + _PIECE + len(self._words) - 1) is not None

    def may_be_in(self, raw: bytes) -> bool:
        """Whether the JSON text of an event, which escapes nothing without need, may say it."""
        return self.needle in (raw if self.case else raw.lower())

    def narrows(self, other: Query) -> bool:
        """Whether each event of which `may_be_in` is true is one of which the other's is too."""
        return (
            bool(other.needle)
            and (self.case or not other.case)
            and other.needle in (self.needle if other.case else self.needle.lower())
        )
