"""Starts processes that have none of the caller's keys.

The kernel keeps keys (of Kerberos, of encrypted disks) in a keyring of the session, which every process gets
from the thread that started it, and no namespace hides. So such processes are started from a thread whose
keyring is a new one. It lives as long as the program: bwrap ends when the thread that started it does.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final, TypeVar

_KEYCTL: Final = {
    "aarch64": 219,
    "loongarch64": 219,
    "ppc64le": 271,
    "riscv64": 219,
    "s390x": 280,
    "x86_64": 250,
}
"""The number of the system call, by the machine's name."""
_JOIN_SESSION_KEYRING: Final = 1

T = TypeVar("T")


async def without_keys(start: Callable[[], T]) -> T:
    """Call `start`, which starts a process, so that this gets a session keyring of its own, an empty one.

    Raises what `start` raises. Where the kernel has no keyrings, or lets nobody have another one, it is
    called all the same: what is started must be kept from using keys in another way too.
    """
    return await asyncio.get_running_loop().run_in_executor(_starter(os.getpid()), _started, start)


def _started(start: Callable[[], T]) -> T:
    _join_new_keyring()
    return start()


def _join_new_keyring() -> None:
    """Give this thread a session keyring that no other process has."""
    number = _KEYCTL.get(os.uname().machine)
    if number is not None and sys.maxsize > 1 << 32:
        ctypes.CDLL(None).syscall(number, _JOIN_SESSION_KEYRING, None)


@lru_cache(1)
def _starter(process: int) -> ThreadPoolExecutor:
    """The thread of this process: a copy of it (`fork`) has the object and not the thread."""
    return ThreadPoolExecutor(1, "starter")
