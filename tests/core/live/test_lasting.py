"""The loop in a thread of its own: what it gives back, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import pytest

from trajcore.live.background import BackgroundLoop, lasting


async def test_work_is_done_in_another_thread_and_its_result_or_fault_comes_back() -> None:
    background = BackgroundLoop()

    async def where() -> str:
        return threading.current_thread().name

    async def failing() -> None:
        raise ValueError("no")

    assert await background.run(where) == "model"
    with pytest.raises(ValueError, match="no"):
        await background.run(failing)
    await background.stop()


async def test_work_that_blocks_its_loop_does_not_block_ours() -> None:
    background = BackgroundLoop()

    async def blocking() -> None:
        time.sleep(0.5)

    working = asyncio.create_task(background.run(blocking))
    turns = 0
    while not working.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 5
    await background.stop()


async def test_a_cancelled_caller_gets_away_when_the_work_has_ended() -> None:
    background, ended, begun = BackgroundLoop(), threading.Event(), threading.Event()

    async def long() -> None:
        try:
            begun.set()
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            ended.set()

    working = asyncio.create_task(background.run(long))
    await asyncio.to_thread(begun.wait)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert ended.is_set()
    await background.stop()


async def test_it_ends_with_what_it_still_runs_and_begins_anew() -> None:
    background, before = BackgroundLoop(), threading.active_count()

    async def long() -> None:
        await asyncio.sleep(60)

    async def short() -> int:
        return 1

    working = asyncio.create_task(background.run(long))
    await asyncio.sleep(0.05)
    await background.stop()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert await background.run(short) == 1
    await background.stop()
    assert not any(thread.name == "model" for thread in threading.enumerate())
    assert threading.active_count() <= before + 1


def test_no_search_for_cycles_goes_through_what_lasts() -> None:
    frozen = gc.get_freeze_count()
    with lasting():
        assert not gc.isenabled()
        made = [[] for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(made)
    gc.unfreeze()
