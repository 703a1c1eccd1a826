"""What a recording, and what lies beside it, says of the world that it was made in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

from msgspec import Struct, field


class What(Enum):
    """What a fact names. The value is the word that people read."""

    DATA_SET = "data set"
    """The benchmark that its task is of."""
    INSTANCE = "instance"
    """What the data set calls the task."""
    VERSION = "version"
    """Of what the task is about, as the data set has it."""
    LANGUAGE = "language"
    """What the task's program is written in."""
    IMAGE = "image"
    """The container image that it was recorded in, told or composed as its harness does."""
    REPOSITORY = "repository"
    """What the agent's files were a clone of."""
    BRANCH = "branch"
    """The repository's branch then."""
    COMMIT = "commit"
    """What was checked out."""
    DIRECTORY = "directory"
    """Where the agent worked: absolute, or below where its shell began."""
    SHELL = "shell"
    """Where the agent's shell was when it was first heard of."""
    HOME = "home"
    """Where the agent's program was started and each of its shells begins: there before the first step."""
    PRELUDE = "prelude"
    """What was run before the first step."""


class Fact(Struct, frozen=True):
    """One thing that is told, and where that stands: `row: instance.repo`, `event 1: content`.

    `derived`: it does not stand there itself, but follows from what does, as `where` says.
    """

    what: What
    value: str
    where: str
    derived: bool = False


class Around(Struct, frozen=True):
    """What there is around the events of a recording."""

    holder: Mapping[str, Any] = field(default_factory=dict)
    """The object whose list they are, without the list: a row of an evaluation's results."""
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The objects in the files beside it that the dialect has named (`Dialect.beside`), by name."""


def among(
    said: Mapping[str, Any], places: Iterable[tuple[What, tuple[str, ...]]], where: str
) -> Iterator[Fact]:
    """What stands at some places of an object, as facts."""
    for what, path in places:
        value: Any = said
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        # A version may be a number, and is then called as Python writes it: the harness is in Python.
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            yield Fact(what, str(value), f"{where}: {'.'.join(path)}")
