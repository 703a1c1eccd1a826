"""What was copied last, kept in files of the user's cache directory: not every terminal has a clipboard."""

from __future__ import annotations

import contextlib
import os
from itertools import count, pairwise
from pathlib import Path
from typing import Final

import platformdirs

from trajcore.config import APP
from trajcore.errors import BadInput, in_words
from trajcore.storage import write_atomically
from trajcore.views.recent import short

_NAMES: Final = ("copied.txt", "copied-2.txt", "copied-3.txt", "copied-4.txt")
"""The latest comes first."""

CLIPBOARD: Final = 74_994
"""So many bytes go to the terminal's clipboard: many terminals cut what is longer, in base64, than 100 kB."""


def keep(text: str) -> Path:
    """Keep a text that was copied, for this user alone; answers where. Raises `BadInput`."""
    directory = Path(platformdirs.user_cache_dir(APP)) / "copied"
    path = directory / _NAMES[0]
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for newer, older in reversed(list(pairwise(_NAMES))):
            with contextlib.suppress(FileNotFoundError):
                (directory / newer).replace(directory / older)
        path.touch(mode=0o600)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {in_words(error)}.") from None
    write_atomically(path, [text.encode("utf-8", "replace")])
    return path


def save_picture(svg: str, name: str) -> str:
    """Save a picture of the screen where downloads are, else where the user is, or at home; says where.

    Raises `BadInput` where it can be written nowhere.
    """
    said, places = "", (platformdirs.user_downloads_path(), Path.cwd(), Path.home())
    for directory in places:
        try:
            path = _free(directory, name)
            write_atomically(path, [svg.encode("utf-8", "replace")])
        except (OSError, BadInput) as error:
            said = said or f"{error}".removesuffix(".")
        else:
            return f"picture saved: {short(path)}{f' ({said})' if said else ''}"
    raise BadInput(f"the picture was not saved: {said}.")


def _free(directory: Path, name: str) -> Path:
    """A path in a directory that is there, with a name that is not taken. Raises `BadInput`."""
    if not os.path.isdir(directory):
        raise BadInput(f"there is no {short(directory)}")
    taken = (directory / f"{name}{f'-{number}' if number > 1 else ''}.svg" for number in count(1))
    return next(path for path in taken if not os.path.lexists(path))


def fits(text: str) -> bool:
    """Whether a text is short enough for the clipboard of any terminal."""
    return len(text) <= CLIPBOARD and len(text.encode("utf-8", "replace")) <= CLIPBOARD


def words(name: str, text: str, kept: Path | str) -> str:
    """What is said of a copy that is kept in a file, or is not, for this reason."""
    count = f"{len(text):,} character{'s' * (len(text) != 1)}"
    where = f"in {short(kept)}" if isinstance(kept, Path) else f"in no file: {kept}"
    if fits(text):
        return f"copied {name} ({count}) · also {where}"
    return f"{name} is too long for the terminal's clipboard ({count}): it is {where}"
