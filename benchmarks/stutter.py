"""How long a screen would wait for its turn while a model works or a run is saved, beside an idle loop.

    python benchmarks/stutter.py [--events 4000] [--steps 8] [--megabytes 10] [--rounds 3] [--strict]

A task that wants to go on every 5 ms measures the longest time between two of its turns:

- in an event loop that does nothing else: what this machine and Python themselves make of it;
- while a model (a scripted one, in a process of its own) takes steps in a run of 4,000 events;
- while a run of 10 MB is saved.

The limit is 50 ms. Where other programs keep the machine busy, the idle loop waits too: the processor time
that this program itself takes between two turns then tells more. The first live step of a program, for which
much is loaded, is shown and not judged. `--strict` exits with 1 when one is over.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from measuring import Row, any_over, show

from trajcore.errors import TrajError
from trajcore.live.modelsettings import ModelSettings
from trajcore.replay.player import Service
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

PERIOD: Final = 0.005
LIMIT: Final = 50.0
OWN: Final = "- processor time of ours in it"
LOOPBACK: Final = Path(__file__).parent.parent / "tests" / "loopback.py"


class Ticker:
    """Wants to go on every 5 ms; `worst` is the longest time between two turns, in milliseconds.

    `own` is the most processor time that this program itself took between two turns.
    """

    def __init__(self) -> None:
        self.worst = self.own = 0.0

    async def run(self) -> None:
        """Tick until cancelled."""
        last, taken = time.perf_counter(), time.process_time()
        while True:
            await asyncio.sleep(PERIOD)
            now, used = time.perf_counter(), time.process_time()
            self.worst, last = max(self.worst, (now - last) * 1000), now
            self.own, taken = max(self.own, (used - taken) * 1000), used


@asynccontextmanager
async def ticking() -> AsyncIterator[Ticker]:
    """A ticker beside what is measured."""
    ticker = Ticker()
    task = asyncio.create_task(ticker.run())
    try:
        yield ticker
    finally:
        task.cancel()
        await asyncio.wait([task])


async def idle_beside(row: Row, seconds: float) -> None:
    """What a loop makes of it that does nothing else, for as long."""
    async with ticking() as ticker:
        await asyncio.sleep(max(0.2, seconds))
    row.samples.append(ticker.worst)


def recording(events: int, size: int) -> bytes:
    """Commands as a model asked for them, and their answers, of about `size` bytes in all."""
    filling = "x" * max(0, 2 * size // events - 1500)
    found: list[dict[str, Any]] = [
        {"id": 0, "source": "user", "message": "go", "action": "message", "args": {"content": "go"}}
    ]
    for number in range(1, events - 1, 2):
        metadata = called(number)
        args = {"command": f"echo {number}", "is_input": False, "thought": "", "hidden": False}
        extras = {"command": f"echo {number}", "metadata": {"exit_code": 0}, "hidden": False}
        either = {"source": "agent", "message": f"echo {number}", "tool_call_metadata": metadata}
        found.append({"id": number, **either, "action": "run", "args": args})
        answer = {"observation": "run", "content": filling, "extras": extras}
        found.append({"id": number + 1, **either, "cause": number, **answer})
    return json.dumps(found).encode()


def called(number: int) -> dict[str, Any]:
    """The tool call that an action came from."""
    function = {"name": "execute_bash", "arguments": json.dumps({"command": f"echo {number}"})}
    message = {
        "role": "assistant",
        "content": "next",
        "tool_calls": [{"id": f"c{number}", "function": function}],
    }
    return {
        "function_name": "execute_bash",
        "tool_call_id": f"c{number}",
        "model_response": {"id": f"r{number}", "choices": [{"message": message}]},
        "total_calls_in_response": 1,
    }


@contextmanager
def scripted(*answers: dict[str, Any]) -> Iterator[str]:
    """A server in a process of its own; the address where it is."""
    with tempfile.TemporaryDirectory() as name:
        file, port = Path(name) / "script.json", Path(name) / "port"
        file.write_text(json.dumps(answers))
        arguments = ["--script", str(file), "--port-file", str(port), "--until-eof"]
        with subprocess.Popen(
            [sys.executable, str(LOOPBACK), *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as server:
            try:
                yield f"http://127.0.0.1:{_port(port)}/v1"
            finally:
                assert server.stdin is not None
                server.stdin.close()


def scripted_model(steps: int) -> AbstractContextManager[str]:
    """A model that asks for so many commands, each another one; the address where it is."""
    calls = [{"name": "execute_bash", "arguments": {"command": f": {number}"}} for number in range(steps)]
    return scripted(*({"text": "on", "calls": [call]} for call in calls), {"text": "That is all."})


def _port(file: Path) -> str:
    deadline = time.monotonic() + 30
    while not (file.exists() and file.read_text().strip()):
        if time.monotonic() > deadline:
            raise TimeoutError("the scripted model did not start")
        time.sleep(0.02)
    return file.read_text().strip()


async def session_over(events: int, size: int, sandbox: str, model: ModelSettings) -> Session:
    """A session at the end of a recording whose commands are not executed."""
    trajectory = Trajectory.from_bytes(recording(events, size), "stutter.json")
    session = Session(trajectory, Settings(sandbox=sandbox, model=model))
    for index in range(1, len(trajectory), 2):
        session.serve(index, Service.RECORDED)
    session.resume()
    await session.idle()
    return session


async def living(events: int, steps: int, rounds: int, sandbox: str) -> list[Row]:
    """Rounds of live steps beside an idle loop, and the very first of them."""
    idle = Row("an idle loop, for as long", unit="ms")
    first = Row("the first live step, for which a sandbox is loaded and started", unit="ms")
    ours = Row(f"{steps} live steps over {events} events", idle, LIMIT, unit="ms")
    own = Row(OWN, limit=LIMIT, unit="ms")
    try:
        with scripted_model(1) as url:
            await _live(events, sandbox, url, first)
        for _ in range(rounds):
            with scripted_model(steps) as url:
                await _live(events, sandbox, url, ours, own, idle)
    except TrajError as error:
        ours.fault = str(error)
    return [idle, ours, own, first]


async def _live(
    events: int, sandbox: str, url: str, row: Row, own: Row | None = None, idle: Row | None = None
) -> None:
    session = await session_over(events, events * 500, sandbox, ModelSettings("openai/scripted", "none", url))
    try:
        begun = time.perf_counter()
        async with ticking() as ticker:
            session.message("go on")
            await session.idle()
        row.samples.append(ticker.worst)
        if session.failure is not None:
            raise session.failure
        if own is not None:
            own.samples.append(ticker.own)
        if idle is not None:
            await idle_beside(idle, time.perf_counter() - begun)
    finally:
        await session.close()


async def saving(events: int, size: int, rounds: int) -> list[Row]:
    """A large run saved, beside an idle loop."""
    idle = Row("an idle loop, for as long", unit="ms")
    ours = Row(f"a run of {size / 1e6:.0f} MB saved", idle, LIMIT, unit="ms")
    own = Row(OWN, limit=LIMIT, unit="ms")
    session = await session_over(events, size, "recorded", ModelSettings())
    with tempfile.TemporaryDirectory() as name:
        for _ in range(rounds):
            begun = time.perf_counter()
            async with ticking() as ticker:
                await session.save_run(Path(name) / "run.json")
            ours.samples.append(ticker.worst)
            own.samples.append(ticker.own)
            await idle_beside(idle, time.perf_counter() - begun)
    await session.close()
    return [idle, ours, own]


async def measured(chosen: argparse.Namespace) -> list[Row]:
    """Everything."""
    rounds = max(1, chosen.rounds)
    return [
        *await living(chosen.events, chosen.steps, rounds, chosen.sandbox),
        *await saving(chosen.events, chosen.megabytes * 1_000_000, rounds),
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=4_000)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--megabytes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sandbox", default="bubblewrap")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when one is over its limit")
    chosen = parser.parse_args()
    rows = asyncio.run(measured(chosen))
    show(rows)
    return int(chosen.strict and any_over(rows))


if __name__ == "__main__":
    sys.exit(main())
