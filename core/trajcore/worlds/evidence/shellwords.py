"""What a shell command does, as far as that can be read off it without running it: programs, words, files.

Not a shell: whatever is not plain (loops, functions, what is put in when it runs) is said not to be, and its
reader then takes nothing for certain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_LONGEST: Final = 20_000
"""A command of more characters is read by nobody."""

_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t]+|\\\n)
    |(?P<comment>(?:(?<=[\s;&|])|\A)\#[^\n]*)
    |(?P<document>\d?<<-?[ \t]*(?P<quote>['"]?)(?P<end>[\w.-]+)(?P=quote))
    |(?P<redirect>\d?(?:>>|>\||>&|<&|>|<)|&>>?)
    |(?P<operator>&&|\|\||;;|\|&|(?!\{\})[;|&\n(){}](?=[\s\S]|$))
    |(?P<single>'[^']*')
    |(?P<double>"(?:[^"\\]|\\[\s\S])*")
    |(?P<escape>\\[\s\S])
    |(?P<plain>\{\}|[^\s'"\\;|&<>(){}\#]+|[{}\#])""",
    re.VERBOSE,
)
_ENDS: Final = frozenset({"&&", "||", ";", "\n", "&"})
_CONTROL: Final = frozenset(
    {"if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "function",
     "select", "time", "!", "[[", "{", "}", "(", ")", ";;"}
)  # fmt: skip
_EXPANDS: Final = re.compile(r"[$`*?\[]")
_EXPANDS_IN_QUOTES: Final = re.compile(r"[$`]")
_ASSIGNMENT: Final = re.compile(r"\w+\+?=")


@dataclass(slots=True)
class Command:
    """One program with its words, and the files that it was made to write."""

    words: list[str] = field(default_factory=list)
    plain: bool = True
    """Whether nothing is put in when it runs."""
    writes: list[tuple[str, bool]] = field(default_factory=list)
    """Paths that its output goes to, and whether it is put behind what they hold."""
    reads: list[str] = field(default_factory=list)

    @property
    def program(self) -> str:
        """Its name without the directory."""
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def flags(self) -> str:
        """All its one-letter options together."""
        return "".join(word[1:] for word in self.words[1:] if re.fullmatch(r"-[A-Za-z0-9]+", word))

    @property
    def operands(self) -> list[str]:
        """Its words that are no options."""
        return [word for word in self.words[1:] if not word.startswith("-") or word == "-"]


@dataclass(slots=True)
class Pipeline:
    """Programs whose output goes from one to the next."""

    commands: list[Command]
    after: str = ""
    """What stands before it: `&&`, `||`, `;` or nothing."""


def pipelines(text: str) -> list[Pipeline] | None:
    """What a command does one after the other; None where it is no plain list of programs."""
    if len(text) > _LONGEST:
        return None
    tokens = _tokens(text)
    return None if tokens is None else _parsed(tokens)


def _tokens(text: str) -> list[tuple[str, str, bool]] | None:
    """Operators, redirections and words (with whether nothing is put into them when it runs)."""
    found: list[tuple[str, str, bool]] = []
    at, joined, documents = 0, False, []
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        at = token.end()
        kind, word = token.lastgroup, token[0]
        if token["document"] is not None:
            documents.append(token["end"])
            joined = False
            continue
        if kind in ("blank", "comment", "operator", "redirect"):
            joined = False
            if kind in ("operator", "redirect"):
                found.append((kind, word, True))
            if word == "\n" and documents:
                at = _behind(text, at, documents)
                documents = []
            continue
        word, plain = _unquoted(kind or "", word)
        if joined:
            _, before, was_plain = found.pop()
            word, plain = before + word, was_plain and plain
        found.append(("word", word, plain))
        joined = True
    return found


def _unquoted(kind: str, word: str) -> tuple[str, bool]:
    if kind == "single":
        return word[1:-1], True
    if kind == "double":
        return re.sub(r'\\(["\\$`\n])', r"\1", word[1:-1]), not _EXPANDS_IN_QUOTES.search(word)
    if kind == "escape":
        return word[1:], True
    return word, not _EXPANDS.search(word)


def _behind(text: str, at: int, ends: list[str]) -> int:
    """Where the texts that were promised to programs have ended."""
    for end in ends:
        found = re.compile(rf"^\t*{re.escape(end)}$", re.MULTILINE).search(text, at)
        if found is None:
            return len(text)
        at = found.end()
    return at


def _parsed(tokens: list[tuple[str, str, bool]]) -> list[Pipeline] | None:
    found: list[Pipeline] = []
    commands, command, after, redirect = [], Command(), "", ""
    for kind, word, plain in [*tokens, ("operator", "\n", True)]:
        if kind == "redirect":
            redirect = word
        elif kind == "word":
            if redirect:
                _redirect(command, redirect, word, plain)
                redirect = ""
            elif not command.words and word in _CONTROL:
                return None
            elif command.words or not _ASSIGNMENT.match(word):
                command.words.append(word)
                command.plain &= plain
        elif word in _CONTROL:
            return None
        elif word in ("|", "|&"):
            commands.append(command)
            command = Command()
        elif word in _ENDS:
            commands.append(command)
            if any(one.words or one.writes for one in commands):
                found.append(Pipeline(commands, after))
                after = ""
            after = word if word in ("&&", "||") else after or ";"
            commands, command = [], Command()
    return found


def _redirect(command: Command, how: str, path: str, plain: bool) -> None:
    if how.endswith("&"):
        return
    command.plain &= plain
    if how.endswith("<"):
        command.reads.append(path)
    elif path != "/dev/null":
        command.writes.append((path, how.endswith(">>")))
