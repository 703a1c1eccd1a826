"""The command line as the code has it: every command, and words with which each can be run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from trajtui.cli import commands as of_the_program

ARGUMENTS = {"file": "FILE", "key": "llm.model", "value": "openai/gpt-5", "shell": "bash"}
"""What stands for an argument, by its name; `FILE` for a recording."""

FILES = {("config", "trust"): "config.toml", ("config", "untrust"): "config.toml"}
"""Commands whose file is no recording."""

FURTHER = {
    ("replay",): ("--sandbox", "recorded"),
    ("fork",): ("--sandbox", "recorded", "--at", "#1", "--model", "openai/none", "--message", "go on"),
    ("bisect",): ("--sandbox", "bubblewrap", "--run", "true"),
    ("edit",): ("--diff", "--delete", "#1"),
    ("export",): ("--to", "md"),
    ("serve",): ("--idle", "1"),
}
"""What a command needs besides its arguments, or is run with so that it executes nothing and ends."""


WRITES_FILES = {("export",)}
"""Commands whose standard output is a file: it has the letters of its format, whatever a terminal has."""


@dataclass(frozen=True)
class Described:
    """A command of the program."""

    path: tuple[str, ...]
    command: click.Command

    def __str__(self) -> str:
        return " ".join(self.path)

    @property
    def names_file(self) -> bool:
        """Whether a recording is named."""
        return self.path not in FILES and any(one.name == "file" for one in self.command.params)

    def has(self, option: str) -> bool:
        return any(option in one.opts for one in self.command.params)

    def words(self, recording: Path | str) -> list[str]:
        """A command line that does what it is for."""
        words = list(self.path)
        for one in self.command.params:
            if isinstance(one, click.Argument):
                word = FILES.get(self.path) or ARGUMENTS[str(one.name)]
                words.append(str(recording) if word == "FILE" else word)
        return [*words, *FURTHER.get(self.path, ())]


def commands() -> list[Described]:
    """Every command, also those within others."""
    return list(_within((), of_the_program()))


def _within(path: tuple[str, ...], group: click.Group) -> Iterator[Described]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield Described((*path, name), command)
        if isinstance(command, click.Group):
            yield from _within((*path, name), command)
