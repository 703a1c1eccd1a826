"""Work that leaves nothing half done behind a caller who is cancelled, or fails."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def _nothing() -> None:
    pass


async def finished(work: Coroutine[Any, Any, T], hurry: Callable[[], object] = _nothing) -> T:
    """The result of `work`, to its end. `hurry` is called when the caller is cancelled, to tell `work` so."""
    working = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        hurry()
        await asyncio.wait([working])
        if not working.cancelled():
            working.exception()
        raise


async def finished_in_thread(work: Callable[[], T], hurry: Callable[[], object] = _nothing) -> T:
    """As `finished`, for blocking work, which is done in a thread off the event loop."""
    return await finished(asyncio.to_thread(work), hurry)


async def program_run(
    command: Sequence[str], given: bytes = b"", patience: float | None = None, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end; `given` is its input, `more` is for `subprocess.Popen`.

    It is terminated when the caller is cancelled, and killed after `patience` seconds. A thread waits for it,
    not the event loop: a loop that ends cancels also who waits for the end of what was cancelled, and would
    leave the process and its pipes behind. Raises `OSError` and `subprocess.TimeoutExpired`.
    """
    begun: list[subprocess.Popen[bytes]] = []
    unwanted = threading.Event()

    def run() -> subprocess.CompletedProcess[bytes]:
        with subprocess.Popen(command, stdin=subprocess.PIPE, **more) as process:
            begun.append(process)
            if unwanted.is_set():
                process.terminate()
            try:
                out, err = process.communicate(given, patience)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def end() -> None:
        unwanted.set()
        for process in begun:
            process.terminate()

    return await finished_in_thread(run, end)


async def together(*works: Coroutine[Any, Any, Any]) -> None:
    """Do all of `works` at a time. The first that fails ends the others, which are over when it is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
