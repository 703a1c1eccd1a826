"""What is known of the files that a recording began with, path by path, and from which of its events."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from trajcore.events.base import Action, Observation

MARK: Final = "?trajtui? "
"""With this begins the line that stands where the recording tells nothing of what a file holds."""


class Grade(Enum):
    """How much of a path is known."""

    WHOLE = "whole"
    PARTIAL = "partial"
    NAMED = "named"


class Kind(Enum):
    """What a path leads to."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a recording and what answered it; `output` is what a program said, without the agent's
    words around it.

    `label` is how the event of the answer is called in messages. `directory` is where the shell was
    afterwards, None where that is not told.
    """

    label: str
    action: Action
    observation: Observation
    output: str
    exit_code: int | None = None
    directory: str | None = None
    when: str | None = None
    """The time of the answer, as the recording has it."""


@dataclass(frozen=True, slots=True)
class Witness:
    """An event that tells something of a path, and how: `view`, `ls -l`, `grep -n`, …"""

    event: str
    how: str

    def __str__(self) -> str:
        return f"event {self.event} ({self.how})"


@dataclass(frozen=True)
class Known:
    """What is known of one path at the beginning of a recording. None, and nothing: not told."""

    path: str
    kind: Kind = Kind.FILE
    text: str | None = None
    """All that it holds."""
    lines: Mapping[int, str] = field(default_factory=dict)
    """Lines of it, without their ends, by number from 1."""
    openings: Mapping[int, str] = field(default_factory=dict)
    """How lines of it begin whose rest is not known, by number."""
    somewhere: tuple[str, ...] = ()
    """Lines of it of which nobody knows where they stand, in their order."""
    count: int | None = None
    """How many lines it has."""
    size: int | None = None
    mode: int | None = None
    owner: str | None = None
    group: str | None = None
    mtime: float | None = None
    """Seconds since 1970, as if the clock there had been UTC's."""
    target: str | None = None
    """Where a link leads."""
    listed: bool = False
    """Of a directory: whether all names in it are known, but for hidden ones."""
    hidden: int | None = None
    """Of a directory: how many hidden names are in it."""
    all_listed: bool = False
    """Of a directory: whether its hidden names are known too."""
    guessed: bool = False
    """Whether its kind is not told: it may be a directory as well."""
    firm: bool = True
    """Whether nothing in between can have changed what was told; where this is false it is a guess."""
    witnesses: tuple[Witness, ...] = ()

    @property
    def grade(self) -> Grade:
        """How much of it is known."""
        if self.kind is not Kind.FILE or self.text is not None:
            return Grade.WHOLE
        return Grade.PARTIAL if self.lines or self.openings or self.somewhere else Grade.NAMED

    @property
    def sure(self) -> bool:
        """Whether whoever reads it, or lists it, sees what was there and nothing else."""
        if self.kind is Kind.DIRECTORY:
            return self.listed and self.firm
        return self.grade is Grade.WHOLE and self.firm


@dataclass(frozen=True)
class Repository:
    """A git repository of which the recording tells; None: not told."""

    root: str
    branch: str | None = None
    commit: str | None = None
    branches: tuple[str, ...] = ()
    """The other branches it has."""


@dataclass(frozen=True)
class Evidence:
    """All that a recording gives away of the files it began with."""

    known: Mapping[str, Known] = field(default_factory=dict)
    """By path, absolute and without needless parts; what is above a path is not in it by itself."""
    absent: frozenset[str] = frozenset()
    """Paths at which there was nothing: told so, or made by the recording itself."""
    overwritten: frozenset[str] = frozenset()
    """Paths at which something may have been: the recording has overwritten it without a look."""
    added_to: frozenset[str] = frozenset()
    """Those of them that were only added to or changed: what was there is still in what is there then."""
    repository: Repository | None = None
    directory: str | None = None
    """Where the shell was at the beginning."""

    def counts(self) -> dict[str, int]:
        """How many files are known whole, in part, and by name alone."""
        found = [one.grade for one in self.files()]
        return {grade.value: found.count(grade) for grade in Grade}

    def files(self) -> Iterator[Known]:
        """Those that are no directories."""
        return (one for one in self.known.values() if one.kind is not Kind.DIRECTORY)

    @cached_property
    def directories(self) -> frozenset[str]:
        """Every directory that is told of, and those above what is."""
        found = {path for path, one in self.known.items() if one.kind is Kind.DIRECTORY}
        for path in (*self.known, *([self.directory] if self.directory else [])):
            parent = path if path == self.directory else posixpath.dirname(path)
            while parent not in found and parent != "/":
                found.add(parent)
                parent = posixpath.dirname(parent)
        return frozenset(found)

    def is_known_missing(self, path: str) -> bool:
        """Whether it is known that there was nothing at a path."""
        if path in self.absent or any(path.startswith(f"{above}/") for above in self.absent):
            return True
        if path in self.known or path in self.directories:
            return False
        if any(path == one or path.startswith(f"{one}/") for one in self.overwritten):
            return False
        parent, name = posixpath.split(path)
        above = self.known.get(parent)
        if above is not None:
            listed = above.sure and not name.startswith(".")
            return not above.guessed and (above.kind is not Kind.DIRECTORY or listed)
        return parent != "/" and parent not in self.directories and self.is_known_missing(parent)


def said(counts: Mapping[str, int]) -> str:
    """What is known, in words: `1 whole, 2 partly, 46 by name`."""
    words = {Grade.WHOLE: "whole", Grade.PARTIAL: "partly", Grade.NAMED: "by name"}
    parts = [f"{counts[grade.value]} {word}" for grade, word in words.items() if counts[grade.value]]
    return ", ".join(parts) or "nothing"
