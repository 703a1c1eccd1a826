"""An event loop in a thread of its own, for a library that keeps the loop it is called in from its work.

litellm and what is below it prepare a request in the event loop: for the messages of 4,000 events that takes
the better part of a second, in which no key would be answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundLoop:
    """Runs coroutines of one loop for another. Started at the first of them, and anew after `stop`."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of a coroutine. A cancelled caller cancels it, and gets away when it has ended."""
        here, there = asyncio.get_running_loop(), self._started()
        result: asyncio.Future[T] = here.create_future()
        tasks: list[asyncio.Task[T]] = []

        def begin() -> None:
            task = there.create_task(work())
            tasks.append(task)
            task.add_done_callback(lambda ended: tell(here, _settle, result, ended))

        there.call_soon_threadsafe(begin)
        try:
            return await asyncio.shield(result)
        except asyncio.CancelledError:
            tell(there, lambda: tasks[0].cancel())
            await asyncio.wait([result])
            if not result.cancelled():
                result.exception()
            raise

    async def stop(self) -> None:
        """End the thread. What it still runs is cancelled."""
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            await asyncio.to_thread(thread.join)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=_serve, args=(self._loop,), name="model", daemon=True)
            self._thread.start()
        return self._loop


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """What is made inside stays: no search for cycles goes through it, now or later.

    Such a search holds up every thread, here for a tenth of a second.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def tell(loop: asyncio.AbstractEventLoop, told: Callable[..., object], *args: Any) -> None:
    """Have something called in a loop of another thread; nothing where that has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(told, *args)


def _settle(result: asyncio.Future[T], ended: asyncio.Task[T]) -> None:
    if ended.cancelled():
        result.cancel()
    elif (fault := ended.exception()) is not None:
        result.set_exception(fault)
    else:
        result.set_result(ended.result())


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
