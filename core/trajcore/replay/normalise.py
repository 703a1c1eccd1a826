"""What is known to vary between two runs of the same command, and is no divergence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from trajcore.errors import BadInput
from trajcore.text import as_recorded

SECONDS: Final = 0.3
"""So long a pattern of the user's may take for a text."""


@dataclass(frozen=True)
class Normaliser:
    """A pattern whose matches are replaced before recorded and actual output are compared again."""

    name: str
    pattern: re.Pattern[str]
    replacement: str

    def __call__(self, text: str) -> str:
        """`text` with every match replaced."""
        return self.pattern.sub(self.replacement, text)


@dataclass(frozen=True)
class OwnNormaliser(Normaliser):
    """A pattern of the user's, which is given a limit of time: any pattern may be written, and take years."""

    limited: Any
    """The same pattern in a library that can be told to stop."""

    def __call__(self, text: str) -> str:
        """`text` with every match replaced. Raises `TooSlow`."""
        try:
            return str(self.limited.sub(self.replacement, text, timeout=SECONDS))
        except TimeoutError:
            raise TooSlow(self) from None

    def empties(self, text: str) -> bool:
        """Whether nothing of a text is left by it, so that any two such texts are the same."""
        return bool(text.strip()) and not self(text).replace(self.replacement, "").strip()


class TooSlow(Exception):
    """A pattern of the user's has not come to an end in its time."""

    def __init__(self, normaliser: OwnNormaliser) -> None:
        super().__init__(normaliser.pattern.pattern)
        self.normaliser = normaliser

    def __str__(self) -> str:
        pattern = self.normaliser.pattern.pattern
        return f"normalise: {pattern!r} took more than {SECONDS:g} s of one text: this run goes on without it"


def _normaliser(name: str, pattern: str, replacement: str | None = None) -> Normaliser:
    return Normaliser(name, re.compile(pattern, re.MULTILINE), replacement or f"<{name}>")


_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY: Final = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK: Final = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"

NORMALISERS: Final[tuple[Normaliser, ...]] = (
    _normaliser(
        "listing date",
        rf"^([bcdlps-][rwxsStT-]{{9}}[.+@]?\s+\d+\s+\S+\s+\S+\s+\S+\s+){_MONTH}\s+\d{{1,2}}\s+(?:\d{{1,2}}:\d{{2}}|\d{{4}})",
        r"\1<date>",
    ),
    _normaliser("timestamp", rf"\b\d{{4}}-\d{{2}}-\d{{2}}[T ]{_CLOCK}(?:Z|\s?[+-]\d{{2}}:?\d{{2}})?"),
    _normaliser(
        "timestamp",
        rf"\b(?:{_DAY},?\s+)?(?:{_MONTH}\s+\d{{1,2}}|\d{{1,2}}\s+{_MONTH})"
        rf"(?:,?\s+\d{{4}})?\s+{_CLOCK}(?:\s+(?:[AP]M|UTC|GMT|[+-]\d{{4}}))*(?:\s+\d{{4}})?",
    ),
    _normaliser("timestamp", rf"\b\d{{2}}/{_MONTH}/\d{{4}}[: ]{_CLOCK}"),
    _normaliser("date", r"\b\d{4}-\d{2}-\d{2}\b"),
    _normaliser("time", r"\b\d{2}:\d{2}:\d{2}(?:[.,]\d+)?\b"),
    _normaliser("duration", r"\b\d+m\d+(?:\.\d+)?s\b"),
    _normaliser("duration", r"\b\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|secs?|seconds?|minutes?)\b"),
    _normaliser("pid", r"^(\[\d+\][+-]?\s+)\d+", r"\1<pid>"),
    _normaliser("pid", r"(?i)\b(pid[ =:]+)\d+", r"\1<pid>"),
    _normaliser("address", r"\b0x[0-9a-fA-F]{4,16}\b"),
    _normaliser("temp path", r"(?<![\w.+-])/(?:tmp|var/tmp)/[\w.+-]*\w(?:/[\w.+-]+)*"),
    _normaliser("python path", r"(?<![\w.+-])(?:/[\w.+-]+)+/bin/python(?:\d(?:\.\d+)?)?\b"),
    _normaliser("progress", r"[━─█▏▎▍▌▋▊▉░▒▓]{4,}[ ━╸╺─]*"),
    _normaliser("progress", r"[\[|][#=>][#=>. -]{3,}[\]|]"),
)
"""In the order in which they are applied. The first match of a stretch of text decides its name."""


def shown(text: str, *, tabs: bool = True) -> str:
    """Output as OpenHands records it: what a terminal showed, without colours and trailing blanks.

    Without `tabs` they stay tabs, as in what no terminal has shown.
    """
    return as_recorded(text, tabs=tabs).strip("\n")


def normalised(text: str, normalisers: Iterable[Normaliser] = NORMALISERS) -> str:
    """`text`, as it is `shown`, with everything that is known to vary replaced."""
    for normaliser in normalisers:
        text = normaliser(text)
    return text


def with_patterns(patterns: Iterable[str]) -> tuple[Normaliser, ...]:
    """The normalisers with the user's own patterns before them. Raises `BadInput` for a bad pattern."""
    return (*map(_own, patterns), *NORMALISERS)


def _own(pattern: str) -> OwnNormaliser:
    import regex  # only who has patterns waits for it

    try:
        compiled, limited = re.compile(pattern, re.MULTILINE), regex.compile(pattern, regex.MULTILINE)
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        raise BadInput(f"normalise: {pattern!r} is not a regular expression: {error}.") from None
    return OwnNormaliser("yours", compiled, "<yours>", limited)
