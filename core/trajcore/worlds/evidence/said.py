"""What a program printed, and by what means it can be told of files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trajcore.worlds.evidence.harmless import word_set
from trajcore.worlds.evidence.model import Witness
from trajcore.worlds.evidence.scene import Scene
from trajcore.worlds.evidence.shellwords import Command


@dataclass(frozen=True, slots=True)
class Said:
    """What a pipeline printed, and by what means it can be told."""

    scene: Scene
    command: Command
    filters: Sequence[Command]
    text: str
    event: str
    when: str | None
    whole: bool
    """Whether the text is all that was printed."""

    def witness(self, how: str) -> Witness:
        """The event, and how it tells of something."""
        return Witness(self.event, how)

    @property
    def unfiltered(self) -> bool:
        """Whether all that the program printed is there."""
        return self.whole and all(
            one.program in ("cat", "sort") and len(one.words) == 1 for one in self.filters
        )

    @property
    def passes_lines(self) -> bool:
        """Whether what is there are lines of the program, unchanged."""
        return all(
            one.program in ("cat", "sort", "uniq", "head", "tail")
            or (one.program in ("grep", "egrep") and not set(one.flags) & set("conlLZ"))
            or (one.program == "sed" and "-n" in one.words and line_range(one) is not None)
            for one in self.filters
        )


def line_range(command: Command) -> tuple[int, int] | None:
    """The lines that `sed -n` prints."""
    for word in command.words[1:]:
        if found := re.fullmatch(r"(\d+)(?:,(\d+|\$))?p;?", word):
            last = found[2] or found[1]
            return int(found[1]), 1 << 40 if last == "$" else int(last)
    return None


def line_count(command: Command) -> int | None:
    """How many lines `head` or `tail` lets through; None where it is not said in lines."""
    words = command.words[1:]
    for place, word in enumerate(words):
        if found := re.fullmatch(r"(?:-n|--lines=|-)(\d+)", word):
            return int(found[1])
        if word == "-n":
            given = words[place + 1] if place + 1 < len(words) else ""
            return int(given) if given.isdigit() else None
        if word.startswith(("-c", "--bytes", "-n", "--lines")):
            return None
    return 10


_VALUED: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("head", "tail"), word_set("-n -c --lines --bytes")),
    **dict.fromkeys(("grep", "egrep"), word_set("-A -B -C -m -e -f --include --exclude --exclude-dir")),
    "sed": word_set("-e -f -l"),
    "tree": word_set("-L -I -P"),
    "stat": word_set("-c --format --printf"),
    "touch": word_set("-d -t -r"),
}
"""Options that have a value behind them."""


def files_of(command: Command) -> list[str]:
    """The operands of a program: no options, and no values of these."""
    valued = _VALUED.get(command.program, frozenset())
    found, skip = [], False
    for word in command.words[1:]:
        if skip:
            skip = False
        elif word in valued:
            skip = True
        elif not word.startswith("-"):
            found.append(word)
    return found
