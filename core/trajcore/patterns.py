"""Regular expressions of the user's or of a file's: any may be written, so a search has a limit of time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from trajcore.errors import BadInput

LONGEST: Final = 0.2
"""So many seconds an expression may take for one text."""


class Expression:
    """A regular expression that is left where it does not come to an end."""

    def __init__(self, source: str, *, case: bool = True, lines: bool = False) -> None:
        """`case`: whether capitals count; `lines`: whether `^` and `$` are of each line.

        Raises `BadInput` where it is none.
        """
        import regex  # whose searches can be told to stop; only who has expressions waits for it

        flags = (0 if case else regex.IGNORECASE) | (regex.MULTILINE if lines else 0)
        try:
            self._compiled: Any = regex.compile(source, flags)
        except (regex.error, RecursionError, OverflowError, ValueError) as error:
            raise BadInput(f"{source} is no regular expression: {error}.") from None
        self.source = source

    def is_in(self, text: str) -> bool:
        """Whether it is found in a text. Raises `BadInput` where that takes too long."""
        try:
            return self._compiled.search(text, timeout=LONGEST) is not None
        except TimeoutError:
            raise self._slow() from None

    def matches(self, text: str, seconds: float = LONGEST) -> Iterator[Any]:
        """What it finds in a text, but for nothing at all. Raises `BadInput` where that takes longer."""
        try:
            yield from (match for match in self._compiled.finditer(text, timeout=seconds) if match[0])
        except TimeoutError:
            raise self._slow() from None

    def _slow(self) -> BadInput:
        return BadInput(f"{self.source} takes too long to be searched for: it is given up")


def expanded(match: Any, template: str) -> str:
    """What a template with groups comes to for a match. Raises `BadInput` where it names a missing one."""
    import regex

    try:
        return str(match.expand(template))
    except (regex.error, IndexError) as error:
        raise BadInput(f"{template} can't be used as a replacement: {error}.") from None
