"""Taking files out of a world: what is asked for is found inside, and written here in a thread."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import errno
import os
import threading
import time
from pathlib import Path, PurePosixPath
from typing import Final

from trajcore.errors import BadInput, Refused
from trajcore.sandbox.base import Exported, OnProgress
from trajcore.sandbox.files import BashFiles
from trajcore.sandbox.machines.machine import Exporting, Imaging, Machine
from trajcore.sandbox.machines.owner import is_ours, read_word, this_program
from trajcore.sandbox.shell.quoting import quoted
from trajcore.sandbox.trees.copying import remove_tree
from trajcore.sandbox.trees.exporting import LEFT, OnTaken, Taken, Tally, Unreadable, refuse_taken, write
from trajcore.tasks import finished_in_thread
from trajcore.text import safe_line

_EVERY: Final = 0.2
"""Seconds between two words on how far it is."""
_REAL: Final = "{ readlink -f -- %s; echo .; } 2>/dev/null | base64 -w0"
"""The dot keeps what a name ends in, which may be a newline."""


async def export(
    machine: Machine, files: BashFiles, path: str, target: Path, progress: OnProgress, *, overwrite: bool
) -> Exported:
    """See `Sandbox.export`."""
    if not isinstance(machine, Exporting):
        raise Refused(f"a {machine.kind} sandbox gives no files out")
    await asyncio.to_thread(refuse_taken, target, overwrite=overwrite)
    real = await _real(files, path)
    stop, taken = threading.Event(), Taken()
    tally = Tally(stop, _throttled(path, progress))

    def work() -> None:
        _remove_left(target.absolute().parent)
        members, name = machine.members(real, taken.left_out), PurePosixPath(real).name
        write(members, target, name, taken, tally, overwrite=overwrite, writer=this_program().word)

    try:
        await finished_in_thread(work, stop.set)
    except Unreadable as why:
        raise BadInput(safe_line(f"{path} cannot be read in the sandbox: {why}.")) from None
    return Exported(taken.entries, taken.size, taken.notes)


def _remove_left(directory: Path) -> None:
    """Remove what exports into a directory have left there of which the program was killed."""
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            found = LEFT.fullmatch(entry.name)
            owner = None if found is None else read_word(found[1])
            if owner is not None and owner.is_dead and is_ours(entry):
                remove_tree(Path(entry.path))


async def export_image(machine: Machine, name: str, progress: OnProgress) -> Exported:
    """See `Sandbox.export_image`."""
    if not isinstance(machine, Imaging):
        raise Refused(f"only a docker sandbox can be kept as an image, and this one is {machine.kind}")
    progress(f"making the image {name}")
    missing = await machine.keep_as(name)
    return Exported(0, 0, (f"without {' and '.join(missing)}",) if missing else ())


async def _real(files: BashFiles, path: str) -> str:
    """The same path without links. Raises `BadInput`."""
    said = await files.output(_REAL % quoted(path).decode("utf-8", "surrogateescape"))
    try:
        real = os.fsdecode(base64.b64decode(said, validate=True).removesuffix(b".\n").removesuffix(b"\n"))
    except binascii.Error:
        real = ""
    if not real.startswith("/") or ".." in real.split("/"):
        raise BadInput(safe_line(f"{path} cannot be read in the sandbox: {os.strerror(errno.ENOENT)}."))
    return real


def _throttled(path: str, progress: OnProgress) -> OnTaken:
    loop = asyncio.get_running_loop()
    told = 0.0

    def tell(taken: Taken) -> None:
        nonlocal told
        if time.monotonic() - told > _EVERY:
            told = time.monotonic()
            text = f"saving {safe_line(path)}: {taken.entries:,} entries, {taken.size / 1e6:,.1f} MB"
            loop.call_soon_threadsafe(progress, text)

    return tell
