"""One module for each file format: where its events are in the bytes, and how to write them back."""

from __future__ import annotations

from pathlib import Path

from trajcore.errors import BadInput
from trajcore.formats import directory, lists
from trajcore.formats.base import Layout, Source


def read_path(path: Path, row: str | None = None) -> Layout:
    """Find the events of a file or directory. Raises `BadInput`, naming it, and `RowNeeded`."""
    if is_directory(path):
        if row is not None:
            raise BadInput(f"{path} is a directory: --row is for files with several trajectories.")
        return directory.read(path)
    return lists.read(read_source(path), row)


def is_directory(path: Path) -> bool:
    """Whether a path is a directory; one that cannot be looked at is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def read_bytes(data: bytes, name: str, row: str | None = None) -> Layout:
    """Find the events of a whole file that is in memory. Raises `BadInput` and `RowNeeded`."""
    return lists.read(Source(name, None, data), row)


def read_source(path: Path) -> Source:
    """The bytes of a file. Raises `BadInput`, naming it, when it cannot be read."""
    try:
        return Source(str(path), path, path.read_bytes())
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file.") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
