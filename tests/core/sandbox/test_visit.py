"""The user in person in the sandbox."""

from __future__ import annotations

import asyncio

import pytest

from trajcore.errors import Refused
from typist import Typist


async def test_a_visitor_finds_the_shell_as_the_replay_left_it(fresh):
    world = fresh
    await world.run("mkdir -p sub; cd sub; export X=7; y=8; f() { echo called; }; alias hi='echo hello'")
    await world.run("set -e; trap 'echo bye > /tmp/left' EXIT; false || true")
    typist = Typist("echo $X$y-$(pwd | tail -c 4); f; hi; stty size", "false; echo still here", "exit")
    await asyncio.wait_for(world.sandbox.visit(typist), 20)
    for expected in (b"78-sub", b"called", b"hello", b"30 90", b"still here"):
        assert expected in typist.shown, typist.shown
    assert (await world.run("ls /tmp/left || true")).content.startswith("ls: cannot access")


async def test_what_a_visitor_does_stays_and_the_replays_shell_goes_on_as_it_was(fresh):
    world = fresh
    await world.run("cd /; export X=1; (exit 3)")
    typist = Typist("cd /tmp; X=2; echo by hand > /workspace/made || echo by hand > made; exit 5")
    await asyncio.wait_for(world.sandbox.visit(typist), 20)
    answer = await world.run("echo $? $X; pwd; stty size; cat /workspace/made || cat made")
    assert answer.content.split() == ["3", "1", "/", "1000", "1000", "by", "hand"]
    assert answer.extras.metadata.exit_code == 0


async def test_what_is_typed_behind_the_end_of_a_visit_is_dropped(world):
    class Hasty(Typist):
        async def keys(self) -> bytes:
            line = await super().keys()
            return line + b"echo one > /tmp/ahead\n\x04X=9\n" * 3 if b"exit" in line else line

    await world.run("X=1")
    await asyncio.wait_for(world.sandbox.visit(Hasty("exit")), 20)
    assert (await world.run("echo $X; cat /tmp/ahead || true")).content.splitlines()[0] == "1"


async def test_a_visit_ends_when_nothing_more_can_be_typed(world):
    await asyncio.wait_for(world.sandbox.visit(Typist("echo one")), 20)
    assert (await world.run("echo after")).content == "after"


async def test_nobody_is_let_in_while_a_command_runs(world):
    await world.run("cat", limit=0.3)
    with pytest.raises(Refused, match="still runs"):
        await world.sandbox.visit(Typist())
    await world.run("C-c", is_input=True)
