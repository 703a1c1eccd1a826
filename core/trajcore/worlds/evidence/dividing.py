"""Which program printed what, where several did one after the other. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from trajcore.worlds.evidence.shellwords import Command, Pipeline


def divided(output: str, speaking: Sequence[tuple[Pipeline, str | None]]) -> list[str | None]:
    """What each of the pipelines that print something has printed; None where that cannot be told.

    They are told apart by what `echo` and `pwd` have said between them, where nothing else has said the same;
    with each stands the directory that it ran in, as far as that is known.
    """
    if len(speaking) == 1:
        return [output]
    lines = output.split("\n")
    said = [_announced(part, directory) for part, directory in speaking]
    marks = [number for number, line in enumerate(said) if line and lines.count(line) == said.count(line)]
    found: list[str | None] = [None] * len(speaking)
    before, begin = -1, 0
    for number in [*marks, len(speaking)]:
        line = said[number] if number < len(speaking) else None
        place = len(lines) if line is None else _place(lines, line, begin)
        if place is None:
            return [None] * len(speaking)
        if number - before == 2:  # one pipeline alone
            found[before + 1] = "\n".join(lines[begin:place])
        before, begin = number, place + 1
    return found


def _place(lines: Sequence[str], line: str, begin: int) -> int | None:
    try:
        return lines.index(line, begin)
    except ValueError:
        return None


def echoed(command: Command) -> str | None:
    """What `echo` writes, where that can be told."""
    if command.program != "echo" or not command.plain:
        return None
    words = command.words[1:]
    if any(word in ("-e", "-ne", "-en") for word in words):
        return None
    if words and words[0] == "-n":
        return " ".join(words[1:])
    return " ".join(words) + "\n"


def _announced(part: Pipeline, directory: str | None) -> str | None:
    """The one line that a pipeline says, where it is but an `echo` or `pwd` and the line is no empty one."""
    if len(part.commands) > 1:
        return None
    if part.commands[0].words == ["pwd"]:
        return directory
    text = echoed(part.commands[0])
    line = (text or "").removesuffix("\n")
    return line if line.strip() and text == f"{line}\n" and "\n" not in line else None
