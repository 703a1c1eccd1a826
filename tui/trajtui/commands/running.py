"""Runs what a command does in an event loop, and ends it where it has to end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

from trajcore import errors
from trajtui import standard

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`, which is cancelled by a signal, and where its output cannot be written any more.

    Raises `click.exceptions.Exit` then, with the code of what is interrupted, after `work` has cleaned up.
    """
    try:
        return asyncio.run(_owned(work))
    except asyncio.CancelledError:
        raise click.exceptions.Exit(errors.INTERRUPTED) from None


async def _owned(work: Coroutine[Any, Any, Result]) -> Result:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with standard.stopping(task.cancel):
        return await work
