"""How one run of the program speaks: with colours or without, much or little."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import click

from trajcore.text import safe, safe_line

ALWAYS: Final = "always"
NEVER: Final = "never"


@dataclass
class Manner:
    """What the options say that all commands have."""

    color: bool | None = None
    """Whether there are colours; None: on a terminal, and nowhere else."""
    quiet: bool = False
    debug: bool = False


def color_wanted(choice: str, environment: Mapping[str, str] = os.environ) -> bool | None:
    """Whether there are colours, as `--color` has it, then the environment; None: on a terminal."""
    if choice in (ALWAYS, NEVER):
        return choice == ALWAYS
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return False if environment.get("TERM") == "dumb" else None


def set_for_screen(manner: Manner, environment: MutableMapping[str, str] = os.environ) -> None:
    """Have the screen draw in colours or without, too: it looks at `NO_COLOR` when it is loaded."""
    if manner.color is False:
        environment["NO_COLOR"] = "1"
    elif manner.color:
        environment.pop("NO_COLOR", None)


def manner() -> Manner:
    """How the command that runs speaks."""
    context = click.get_current_context(silent=True)
    return (context.find_object(Manner) if context is not None else None) or Manner()


def note(text: str) -> None:
    """Tell the user something beside what was asked for, in one line; not with `--quiet`."""
    if not manner().quiet:
        click.echo(safe_line(text), err=True)


def warn(text: str) -> None:
    """Tell the user what is wrong, or may be, and does not end the command."""
    click.echo(f"{click.style('trajtui:', fg='yellow')} {safe(text)}", err=True)


def trace(error: BaseException) -> None:
    """Show where an error comes from that is told and not raised; with `--debug` alone."""
    if manner().debug:
        sys.excepthook(type(error), error, error.__traceback__)


def done(text: str, *, beside: bool = False) -> None:
    """Say in a line what was done; not with `--quiet`. `beside`: standard output has something else."""
    if not manner().quiet:
        click.echo(safe_line(text), err=beside)


def tell_object(value: dict[str, Any]) -> None:
    """Print what programs read: one JSON object, on a line."""
    from trajcore.views.exports.listing import json_line

    click.echo(json_line(value))
