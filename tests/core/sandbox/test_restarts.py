"""Shells and sandboxes that end, on their own or by force."""

import asyncio
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from acting import execute
from trajcore.errors import SandboxUnavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("command", "expected"),
    [("exit 3", 3), ("kill -9 $$", 137), ("exec true", 0), ("exec sh -c 'exit 5'", 5), ("set -e; false", 1)],
)
async def test_a_shell_that_ends_is_replaced(world, command: str, expected: int) -> None:
    await world.out("cd /tmp; here=1; sleep 60 & echo kept > /tmp/kept")
    started = time.monotonic()
    observation = await world.run(command)
    assert time.monotonic() - started < 2
    assert observation.extras.metadata.exit_code == expected
    assert "It ended the shell" in observation.extras.metadata.suffix
    assert observation.extras.metadata.working_dir == "/workspace"
    assert await world.ends('pwd; echo "[$here]"; cat /tmp/kept') == (0, "/workspace\n[]\nkept")


async def test_job_control_still_works_after_five_restarts(world) -> None:
    for number in range(5):
        assert (await world.run(f"exit {number}")).extras.metadata.exit_code == number
    running = asyncio.ensure_future(world.run("sleep 60"))
    await asyncio.sleep(0.2)
    await world.sandbox.interrupt()
    assert (await running).extras.metadata.exit_code == 130
    assert (await world.run("sleep 60 &")).content.startswith("[1] ")


async def read_back(fresh) -> bytes:
    """In docker the helper that reads files is replaced; bubblewrap cannot enter its world again."""
    if fresh.kind == "docker":
        return await fresh.sandbox.files.read("/tmp/x")
    with pytest.raises(SandboxUnavailable, match="Restart it"):
        await fresh.sandbox.files.read("/tmp/x")
    return b"1"


async def test_killing_everything_inside(fresh) -> None:
    await fresh.sandbox.files.write("/tmp/x", b"1")
    await fresh.run("kill -9 -1", limit=10)
    assert await fresh.ends("echo hi") == (0, "hi")
    assert await read_back(fresh) == b"1"


async def test_killing_the_helper_inside(fresh) -> None:
    await fresh.sandbox.files.write("/tmp/x", b"1")
    await fresh.run(
        "cd /proc; for p in [0-9]*; do [[ $p == 1 || $p == $PPID || $p == $$ ]] || kill -9 $p; done"
    )
    assert await fresh.ends("echo hi") == (0, "hi")
    assert await read_back(fresh) == b"1"


def kill_from_outside(fresh) -> None:
    if fresh.kind == "docker":
        subprocess.run(
            ["docker", "kill", fresh.sandbox._machine._container.id], check=True, capture_output=True
        )
    else:
        os.kill(fresh.sandbox._machine._entered.pid, signal.SIGKILL)


async def test_a_sandbox_killed_behind_our_back(fresh) -> None:
    await fresh.out("echo hi")
    kill_from_outside(fresh)
    await asyncio.sleep(0.2)
    with pytest.raises(SandboxUnavailable, match=r"^[^\n]*[Rr]estart[^\n]*$"):
        await fresh.run("echo hi")
    await fresh.sandbox.close()


async def test_a_sandbox_killed_while_a_command_runs(fresh) -> None:
    running = asyncio.ensure_future(fresh.run("sleep 60", blocking=True))
    await asyncio.sleep(0.3)
    kill_from_outside(fresh)
    with pytest.raises(SandboxUnavailable):
        await asyncio.wait_for(running, 15)


def traces() -> set[str]:
    containers = subprocess.run(
        ["docker", "ps", "-aq", "--filter", f"label=trajtui.pid={os.getpid()}"],
        capture_output=True,
        text=True,
    ).stdout.split()
    return set(containers) | {
        str(path) for path in Path(tempfile.gettempdir()).glob(f"trajtui-{os.getpid()}-*")
    }


async def test_closing_removes_every_trace_even_while_a_command_runs(build) -> None:
    before = traces()
    sandbox = build()
    await sandbox.start(lambda _: None)
    assert traces() - before
    from trajcore.events.actions import RunAction, RunArgs

    running = asyncio.ensure_future(
        execute(sandbox, RunAction(args=RunArgs(command="mkdir -m 0 a; sleep 60")), None, lambda _: None)
    )
    await asyncio.sleep(0.3)
    running.cancel()
    await sandbox.close()
    await sandbox.close()
    assert traces() == before
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("delay", [0.0, 0.005, 0.02, 0.2, 0.4])
async def test_a_cancelled_start_leaves_nothing(build, delay: float) -> None:
    before = traces()
    sandbox = build()
    starting = asyncio.ensure_future(sandbox.start(lambda _: None))
    await asyncio.sleep(delay)
    starting.cancel()
    await asyncio.wait([starting])
    if not starting.cancelled():
        await sandbox.close()
    assert traces() == before


async def test_closing_what_never_started(build) -> None:
    await build().close()
