"""A zip archive in which files of one recording are put in place of those that were read of it."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping, Sequence

from trajcore.errors import BadInput


def repacked(archive: bytes, read: Sequence[str], now: Mapping[str, bytes]) -> bytes:
    """The archive with the files that there are `now` in place of those that were `read`.

    Both are named below the directory of the recording in it. All other files stay as they are, and so does
    the whole where nothing is another. Raises `BadInput` where it is not the archive any more.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as old:
            prefix = _prefix(old.namelist(), read)
            if len(read) == len(now) and all(old.read(prefix + name) == now.get(name) for name in read):
                return archive
            return _written(old, prefix, frozenset(read), now)
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError) as error:
        raise BadInput(f"the archive can't be written anew ({error}): name another file.") from None


def _prefix(names: Sequence[str], read: Sequence[str]) -> str:
    """The directory in the archive that the recording is in."""
    known = set(names)
    for name in names:
        prefix = name.removesuffix(read[0])
        if name.endswith(read[0]) and all(prefix + one in known for one in read):
            return prefix
    raise KeyError(read[0])


def _written(old: zipfile.ZipFile, prefix: str, read: frozenset[str], now: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    left = dict(now)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        new.comment = old.comment
        for info in old.infolist():
            name = info.filename.removeprefix(prefix)
            if not info.filename.startswith(prefix) or name not in read:
                new.writestr(info, old.read(info), info.compress_type)
            elif name in left:
                new.writestr(info, left.pop(name), info.compress_type)
        for name, data in left.items():
            info = zipfile.ZipInfo(prefix + name, time.localtime()[:6])
            info.external_attr = 0o600 << 16
            new.writestr(info, data, zipfile.ZIP_DEFLATED)
    return made.getvalue()
