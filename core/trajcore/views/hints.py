"""Which hints a user has had: kept in the state directory, so that none comes twice."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path
from typing import Final

import platformdirs

from trajcore.config import APP
from trajcore.errors import BadInput
from trajcore.reading import STATE, Missing, read_file
from trajcore.storage import write_atomically

_MOST: Final = 100


def _file() -> Path:
    return Path(platformdirs.user_state_dir(APP)) / "hints"


def hints_had() -> frozenset[str]:
    """The names of the hints that were followed or dismissed."""
    try:
        return frozenset(read_file(_file(), STATE).decode().split()[:_MOST])
    except (BadInput, UnicodeDecodeError):
        return frozenset()


def keep_had(names: Collection[str]) -> None:
    """Have some hints never come again; where that cannot be kept, they do."""
    with contextlib.suppress(OSError, BadInput):
        with contextlib.suppress(Missing):
            read_file(_file(), STATE)  # what is no file of ours is not written into
        _file().parent.mkdir(parents=True, exist_ok=True)
        write_atomically(_file(), ["\n".join(sorted({*hints_had(), *names})).encode()])
