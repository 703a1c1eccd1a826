"""A program that is run for somebody is over when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pictures import png, url
from trajcore.pictures import Picture
from trajcore.tasks import program_run
from trajcore.views.pixels import pixels_of

ECHO = "import sys; sys.stdout.write(sys.stdin.read()); sys.exit(3)"


async def test_what_it_is_given_and_answers() -> None:
    done = await program_run([sys.executable, "-c", ECHO], b"given", stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (3, b"given")


async def test_a_program_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        await program_run(["/nowhere/at/all"])


async def test_one_that_takes_too_long_is_killed() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    with pytest.raises(subprocess.TimeoutExpired):
        await program_run([sys.executable, "-c", deaf], patience=0.5)


def test_it_ends_with_the_loop(tmp_path: Path) -> None:
    """The end of a loop cancels twice: the task, and its waiting for the end of what it was cancelled in."""
    told = tmp_path / "pid"

    async def leaving() -> None:
        waiting = f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
        running = asyncio.create_task(program_run([sys.executable, "-c", waiting]))
        while not told.exists() or not told.read_text():
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.sleep(0)

    asyncio.run(leaving())
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


@pytest.mark.parametrize("loops", [0, 1, 2, 5, 20])
def test_a_picture_that_nobody_waits_for_leaves_nothing(loops: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However early it is left."""
    left = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: left.append(what.exc_value))

    async def leaving() -> None:
        running = asyncio.create_task(pixels_of(Picture.at(url(png(4, 2))), 10, 10))
        for _ in range(loops):
            await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.sleep(0)

    asyncio.run(leaving())
    gc.collect()
    assert not left
