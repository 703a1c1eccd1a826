"""What is known to vary between two runs of the same command, and is no divergence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

from trajcore.errors import BadInput
from trajcore.replay import varying
from trajcore.replay.figures import figures
from trajcore.replay.varying import COMMIT_IS, TABLE, Replacement
from trajcore.text import as_recorded

SECONDS: Final = 0.3
"""So long a pattern of the user's may take for a text."""

_AT_ONCE: Final = 50_000
"""So many characters are looked through by a pattern before somebody else has their turn."""
_LOOKS_BEYOND: Final = r"(?=\n"
"""A pattern with this looks at the line behind as well."""


@dataclass(frozen=True)
class Normaliser:
    """A pattern whose matches are replaced before recorded and actual output are compared again."""

    name: str
    source: str
    replacement: Replacement

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when it is first used: all together take longer than most programs wait for."""
        return re.compile(self.source, re.MULTILINE)

    def __call__(self, text: str) -> str:
        """`text` with every match replaced, some lines after the others: nobody can do anything meanwhile."""
        replaced = partial(self.pattern.sub, self.replacement)
        if len(text) <= _AT_ONCE or _LOOKS_BEYOND in self.source:
            return replaced(text)
        return "\n".join(map(replaced, _in_pieces(text)))


def _in_pieces(text: str) -> Iterator[str]:
    """Stretches of whole lines, each about as much as is looked through at once, without the ends between."""
    begin = 0
    while (end := text.find("\n", begin + _AT_ONCE)) >= 0:
        yield text[begin:end]
        begin = end + 1
    yield text[begin:]


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
        return bool(text.strip()) and not self(text).replace(str(self.replacement), "").strip()


class TooSlow(Exception):
    """A pattern of the user's has not come to an end in its time."""

    def __init__(self, normaliser: OwnNormaliser) -> None:
        super().__init__(normaliser.pattern.pattern)
        self.normaliser = normaliser

    def __str__(self) -> str:
        pattern = self.normaliser.pattern.pattern
        return f"normalise: {pattern!r} took more than {SECONDS:g} s of one text: this run goes on without it"


def _normalisers(rows: Iterable[tuple[str, str, Replacement]]) -> tuple[Normaliser, ...]:
    return tuple(Normaliser(*row) for row in rows)


NORMALISERS: Final = _normalisers(TABLE)
"""In the order in which they are applied. The first match of a stretch of text decides its name."""


COMMITS: Final = _normalisers(varying.COMMITS)
"""Where commits were made, before all others."""


UNTOLD: Final = _normalisers(varying.UNTOLD)
"""Where nobody knows of the disk of the recording, behind all others."""


def made_up(given: str) -> tuple[Normaliser, ...]:
    """Those of one step, which was `given` a text; before all others."""
    return _normalisers(varying.made_up(given))


def asked_for(given: str, *, other_user: bool) -> tuple[Normaliser, ...]:
    """Those of one step which was `given` a command that asks the machine for figures; see `figures`."""
    return _normalisers(figures(given, other_user=other_user))


def names_commits(text: str) -> bool:
    """Whether something in a text could be the name of a commit."""
    return re.search(varying.COMMIT, text, re.MULTILINE) is not None


_PERHAPS_COMMITS: Final = re.compile(rf"({COMMIT_IS}|(?<![\w@/+=-])[0-9a-f]{{7,12}}(?![\w@/-]))")


def commits_paired(one: str, other: str) -> tuple[str, str]:
    """Two normalised texts, in which what stands where the other has the name of a commit is one too.

    A short name that happens to have no letter, or no digit, is told from a number or a word only so.
    """
    lines, its_lines = one.split("\n"), other.split("\n")
    if len(lines) != len(its_lines) or COMMIT_IS not in one + other:
        return one, other
    pairs = [_paired(line, its) for line, its in zip(lines, its_lines, strict=True)]
    return "\n".join(line for line, _ in pairs), "\n".join(its for _, its in pairs)


def _paired(line: str, its: str) -> tuple[str, str]:
    parts, its_parts = _PERHAPS_COMMITS.split(line), _PERHAPS_COMMITS.split(its)
    if parts[::2] != its_parts[::2]:
        return line, its
    both = [
        (COMMIT_IS, COMMIT_IS) if COMMIT_IS in pair else pair for pair in zip(parts, its_parts, strict=True)
    ]
    return "".join(part for part, _ in both), "".join(part for _, part in both)


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


def both_normalised(
    recorded: str, actual: str, normalisers: Iterable[Normaliser] = NORMALISERS
) -> tuple[str, str]:
    """Both texts with everything that is known to vary replaced where they differ.

    Only a pattern of the user's may reach over the end of a line: for all others, lines that are the same
    need not be looked at.
    """
    own = [one for one in normalisers if isinstance(one, OwnNormaliser)]
    ours = [one for one in normalisers if not isinstance(one, OwnNormaliser)]
    texts = [normalised(text, own) for text in (recorded, actual)]
    one, other = (text.split("\n") for text in texts)
    if len(one) != len(other):
        begin, end = _alike(one, other)
        for lines in (one, other):
            between = slice(begin, len(lines) - end)
            if lines[between]:
                lines[between] = normalised("\n".join(lines[between]), ours).split("\n")
        return "\n".join(one), "\n".join(other)
    places = [at for at, (line, its) in enumerate(zip(one, other, strict=True)) if line != its]
    for lines in (one, other):
        changed = normalised("\n".join(lines[at] for at in places), ours).split("\n")
        for at, line in zip(places, changed, strict=True) if places else ():
            lines[at] = line
    return "\n".join(one), "\n".join(other)


def _alike(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """How many lines both begin with, and end in."""
    most = min(len(one), len(other))
    begin = next((at for at in range(most) if one[at] != other[at]), most)
    end = next((at for at in range(most - begin) if one[-1 - at] != other[-1 - at]), most - begin)
    return begin, end


def with_patterns(patterns: Iterable[str]) -> tuple[Normaliser, ...]:
    """The normalisers with the user's own patterns before them. Raises `BadInput` for a bad pattern."""
    return (*map(_own, patterns), *NORMALISERS)


def _own(pattern: str) -> OwnNormaliser:
    import regex  # only who has patterns waits for it

    try:
        re.compile(pattern, re.MULTILINE)
        limited = regex.compile(pattern, regex.MULTILINE)
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        raise BadInput(f"normalise: {pattern!r} is not a regular expression: {error}.") from None
    return OwnNormaliser("yours", pattern, "<yours>", limited)
