"""`trajtui completion`: what a shell needs to complete the words of a command line."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from trajcore import BadInput

SHELLS: Final = ("bash", "zsh", "fish")
_VARIABLE: Final = "_TRAJTUI_COMPLETE"
"""What the script sets for the program to say what could follow, as the library has it."""


def script(program: click.Command, shell: str) -> str:
    """The script that makes a shell ask the program. Raises `BadInput`."""
    found = get_completion_class(shell)
    if found is None:
        raise BadInput(f"there is no completion for {shell}: it is there for {', '.join(SHELLS)}.")
    return found(program, {}, "trajtui", _VARIABLE).source()
