"""The errors a front end shows: plain sentences, each kind with the exit code of the contract."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import Final

from trajcore.masking import known, without_accounts

INTERRUPTED: Final = 130
UNREAD: Final = 141

EXIT_CODES: Final = {
    0: "done",
    1: "it ran, and something fell short: `--strict` and a divergence, an error among the findings of "
    "`show --check`, a live session that ended in an error, or stuck, a `bisect` that found no step",
    2: "bad usage or bad input: no such file, not a trajectory, an unknown sandbox",
    3: "the sandbox or the model cannot be had",
    INTERRUPTED: "interrupted",
    UNREAD: "nobody reads what it prints any more (`| head`); nothing is said of that",
}
"""How every command ends."""

_IN_WORDS: Final = {
    errno.ENOSPC: "no space is left on the disk",
    errno.EDQUOT: "your quota on this disk is used up",
    errno.EFBIG: "it would be larger than files may be here",
    errno.EROFS: "the disk is read-only",
}


class TrajError(Exception):
    """Something the user can mend. The message is one or two plain lines that say how, without secrets."""

    exit_code = 1

    def __str__(self) -> str:
        return known().text(without_accounts(super().__str__()))


class Refused(TrajError):
    """A command that is illegal in the present state; the message says why."""


class BadInput(TrajError):
    """What was asked for, or the file given, cannot be used."""

    exit_code = 2


class FileChanged(BadInput):
    """The opened file was changed on disk by someone else."""


class SandboxUnavailable(TrajError):
    """The sandbox cannot be had, or was lost."""

    exit_code = 3


class Unconfirmed(TrajError):
    """A model's action waits for the user's word, and there is nobody to give it."""


class ModelUnavailable(TrajError):
    """The model cannot be had, or failed for good."""

    exit_code = 3


def meant(word: str, names: Iterable[str]) -> str:
    """The question whether the nearest of these names was meant, to be put behind a sentence; empty where
    none is near.
    """
    from difflib import get_close_matches  # most are typed as they are called

    near = get_close_matches(word, list(names), 1)
    return f" Did you mean {near[0]!r}?" if near else ""


def in_words(error: OSError) -> str:
    """Why the system refused something, for people."""
    return _IN_WORDS.get(error.errno or 0) or error.strerror or str(error)
