"""Simple commands: what the rules speak of. File edits and calls of a notebook cell are told as such, too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from posixpath import basename, join, normpath
from typing import Final

_VARIABLE: Final = re.compile("\0(\\w+)\0")


class Unreadable(Exception):
    """A text of which nobody can tell which commands it holds."""


@dataclass(frozen=True)
class Word:
    """One word of a command, its quotes taken off.

    `known` says that the text is all there is to it; `wild` that the shell makes names of files of it. Where
    the value of a variable stands, its name does between two NULs.
    """

    text: str
    known: bool = True
    wild: bool = False

    def with_values(self, values: Mapping[str, str]) -> Word:
        """The word where some variables are known."""
        if self.known or not _VARIABLE.search(self.text):
            return self
        text = _VARIABLE.sub(lambda found: values.get(found[1], found[0]), self.text)
        return replace(self, text=text, known="\0" not in text)


UNKNOWN: Final = Word("\0", known=False)
"""A word of which nothing is known."""


@dataclass(frozen=True)
class Command:
    """A simple command: its words, and the files that its output goes to.

    `here` is the text that it reads as its input, None where that is not in sight though there is some;
    `more` that it gets further words from elsewhere. `shell` names the subshell that it runs in: those in it
    have names that begin with its own.
    """

    words: tuple[Word, ...] = ()
    writes: tuple[Word, ...] = ()
    here: str | None = ""
    more: bool = False
    shell: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The program, without its directory; empty where there is none, or it is not known."""
        return basename(self.words[0].text) if self.words and self.words[0].known else ""

    @property
    def hidden(self) -> bool:
        """Whether it is not known which program it is."""
        program = self.words[0] if self.words else None
        return program is not None and (
            not program.known or (program.wild and program.text not in ("[", "[["))
        )

    @property
    def arguments(self) -> tuple[Word, ...]:
        """The words behind the program."""
        return self.words[1:]

    @property
    def operands(self) -> tuple[Word, ...]:
        """The arguments that are no options."""
        before, ended = [], False
        for word in self.arguments:
            if word.text == "--" and not ended:
                ended = True
            elif ended or not word.text.startswith("-") or word.text == "-":
                before.append(word)
        return tuple(before)

    def has_option(self, *names: str) -> bool:
        """Whether it has one of some options; a letter is found among several, too: `f` in `-rf`."""
        for word in self.arguments:
            text = word.text
            if text == "--":
                break
            if text.startswith("--"):
                if text.removeprefix("--").partition("=")[0] in names:
                    return True
            elif text.startswith("-") and any(len(name) == 1 and name in text for name in names):
                return True
        return False

    def with_words(self, words: Iterable[Word], *, more: bool | None = None) -> Command:
        """The same with other words: what a command runs that only begins others."""
        return replace(self, words=tuple(words), writes=(), more=self.more if more is None else more)


HIDDEN: Final = Command((UNKNOWN,))
"""A command of which nothing is known."""


def command(*words: str | Word, writes: Iterable[Word] = ()) -> Command:
    """A command of plain words."""
    return Command(tuple(Word(one) if isinstance(one, str) else one for one in words), tuple(writes))


@dataclass(frozen=True)
class Place:
    """Where a command runs: the shell's directory (None: not known) and the directory of the project."""

    directory: str | None
    workspace: str

    def path(self, word: Word) -> str | None:
        """The path that a word names; None where that is not known. Links are not followed."""
        text = word.text
        if "\0" in text:
            directory, slash, _ = text[: text.index("\0")].rpartition("/")
            if not slash:
                return None
            text = f"{directory}/…"
        if text.startswith("~"):
            return text
        if text.startswith("/"):
            return normpath(text)
        return None if self.directory is None else normpath(join(self.directory, text))

    def inside(self, path: str) -> bool:
        """Whether a path lies in the workspace; the workspace itself does not."""
        return path.startswith(self.workspace.rstrip("/") + "/")
