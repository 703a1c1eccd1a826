"""The page of the manual (`man trajtui`), from the commands and the tables; `make reference` writes it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from trajcore import errors, options
from trajtui import __version__
from trajtui.grammar import with_sandboxes

_ABOUT = (
    "opens a recorded run of an AI agent as a timeline beside a sandbox, executes it again action by action, "
    "compares what came back with what was recorded, edits the recording, and hands it to a live model. "
    "Without a command and with a FILE it opens the debugger; with neither, a start screen."
)
_FILES = (
    ("./config.toml", "Settings of this directory; used but not trusted until `trajtui config trust`."),
    ("~/.config/trajtui/config.toml", "Your own settings (where this system keeps such files)."),
)


def page(program: click.Group) -> str:
    """The manual of a program in troff's language. It says the same on every machine and day."""
    lines = [
        f'.TH TRAJTUI 1 "" "trajtui {__version__}" "User Commands"',
        ".SH NAME",
        _text("trajtui - a debugger for AI-agent trajectories"),
        ".SH SYNOPSIS",
        r".B trajtui",
        _text("[FILE] | COMMAND [OPTIONS] [FILE]"),
        ".SH DESCRIPTION",
        r".B trajtui",
        _text(_ABOUT),
        ".SH COMMANDS",
        *_commands(program, "trajtui"),
        ".SH OPTIONS OF EVERY COMMAND",
    ]
    for option in options.COMMON:
        lines += _entry(f"{option.name} {option.metavar}".strip(), option.what)
    lines.append(".SH EXIT STATUS")
    for code, what in errors.EXIT_CODES.items():
        lines += _entry(str(code), what)
    lines.append(".SH ENVIRONMENT")
    for key in options.KEYS:
        if key.variable is not None:
            lines += _entry(key.variable, f"{key.place} of config.toml")
    for name, what in (
        ("NO_COLOR", "no colours"),
        ("FORCE_COLOR", "colours also where there is no terminal"),
    ):
        lines += _entry(name, what)
    lines.append(".SH FILES")
    for path, what in _FILES:
        lines += _entry(path, what)
    return "\n".join(lines) + "\n"


def _commands(group: click.Group, path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        with click.Context(command, info_name=f"{path} {name}") as context:
            usage = " ".join(command.collect_usage_pieces(context))
            yield f".SS {_quoted(f'{path} {name} {usage}')}"
            for paragraph in (command.help or "").split("\n\n"):
                yield _text(" ".join(paragraph.split()))
                yield ".PP"
            for _, term, what in own_options(command):
                yield from _entry(term, what)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


def own_options(command: click.Command) -> Iterator[tuple[str, str, str]]:
    """The options that not every command has: keyword, how each is written, and what it does."""
    common = {row.keyword for row in options.COMMON}
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden and option.name not in common:
            keyword = option.name or ""
            value = "" if option.is_flag else f" {option.metavar or keyword.upper()}"
            yield keyword, f"{', '.join(option.opts)}{value}", with_sandboxes(option.help or "")


def _entry(term: str, what: str) -> list[str]:
    return [".TP", f".B {_quoted(term)}", _text(what)]


def _quoted(text: str) -> str:
    return '"' + _text(text).replace('"', r"\(dq") + '"'


def _text(text: str) -> str:
    """Text in which nothing is a command of troff's."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("`", r"\(ga").replace("…", "...")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped
