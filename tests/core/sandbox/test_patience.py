"""Whoever serves files and commands in a world may be stopped, replaced or made to talk for ever."""

from __future__ import annotations

import asyncio
import json
import resource
import time

import pytest

from documents import message, ran, run
from needs import IMAGE
from trajcore.errors import SandboxUnavailable
from trajcore.replay.states import State
from trajcore.sandbox import files
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.sandbox.shell import shell
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.in_turns]

ONE_LINE = r"^[^\n]*[Rr]estart[^\n]*$"
_FALSE = (
    "printf '#!/bin/sh\\n%s\\n' '{does}' >/tmp/false; chmod +x /tmp/false; mv /tmp/false $(command -v {name})"
)
_SIGNAL = """for p in /proc/[0-9]*; do p=${{p#/proc/}}; case $p in 1|$$|$PPID|$BASHPID) continue;; esac
case $(tr '\\0' ' ' </proc/$p/cmdline 2>/dev/null) in *bash*) kill -{signal} $p 2>/dev/null;; esac; done; :"""
REPLACED = [
    "exec sleep 1000",
    "exec yes",
    "echo ready; exec cat",
    *(pytest.param(does, marks=pytest.mark.long) for does in ("exec cat /dev/zero", "exec cat", "exit 0")),
]
MEMORY = 1 << 30
"""Bytes that a torrent may take here at most, in the highest moment of all tests."""


def false(name: str, does: str) -> str:
    """The command that puts another program in the place of one in the world."""
    return _FALSE.format(name=name, does=does)


def to_helpers(signal: str) -> str:
    """The command that sends a signal to each bash but the first process, this shell, and what it is in."""
    return _SIGNAL.format(signal=signal)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_PATIENCE", 2.0)


def resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("does", REPLACED)
@pytest.mark.sampled(2)
async def test_a_false_bash_in_the_helpers_place_is_an_end_and_no_hang(fresh, does: str) -> None:
    await fresh.out("echo 1 > /tmp/x")
    await fresh.run(f"{false('bash', does)}; {to_helpers('KILL')}")
    for _ in range(2):
        async with asyncio.timeout(20):
            with pytest.raises(SandboxUnavailable, match=ONE_LINE):
                await fresh.sandbox.files.read("/tmp/x")
    assert resident() < MEMORY


async def test_a_helper_that_is_stopped_is_replaced_where_the_world_can_be_entered_again(fresh) -> None:
    await fresh.out("echo 1 > /tmp/x")
    await fresh.out(to_helpers("STOP"))
    async with asyncio.timeout(20):
        if fresh.kind == "docker":
            assert await fresh.sandbox.files.read("/tmp/x") == b"1\n"
            await fresh.sandbox.files.write("/tmp/y", b"y" * 300_000)
            assert (await fresh.sandbox.files.kind("/tmp/y")).size == 300_000
        else:
            with pytest.raises(SandboxUnavailable, match=ONE_LINE):
                await fresh.sandbox.files.read("/tmp/x")
    assert await fresh.ends("echo hi") == (0, "hi")


@pytest.mark.parametrize("name", ["base64", "head"])
async def test_what_begins_and_does_not_end_has_the_runs_limit(build, name: str) -> None:
    sandbox = build(limits=Limits(hard=3.0))
    await sandbox.start(lambda _: None)
    await sandbox.files.write("/tmp/x", b"1")
    await sandbox.files.output(false(name, "exec sleep 1000"))
    served = sandbox.files
    asking = served.read("/tmp/x") if name == "base64" else served.write("/tmp/x", b"x" * 1_000_000)
    async with asyncio.timeout(20):
        with pytest.raises(SandboxUnavailable, match=r"within 3 seconds\. Restart"):
            await asking


async def test_a_request_that_was_cancelled_may_go_on_for_longer_than_a_helper_is_given(fresh) -> None:
    asking = asyncio.ensure_future(fresh.sandbox.files.output("sleep 4; echo slow"))
    while not await fresh.out("pgrep -x sleep || :"):
        await asyncio.sleep(0.05)
    asking.cancel()
    await asyncio.wait([asking])
    assert (await fresh.sandbox.files.kind("/tmp")).name == "directory"


async def test_typing_what_no_program_reads_is_said_and_does_not_hang(fresh) -> None:
    assert (await fresh.ends("sleep 1000"))[0] == -1
    async with asyncio.timeout(30):
        code, output = await fresh.ends("x\n" * 200_000, is_input=True)
    assert code == -1
    assert "the rest of it was dropped" in output
    running = asyncio.ensure_future(fresh.run("", is_input=True))
    await asyncio.sleep(0)
    await fresh.sandbox.interrupt()
    async with asyncio.timeout(30):
        await running


async def test_a_long_command_for_a_shell_that_is_stopped(fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "_TYPING_PATIENCE", 2.0)
    monkeypatch.setattr(shell, "_START_PATIENCE", 5.0)
    shells = "kill -STOP $PPID $$"
    await fresh.out(f"( sleep 0.3; {shells}; touch /tmp/stopped ) & :")
    while (await fresh.sandbox.files.kind("/tmp/stopped")).name == "missing":
        await asyncio.sleep(0.05)
    async with asyncio.timeout(40):  # in bubblewrap the first process cannot be stopped, and starts another
        await fresh.run(f"echo on; : '{'x' * 1_000_000}'")
        assert await fresh.ends("echo hi") == (0, "hi")


@pytest.mark.parametrize("does", ["exec yes", "exec cat /dev/zero", "exec sleep 1000"])
@pytest.mark.sampled(2)
async def test_a_false_bash_in_the_shells_place(fresh, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    """It is given up in time, its torrent is not kept, and the event loop goes on meanwhile."""
    monkeypatch.setattr(shell, "_START_PATIENCE", 3.0)
    beats: list[float] = []

    async def beat() -> None:
        while True:
            beats.append(time.monotonic())
            await asyncio.sleep(0.02)

    beating = asyncio.ensure_future(beat())
    async with asyncio.timeout(40):
        with pytest.raises(SandboxUnavailable, match=ONE_LINE):
            await fresh.run(f"{false('bash', does)}; exit 3")
    beating.cancel()
    assert len(beats) > 10
    assert resident() < MEMORY


@pytest.mark.parametrize("kind", [pytest.param("docker", marks=pytest.mark.docker),
                                  pytest.param("bubblewrap", marks=pytest.mark.bubblewrap)])  # fmt: skip
@pytest.mark.parametrize("action", ["read", "write", "edit"])
async def test_a_session_outlives_the_world_that_no_longer_serves_files(kind: str, action: str) -> None:
    events = [message(0, "do it"), run(1, "echo on"), ran(2, 1, "on")]
    hostile = f"{false('bash', 'exec sleep 1000')}; {to_helpers('KILL')}"
    events += [run(3, hostile), ran(4, 3)]
    args = {"path": "/tmp/x", "content": "1", "command": "create", "file_text": "1", "impl_source": "oh_aci"}
    wanted = {
        "read": ["path"],
        "write": ["path", "content"],
        "edit": ["path", "command", "file_text", "impl_source"],
    }
    events.append({"id": 5, "source": "agent", "action": action,
                   "args": {name: args[name] for name in wanted[action]}})  # fmt: skip
    world = SandboxSettings(image=IMAGE, limits=Limits(no_change=1.5, hard=20.0))
    session = Session(Trajectory.from_bytes(json.dumps(events).encode()), Settings(kind, world))
    try:
        session.resume()
        async with asyncio.timeout(60):
            await session.idle()
        assert session.state is State.ERROR
        assert "estart" in str(session.failure)
        assert "\n" not in str(session.failure)
        session.restart()
        await session.idle()
        session.run_to(3)
        await session.idle()
        assert [result.status.value for result in session.results.values()] == ["matched"]
    finally:
        await session.close()
