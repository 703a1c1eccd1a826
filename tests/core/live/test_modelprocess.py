"""The process in which models are asked: it never holds up who asks, and no end of it goes unseen."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trajcore.live.modelprocess import Gone, ModelProcess

SERVER = """
import asyncio, json, os, signal, sys, time
import trajcore.live.serving as serving

class Library:
    class in_memory_llm_clients_cache:
        def flush_cache(): pass
    async def close_litellm_async_clients(): pass

async def answer(litellm, request, tell):
    {answer}

serving.library = {library}
serving.answer = answer
serving.main()
"""
"""The real server, with a library that is not there."""

BIG = {"messages": [{"role": "user", "content": "x" * 100_000}] * 100}


def command(answer: str, library: str = "lambda: Library") -> list[str]:
    return [sys.executable, "-P", "-c", SERVER.format(answer=answer, library=library)]


@contextmanager
def process(answer: str, library: str = "lambda: Library") -> Iterator[ModelProcess]:
    made = ModelProcess(command(answer, library))
    try:
        yield made
    finally:
        made.stop()


async def frames(made: ModelProcess, **request: object) -> list[dict[str, object]]:
    return [frame async for frame in made.ask(request)]


async def test_it_says_when_it_can_ask_at_once() -> None:
    slow = "lambda: (time.sleep(0.3), Library)[1]"
    with process("tell({'ended': 'stop'})", slow) as made:
        begun = time.monotonic()
        await made.ready()
        assert time.monotonic() - begun > 0.3
        assert await frames(made) == [{"ended": "stop"}]
    with process("tell({'ended': 'stop'})", "lambda: 1 / 0") as made:
        await made.ready()
        assert "failed" in (await frames(made))[-1]
    with process("os._exit(3)", "lambda: os._exit(3)") as made, pytest.raises(Gone):
        await made.ready()


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has asked after yet counts as well."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while not is_gone(pid):
            await asyncio.sleep(0.01)


async def cancelled(made: ModelProcess, **request: object) -> float:
    """Ask, cancel when the first frame has come, and say how long that took."""
    come = asyncio.Event()

    async def ask() -> None:
        async for _ in made.ask(request):
            come.set()

    asking = asyncio.create_task(ask())
    async with asyncio.timeout(30):
        await come.wait()
    begun = time.monotonic()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    return time.monotonic() - begun


async def test_frames_come_in_order_and_the_last_ends_it() -> None:
    many = "[tell({'text': str(n)}) for n in range(2000)]; tell({'ended': 'stop'})"
    with process(many) as made:
        found = await frames(made)
    assert [frame.get("text") for frame in found[:-1]] == [str(n) for n in range(2000)]
    assert found[-1] == {"ended": "stop"}


async def test_several_are_asked_at_a_time() -> None:
    with process("await asyncio.sleep(request['wait']); tell({'ended': request['wait']})") as made:
        slow, fast = asyncio.create_task(frames(made, wait=0.2)), asyncio.create_task(frames(made, wait=0.0))
        assert await fast == [{"ended": 0.0}]
        assert not slow.done()
        assert await slow == [{"ended": 0.2}]


async def test_it_is_started_once_and_at_once() -> None:
    with process("tell({'ended': 'stop'})") as made:
        assert made.pid is None
        begun = time.monotonic()
        made.start()
        made.start()
        assert time.monotonic() - begun < 0.1
        await frames(made)
        pid = made.pid
        made.start()
        await frames(made)
        assert made.pid == pid


async def test_what_fails_there_is_told_as_facts() -> None:
    with process("raise ValueError('no such thing')") as made:
        (found,) = await frames(made)
    assert found == {
        "failed": {"kinds": ["ValueError"], "status": None, "text": "no such thing", "wait": None}
    }


async def test_a_library_that_cannot_be_imported_is_told_as_well() -> None:
    with process("pass", "lambda: __import__('no_such_module')") as made:
        (found,) = await frames(made)
    assert found["failed"]["kinds"] == ["ModuleNotFoundError"]  # type: ignore[index]


async def test_a_request_is_ended_while_the_library_is_imported() -> None:
    with process("tell({'ended': 'stop'})", "lambda: time.sleep(2) or Library") as made:
        asking = asyncio.create_task(frames(made))
        while made.pid is None:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        pid = made.pid
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await frames(made) == [{"ended": "stop"}]
        assert made.pid == pid, "what had been imported was thrown away"


async def test_a_cancelled_request_ends_there(tmp_path: Path) -> None:
    answer = """
    tell({'text': 'x'})
    try:
        await asyncio.sleep(request.get('wait', 60))
    except asyncio.CancelledError:
        open(request['file'], 'w').close()
        raise
    tell({'ended': 'stop'})
"""
    file = tmp_path / "ended-there"
    with process(answer.strip()) as made:
        assert await cancelled(made, file=str(file)) < 0.5
        assert file.exists()
        pid = made.pid
        assert (await frames(made, wait=0))[-1] == {"ended": "stop"}
        assert made.pid == pid


async def test_a_request_that_is_cancelled_while_it_is_written_is_never_made(tmp_path: Path) -> None:
    made_file = tmp_path / "made"
    with process("open(request['file'], 'w').close(); tell({'ended': 'stop'})") as made:
        await frames(made, file=str(tmp_path / "first"))
        for wait in (0, 0, 0.001, 0.005):
            asking = asyncio.create_task(frames(made, file=str(made_file), **BIG))
            await asyncio.sleep(wait)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            made_file.unlink(missing_ok=True)
        await asyncio.sleep(0.3)
        await frames(made, file=str(tmp_path / "last"))
        assert not made_file.exists()


async def test_one_that_hangs_is_killed_and_the_next_is_a_new_one() -> None:
    with process("tell({'text': 'x'}); time.sleep(request.get('hang', 0)); tell({'ended': 'stop'})") as made:
        await frames(made)
        pid = made.pid
        assert pid is not None
        assert await cancelled(made, hang=600) < 1.5
        await until_gone(pid)
        assert (await frames(made))[-1] == {"ended": "stop"}
        assert made.pid != pid


@pytest.mark.parametrize(
    ("end", "how"),
    [
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            "was killed, perhaps because the machine had no memory left",
        ),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "ended by signal 11 (SIGSEGV)"),
        ("os._exit(3)", "has ended by itself (exit code 3)"),
    ],
)
async def test_its_end_while_a_reply_comes_is_one_plain_line(end: str, how: str) -> None:
    answer = f"tell({{'text': 'x'}}); {end} if request.get('die') else tell({{'ended': 'stop'}})"
    with process(answer) as made:
        with pytest.raises(Gone) as caught:
            await frames(made, die=True)
        assert how in str(caught.value)
        assert "next message" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert (await frames(made))[-1] == {"ended": "stop"}


async def test_one_that_cannot_be_started_says_so() -> None:
    made = ModelProcess(["/no/such/python"])
    with pytest.raises(Gone, match="cannot be started"):
        await frames(made)


async def test_one_that_says_something_else_is_not_believed() -> None:
    made = ModelProcess([sys.executable, "-c", "print('Hello!', flush=True); import time; time.sleep(60)"])
    with pytest.raises(Gone):
        await frames(made)


async def test_a_long_request_to_one_that_does_not_read_holds_up_nobody() -> None:
    made = ModelProcess([sys.executable, "-c", "import time; time.sleep(600)"])
    asking = asyncio.create_task(frames(made, **BIG))
    for _ in range(40):
        await asyncio.sleep(0.01)
    assert not asking.done()
    asking.cancel()
    begun = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert time.monotonic() - begun < 1.5
    made.stop()


async def test_a_flood_of_frames_leaves_others_their_turns() -> None:
    with process("[tell({'text': 'x'}) for n in range(50_000)]; tell({'ended': 'stop'})") as made:
        asking = asyncio.create_task(frames(made))
        turns = 0
        while not asking.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 20
        assert len(await asking) == 50_001


async def test_a_new_event_loop_asks_the_same_process() -> None:
    with process("tell({'ended': os.getpid()})") as made:
        here = await frames(made)
        there = await asyncio.to_thread(lambda: asyncio.run(frames(made)))
    assert here == there


async def test_closing_connections_is_confirmed_and_needs_no_process() -> None:
    with process("tell({'ended': 'stop'})") as made:
        await made.close_connections()
        assert made.pid is None
        await frames(made)
        pid = made.pid
        await made.close_connections()
        assert made.pid == pid


PROGRAM = """
import asyncio, json, os, sys, time
from trajcore.live.modelprocess import ModelProcess

async def main():
    made = ModelProcess(json.loads(sys.argv[1]))
    async for frame in made.ask({"messages": []}):
        print(made.pid, flush=True)
        if sys.argv[2] == "leave":
            return
        await asyncio.sleep(60)

asyncio.run(main())
"""
HANGS = "tell({'text': 'x'}); time.sleep(600)"
WAITS = "tell({'text': 'x'}); await asyncio.sleep(600)"


@pytest.mark.parametrize("answer", [WAITS, HANGS], ids=["waits", "hangs"])
async def test_it_ends_with_a_program_that_is_killed(answer: str) -> None:
    arguments = [sys.executable, "-c", PROGRAM, json.dumps(command(answer)), "stay"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        assert not is_gone(pid)
        program.kill()
        await until_gone(pid)


@pytest.mark.parametrize("answer", [WAITS, HANGS], ids=["waits", "hangs"])
async def test_it_ends_with_a_program_that_leaves(answer: str) -> None:
    arguments = [sys.executable, "-c", PROGRAM, json.dumps(command(answer)), "leave"]
    done = await asyncio.to_thread(subprocess.run, arguments, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert is_gone(int(done.stdout))


async def test_the_keys_of_the_terminal_do_not_reach_it() -> None:
    with process("tell({'ended': os.getpgid(0) == os.getpid() == os.getsid(0)})") as made:
        assert await frames(made) == [{"ended": True}]


async def test_the_key_is_in_no_argument_and_nothing_is_printed_by_what_runs_there() -> None:
    said = "print('loud'); os.write(1, b'loud'); os.write(2, b'loud'); sys.stdin.read()"
    told = "tell({'ended': [request['key'], open('/proc/self/cmdline').read()]})"
    with process(f"{said}; {told}") as made:
        (found,) = await frames(made, key="sk-0123456789")
    key, arguments = found["ended"]  # type: ignore[misc]
    assert key == "sk-0123456789"
    assert key not in arguments


async def test_nothing_is_left_of_one_that_has_ended() -> None:
    with process("tell({'pid': os.getpid()}); await asyncio.sleep(0.05); os._exit(1)") as made:
        found = made.ask({})
        pid = (await anext(found))["pid"]
        with pytest.raises(Gone):
            await anext(found)
        assert not Path(f"/proc/{pid}").exists()
