"""A terminal in a container, held by this program itself where the container runs on this kernel.

One that the engine makes is three processes away, each way: that is the greater part of a short step.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import stat
import struct
import termios
from pathlib import Path
from typing import Final

from trajcore.sandbox.machines.machine import COLUMNS, ROWS
from trajcore.sandbox.trees.io import entered

_PTMX: Final = os.makedev(5, 2)
_NUMBER: Final = 0x80045430
"""TIOCGPTN: which number a terminal has."""
_LOCK: Final = 0x40045431
"""TIOCSPTLCK: nobody opens the other side while it is set."""
_UIDS: Final = re.compile(r"^Uid:\s+(\d+)", re.MULTILINE)


def open_terminal(pid: int, container: str) -> tuple[int, str]:
    """This side of a new terminal in the world of process `pid`, and how the other side is called there.

    The other side is that process's user's. The caller closes the descriptor. Raises `OSError` where there
    is none to be had: the process is not of this kernel or not of the container with the id `container`, its
    files are not to be reached, or the terminals are not where they should be.
    """
    about = Path(f"/proc/{pid}")
    if container not in (about / "cgroup").read_text():
        raise OSError(f"process {pid} is not the container's")
    user = _UIDS.search((about / "status").read_text())
    directory = entered(about / "root", "dev", "pts")
    try:
        master = _opened(directory)
        try:
            name = str(struct.unpack("I", fcntl.ioctl(master, _NUMBER, bytes(4)))[0])
            fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            if user is not None:
                os.chown(name, int(user[1]), -1, dir_fd=directory, follow_symlinks=False)
            fcntl.ioctl(master, _LOCK, bytes(4))
        except BaseException:
            os.close(master)
            raise
    finally:
        os.close(directory)
    return master, f"/dev/pts/{name}"


def is_taken(master: int) -> bool:
    """Whether somebody has made the other side their terminal."""
    return os.tcgetpgrp(master) > 0


def is_given_up(master: int) -> bool:
    """Whether the other side was opened, and nobody has it open any more."""
    waiting = select.poll()
    waiting.register(master, 0)
    return any(event & select.POLLHUP for _, event in waiting.poll(0))


def _opened(directory: int) -> int:
    """A new terminal among those of `directory`; anything else that is there is not opened."""
    found = os.open("ptmx", os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        seen = os.fstat(found)
        if not stat.S_ISCHR(seen.st_mode) or seen.st_rdev != _PTMX:
            raise OSError("there is no terminal to be had")
        return os.open(f"/proc/self/fd/{found}", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    finally:
        os.close(found)
