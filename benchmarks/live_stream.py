"""What the process between us and a model's library costs, and whether a screen has its turns meanwhile.

    python benchmarks/live_stream.py [--chunks 1000] [--rounds 3] [--strict]

- how long a chunk takes from a scripted server through litellm alone, in a program of its own, and through
  ours: the difference may be half a millisecond;
- how long a task that wants to go on every 5 ms waits for its turn (95 of 100 times at most so long), while
  the library is imported for the first request, while 200 chunks a second come, while a history of 1 MB and
  one of 10,000 events are asked with, and while a reply of 800 kB comes in one line; beside an idle loop,
  limit 50 ms.

The longest wait is shown and not judged. `--strict` exits with 1 when one is over.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from measuring import Row, any_over, show
from stutter import PERIOD, scripted, session_over

from trajcore.live.model import Model, Patience, close_connections
from trajcore.live.modelprocess import MODELS
from trajcore.live.modelsettings import ModelSettings

LIMIT: Final = 50.0
OVERHEAD: Final = 0.5
ASK: Final = [{"role": "user", "content": "go on"}]

ALONE: Final = """
import asyncio, os, sys, time
import trajcore.live.serving as serving

async def main():
    litellm = serving.library()
    for _ in range(int(sys.argv[2])):
        sys.stdin.readline()
        begun, count = time.perf_counter(), 0
        stream = await litellm.acompletion(
            model="openai/scripted", messages=[{"role": "user", "content": "go on"}], api_key="none",
            base_url=sys.argv[1], stream=True, stream_options={"include_usage": True},
        )
        async for chunk in stream:
            count += 1
        print((time.perf_counter() - begun) * 1000 / count, flush=True)

asyncio.run(main())
"""


class Nobody:
    """Hears a reply and says nothing."""

    def text(self, delta: str) -> None: ...

    def thought(self, delta: str) -> None: ...

    def call(self, place: int, name: str, delta: str) -> None: ...

    def retrying(self, line: str) -> None:
        raise RuntimeError(line)

    def warned(self, line: str) -> None:
        raise RuntimeError(line)


def said(chunks: int, **more: Any) -> dict[str, Any]:
    """A reply in so many chunks, no two neighbours alike."""
    return {"text": "".join(f"{number:06} " for number in range(chunks)), **more}


async def asked(url: str, messages: Sequence[dict[str, Any]] = ASK) -> None:
    """One reply, heard to its end."""
    model = Model(ModelSettings("openai/scripted", "none", url), Patience(attempts=1))
    await model.reply(messages, [], Nobody())


# What a chunk costs


async def overhead(chunks: int, rounds: int) -> list[Row]:
    """Ours and litellm alone in turns."""
    alone = Row("a chunk through litellm alone", unit="ms")
    ours = Row("a chunk through ours", unit="ms")
    more = Row("- more than that", limit=OVERHEAD, unit="ms")
    with scripted(*[said(chunks)] * (2 * rounds + 2)) as url:
        await asked(url)
        with litellm_alone(url, rounds + 1) as next_time:
            await asyncio.to_thread(next_time)  # the first one makes its connections, as ours has done
            for _ in range(rounds):
                alone.samples.append(await asyncio.to_thread(next_time))
                begun = time.perf_counter()
                await asked(url)
                ours.samples.append((time.perf_counter() - begun) * 1000 / chunks)
                more.samples.append(max(0.0, ours.samples[-1] - alone.samples[-1]))
    return [alone, ours, more]


@contextmanager
def litellm_alone(url: str, times: int) -> Iterator[Callable[[], float]]:
    """A program that streams a reply through litellm at each call, which says what a chunk took."""
    command = [sys.executable, "-W", "ignore", "-c", ALONE, url, str(times)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        stdin, stdout = program.stdin, program.stdout
        assert stdin is not None
        assert stdout is not None

        def next_time() -> float:
            stdin.write("\n")
            stdin.flush()
            return float(stdout.readline())

        try:
            yield next_time
        finally:
            stdin.close()


# Whether others have their turns


@asynccontextmanager
async def waits() -> AsyncIterator[list[float]]:
    """How long a task that wants to go on every 5 ms has waited for each turn, in milliseconds."""
    found: list[float] = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(PERIOD)
            now = time.perf_counter()
            found.append((now - last) * 1000)
            last = now

    task = asyncio.create_task(tick())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.wait([task])


class Turns:
    """What is measured beside an idle loop: 95 of 100 waits, and the longest."""

    def __init__(self, what: str, idle: Row) -> None:
        self._idle = idle
        self.most = Row(what, idle, LIMIT, unit="ms")
        self.longest = Row("- the longest", unit="ms")

    async def during(self, work: Callable[[], Awaitable[object]]) -> None:
        """Measure one round, and an idle loop for as long."""
        begun = time.perf_counter()
        async with waits() as found:
            await work()
        self._add(found)
        async with waits() as idle:
            await asyncio.sleep(min(3.0, max(0.2, time.perf_counter() - begun)))
        self._idle.samples.append(_percentile(idle))

    def _add(self, found: list[float]) -> None:
        self.most.samples.append(_percentile(found))
        self.longest.samples.append(max(found, default=0.0))


def _percentile(found: list[float]) -> float:
    return (
        statistics.quantiles(found, n=20, method="inclusive")[-1]
        if len(found) > 1
        else max(found, default=0.0)
    )


def long_history(size: int) -> list[dict[str, Any]]:
    """Messages of so many bytes in all."""
    return [
        {"role": ("user", "assistant")[place % 2], "content": f"{place} " + "words and words " * 300}
        for place in range(size // 4_800 // 2 * 2 + 1)
    ]


async def turns(rounds: int, events: int) -> list[Row]:
    """All that could hold up a screen."""
    rows: list[Row] = []

    async def measured(what: str, work: Callable[[], Awaitable[object]], times: int = rounds) -> None:
        idle = Row("an idle loop, for as long", unit="ms")
        made = Turns(what, idle)
        for _ in range(times):
            await made.during(work)
        rows.extend((idle, made.most, made.longest))

    async def imported() -> None:
        MODELS.stop()
        with scripted(said(3)) as url:
            await asked(url)

    await measured("the library is imported elsewhere, for a first reply", imported)
    with scripted(*[said(800, pause=0.005)] * rounds) as url:
        await measured("200 chunks a second come", lambda: asked(url))
    history = long_history(1_000_000)
    with scripted(*[said(20)] * rounds) as url:
        await measured("asked with a history of 1 MB", lambda: asked(url, history))
    with scripted(*[{"text": "x y" * 267_000, "piece": 2_000}] * rounds) as url:
        await measured("a reply of 800 kB in one line", lambda: asked(url))
    with scripted(*[said(20)] * 2 * rounds) as url:
        session = await session_over(
            events, events * 500, "bubblewrap", ModelSettings("openai/scripted", "none", url)
        )

        async def message() -> None:
            session.message("go on")
            await session.idle()
            if session.failure is not None:
                raise session.failure

        try:
            await measured(f"asked with {events} events", message)
        finally:
            await session.close()
    return rows


async def measured(chosen: argparse.Namespace) -> list[Row]:
    """Everything."""
    rounds = max(1, chosen.rounds)
    rows = [*await overhead(chosen.chunks, rounds), *await turns(rounds, chosen.events)]
    await close_connections()
    MODELS.stop()
    return rows


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chunks", type=int, default=1_000)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strict", action="store_true", help="exit with 1 when one is over its limit")
    chosen = parser.parse_args()
    rows = asyncio.run(measured(chosen))
    show(rows)
    return int(chosen.strict and any_over(rows))


if __name__ == "__main__":
    sys.exit(main())
