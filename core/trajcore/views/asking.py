"""The question about an action of the model, as any front end puts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from trajcore import notices
from trajcore.live.confirming import Verdict
from trajcore.text import safe, safe_line

_LETTERS: Final = {
    Verdict.APPROVE: "a",
    Verdict.APPROVE_ALL: "l",
    Verdict.EDIT: "e",
    Verdict.REFUSE: "r",
}
"""The letter of each word that stands for it."""

_SHORT: Final = 24
"""So many characters of what *Approve all* is about have room beside the other words."""

LONGEST: Final = 20_000
"""So many characters of an action are shown."""


class Choice(Struct, frozen=True):
    """One thing that can be said: its word, in which `letter` is marked, and what the word is about."""

    verdict: Verdict
    letter: str
    about: str = ""

    @property
    def word(self) -> str:
        """The word, and what it is about."""
        return f"{self.verdict.value}: {self.about}" if self.about else self.verdict.value


def choices(asked: notices.Asked) -> Sequence[Choice]:
    """What can be said, in order."""
    sorts = safe_line(", ".join(asked.sorts))
    about = {Verdict.APPROVE_ALL: sorts if len(sorts) <= _SHORT else f"these {len(asked.sorts)}"}
    return [Choice(verdict, letter, about.get(verdict, "")) for verdict, letter in _LETTERS.items()]


def title(asked: notices.Asked) -> str:
    """What is asked, in a line."""
    return f"The model asks: {safe_line(asked.kind)}"


def why(asked: notices.Asked) -> str:
    """What is risky about it."""
    return safe_line(asked.why)


def text(asked: notices.Asked) -> str:
    """What would be done; of a very long text the beginning, which says so."""
    shown = safe(asked.text[:LONGEST])
    rest = len(asked.text) - LONGEST
    return shown if rest <= 0 else f"{shown}\n… {rest} more characters: Edit shows them all"
