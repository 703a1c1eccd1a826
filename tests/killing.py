"""Killing a process at each system call it makes: a process of ours is stepped from call to call (ptrace)."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from needs import IN_CI

_TRACEME, _SYSCALL, _SETOPTIONS = 0, 24, 0x4200
_MARK_CALLS = 1
"""Stops at a system call are told from signals by bit 7."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def killed_everywhere(act: Callable[[], object], prepare: Callable[[], None]) -> Iterator[int]:
    """Do `act` in a child that is killed before its first system call, then after it, before its second …

    `prepare` is called before each child. The answer counts the stops; what comes last is the child that
    was not killed, which ended by itself.
    """
    for count in range(1, 10_000):
        prepare()
        killed = _killed_at(count, act)
        yield count
        if not killed:
            return
    raise AssertionError("it does not come to an end")


def _killed_at(count: int, act: Callable[[], object]) -> bool:
    """Kill a child at its `count`-th stop; False when it ended earlier."""
    child = os.fork()
    if child == 0:
        try:
            _ptrace(_TRACEME, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            act()
        finally:
            # Whatever happened, the child must not go on with the tests of its parent.
            os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSTOPPED(status):
        (pytest.fail if IN_CI else pytest.skip)("this system lets no process be traced")
    _ptrace(_SETOPTIONS, child, _MARK_CALLS)
    stops = 0
    passed_on = 0
    while True:
        _ptrace(_SYSCALL, child, passed_on)
        _, status = os.waitpid(child, 0)
        if not os.WIFSTOPPED(status):
            return False
        number = os.WSTOPSIG(status)
        passed_on = 0 if number == signal.SIGTRAP | 0x80 else number
        stops += passed_on == 0
        if stops == count:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True


def _ptrace(request: int, process: int, data: int) -> None:
    if _libc.ptrace(request, process, None, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
