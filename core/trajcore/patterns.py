"""Regular expressions of the user's or of a file's: any may be written, so a search has a limit of time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from trajcore.errors import BadInput

LONGEST: Final = 0.2
"""So many seconds an expression may take for one text, or one piece of a long one."""
PIECE: Final = 1 << 16
"""So many characters of a long text are looked through at once."""


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

    def looked_for(self, text: str) -> Iterator[bool]:
        """Whether it finds anything in a text, piece by piece, each of which takes a moment.

        What begins in a piece may end in any later one. Raises `BadInput` where a piece takes too long.
        """
        begin, size = 0, PIECE
        try:
            while begin + size < len(text):
                end = open_at = begin + size
                for match in self._compiled.finditer(text, begin, end, partial=True, timeout=LONGEST):
                    if match.partial:
                        open_at = match.start()
                    elif match[0] and self._is_at(match.start(), text):
                        yield True
                        return
                size = PIECE if open_at > begin else 2 * size
                begin = open_at
                yield False
            found = self._compiled.finditer(text, begin, timeout=LONGEST)
            yield any(match[0] for match in found)
        except TimeoutError:
            raise self._slow() from None

    def _is_at(self, place: int, text: str) -> bool:
        """Whether what was found in a piece is there, too, where it is known how the text goes on."""
        match = self._compiled.match(text, place, timeout=LONGEST)
        return match is not None and bool(match[0])

    def _slow(self) -> BadInput:
        return BadInput(f"{self.source} takes too long to be searched for: it is given up")


def expanded(match: Any, template: str) -> str:
    """What a template with groups comes to for a match. Raises `BadInput` where it names a missing one."""
    import regex

    try:
        return str(match.expand(template))
    except (regex.error, IndexError) as error:
        raise BadInput(f"{template} can't be used as a replacement: {error}.") from None
