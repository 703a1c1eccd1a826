"""Where keys come from: the terminal, also where standard input is something else, or a page in a browser."""

from __future__ import annotations

import os
import stat
import sys
from typing import Final

from trajcore import BadInput
from trajtui.browser import is_in_browser

_TERMINAL: Final = "/dev/tty"
"""The terminal of this process, whatever its standard streams are."""


def has_terminal() -> bool:
    """Whether there is something to draw on and to take keys from."""
    if is_in_browser():
        return True
    if not all(os.isatty(stream) for stream in (1, 2)):
        return False
    if os.isatty(0):
        return True
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def is_given_something() -> bool:
    """Whether standard input is a file or a pipe: what a user has sent here on purpose."""
    mode = os.fstat(0).st_mode
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def take_keys() -> None:
    """Have standard input be the terminal, for Textual reads keys from that. Raises `BadInput`."""
    if not os.isatty(0) and not is_in_browser():
        try:
            opened = os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY)
        except OSError as error:
            raise BadInput(f"keys cannot be read from {_TERMINAL}: {error.strerror}.") from None
        os.dup2(opened, 0)
        os.close(opened)
    if sys.__stdin__ is None or sys.__stdin__.closed or sys.__stdin__.fileno() != 0:
        sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc] # noqa: SIM115
