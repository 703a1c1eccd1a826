"""The pages of `docs/` that are about a task: what is typed, pressed and seen on them, in its order.

- A block of `console`: a line behind `$ ` is typed, what follows it is printed: nothing, where nothing does,
  unless a comment (`  # `) tells what the command is for. `…` is whatever stands there, on a line of its own
  any number of lines. A line `^C` interrupts what runs. `trajtui FILE` opens the screen.
- A table whose first head is *press*: in the first cell of a row each code is a key, or a text that is typed;
  each in the last one then stands on the screen, however many blanks are in it.
- Another block whose first line is `# NAME.py` or the like is that file, which the reader writes.
- A `<picture>` is the screen as it is there.
- A comment `<!-- here: COMMAND -->` is carried out as well: what a reader has, and tests have not.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from trajtui.cli import commands
from trajtui.keynames import named


@dataclass(frozen=True)
class Typed:
    """A command line and what it prints; None: whatever it is."""

    line: int
    command: str
    printed: tuple[str, ...] | None

    @property
    def interrupted(self) -> bool:
        """Whether the user ends it."""
        return bool(self.printed) and self.printed[-1] == "^C"

    @property
    def opens(self) -> list[str] | None:
        """The arguments of a command that opens the screen; None of another."""
        program, *arguments = shlex.split(self.command, comments=True)
        if program != "trajtui" or not arguments or arguments[0] in ("serve", "-", *_COMMANDS):
            return None
        return None if arguments[0].startswith("-") else arguments


@dataclass(frozen=True)
class Pressed:
    """Keys and texts, and what the screen then shows."""

    line: int
    keys: tuple[str, ...]
    shown: tuple[str, ...]

    @property
    def presses(self) -> Iterator[str]:
        """Each key by the name that Textual has for it."""
        for word in self.keys:
            try:
                yield named(word)
            except ValueError:  # a text
                yield from ("space" if character == " " else character for character in word)


@dataclass(frozen=True)
class Written:
    """A file that the reader writes."""

    line: int
    name: str
    text: str


@dataclass(frozen=True)
class Pictured:
    """The name of the picture that stands here."""

    line: int
    name: str


Item = Typed | Pressed | Written | Pictured

_COMMANDS = frozenset(commands().commands) - {"open"}
_HERE = re.compile(r"<!-- here: (.*) -->")
_FILE = re.compile(r"# ([\w./-]+\.(?:py|toml))")
_PICTURE = re.compile(r'<img [^>]*src="(?:docs/)?pictures/([\w-]+)-light\.svg"')
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def items(page: Path) -> list[Item]:
    """All that is done on a page, in its order."""
    lines = iter(enumerate(page.read_text(encoding="utf-8").split("\n"), 1))
    return [item for number, line in lines for item in _items(number, line, lines)]


def _items(number: int, line: str, lines: Iterator[tuple[int, str]]) -> Iterator[Item]:
    if line == "```console":
        yield from _typed(list(takewhile(lambda one: one[1] != "```", lines)))
    elif line.startswith("```"):
        block = [text for _, text in takewhile(lambda one: one[1] != "```", lines)]
        if block and (file := _FILE.fullmatch(block[0])):
            yield Written(number, file[1], "\n".join(block) + "\n")
    elif line.startswith("| press |"):
        next(lines)
        for at, row in takewhile(lambda one: one[1].startswith("|"), lines):
            first, *_, last = (cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip("|")))
            yield Pressed(at, _codes(first), _codes(last))
    elif here := _HERE.fullmatch(line):
        yield Typed(number, here[1], None)
    elif picture := _PICTURE.search(line):
        yield Pictured(number, picture[1])


def _typed(block: list[tuple[int, str]]) -> Iterator[Typed]:
    """The commands of a block; a line that ends in a backslash, or a here-document, goes on in the next."""
    while block:
        number, line = block.pop(0)
        assert line.startswith("$ "), f"line {number}: what is typed begins with `$ `"
        command = [line.removeprefix("$ ")]
        until = re.search(r"<<'?(\w+)'?", line)
        while block and (until or command[-1].endswith("\\")):
            command.append(block.pop(0)[1])
            if until and command[-1] == until[1]:
                break
        printed = list(takewhile(lambda one: not one[1].startswith("$ "), block))
        del block[: len(printed)]
        told = not printed and re.search(r"  # ", line)
        yield Typed(number, "\n".join(command), None if told else tuple(text for _, text in printed))


def _codes(cell: str) -> tuple[str, ...]:
    return tuple(found[2].strip().replace("\\|", "|") for found in _CODE.finditer(cell))


def is_printed(expected: tuple[str, ...], printed: list[str]) -> bool:
    """Whether what was printed is what stands on the page."""
    if not expected:
        return not printed
    first, *others = expected
    if first.strip() == "…":
        return any(is_printed(tuple(others), printed[at:]) for at in range(len(printed) + 1))
    return bool(printed) and is_like(first, printed[0]) and is_printed(tuple(others), printed[1:])


def is_like(expected: str, line: str) -> bool:
    """Whether a line is the one that stands on a page, where `…` is whatever there is."""
    pattern = ".*".join(re.escape(part) for part in expected.rstrip().split("…"))
    return re.fullmatch(pattern, line.rstrip()) is not None


def is_shown(expected: str, screen: str) -> bool:
    """Whether this stands somewhere in a row of the screen."""
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in re.split(r"\s*…\s*", expected))
    return any(re.search(pattern, " ".join(row.split())) for row in screen.split("\n"))
