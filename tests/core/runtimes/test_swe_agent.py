"""SWE-agent's shell, its editor and its windowed viewer, in real sandboxes."""

from __future__ import annotations

from typing import Any

import pytest

from trajcore.events.actions import RunAction, RunArgs
from trajcore.events.base import Observation
from trajcore.events.observations import RunExtras, RunObservation
from trajcore.runtimes.habits import Habits
from trajcore.runtimes.swe_agent.calls import call_in
from trajcore.runtimes.swe_agent.runtime import SweAgentRuntime, editor_call
from trajcore.runtimes.swe_agent.windowed import shows_the_same
from trajcore.sandbox.base import Limits

pytestmark = [pytest.mark.in_turns]


def made(**given: Any) -> SweAgentRuntime:
    return SweAgentRuntime(Habits(timeout=20.0, environment=(("PAGER", "a b'c"), ("WINDOW", "4")), **given))


async def ran(
    world: Any, runtime: SweAgentRuntime, command: str, recorded: str | None = None, **more: Any
) -> str:
    action = RunAction(args=RunArgs(command=command), **more)
    told: Observation | None = None
    if recorded is not None:
        told = RunObservation(content=recorded, extras=RunExtras.model_validate({"metadata": {}}))
    found = await runtime.carry_out(action, told, world.sandbox, Limits(hard=20.0), world.emit)
    assert isinstance(found.observation, RunObservation)
    return found.observation.content


@pytest.mark.asyncio(loop_scope="module")
async def test_one_shell_runs_all_and_a_command_that_takes_too_long_leaves_it_as_it_was(world: Any) -> None:
    await world.sandbox.new_shell()
    runtime = made()
    assert await ran(world, runtime, "mkdir -p sub; cd sub; A=1; f() { echo $A $PAGER; }; ls") == ""
    assert (await ran(world, runtime, "f; pwd; pwd -P | grep -c sub")).split("\n")[0] == "1 a b'c"
    said = await ran(world, runtime, "echo before; sleep 30", timeout=1.0)
    assert said.startswith(
        "The command 'echo before; sleep 30' was cancelled because it took more than 1 sec"
    )
    words = "EXECUTION TIMED OUT BECAUSE"
    assert await ran(world, runtime, "sleep 31", words, timeout=1.0) == words
    assert await ran(world, runtime, "f; cd ..") == "1 a b'c\n"


@pytest.mark.asyncio(loop_scope="module")
async def test_its_editor_is_carried_out_and_undo_is_remembered(world: Any) -> None:
    await world.sandbox.new_shell()
    runtime, path = made(), f"{world.home}/it.txt"
    said = await ran(world, runtime, f"str_replace_editor create {path} --file_text 'a\nit'\"'\"'s\n'")
    assert said == f"File created successfully at: {path}\n"
    await ran(world, runtime, f"str_replace_editor str_replace {path}   --old_str 'it'\"'\"'s' --new_str b")
    assert await ran(world, runtime, "cat it.txt") == "a\nb\n"
    shown = await ran(world, runtime, f"str_replace_editor view {path} --view_range 2 2")
    assert shown == f"Here's the result of running `cat -n` on {path}:\n     2\tb\n\n"
    other = made()
    other.recall(runtime.memory())
    await ran(world, other, f"str_replace_editor undo_edit {path}")
    assert await ran(world, runtime, "cat it.txt") == "a\nit's\n"
    assert "No replacement was performed" in await ran(
        world, runtime, f"str_replace_editor str_replace {path} --old_str z --new_str y"
    )


@pytest.mark.asyncio(loop_scope="module")
async def test_its_windowed_tools_are_carried_out_on_the_files(world: Any) -> None:
    await world.sandbox.new_shell()
    runtime = made()
    await ran(world, runtime, f"cd {world.home}; seq 1 9 > n")
    assert await ran(world, runtime, "open n\n") == (
        "[File: n (9 lines total)]\n1:1\n2:2\n3:3\n4:4\n(5 more lines below)"
    )
    said = await ran(world, runtime, "edit 2:3\ntwo\nend_of_edit\n")
    assert said.startswith("File updated. Please review")
    assert f"[File: {world.home}/n (8 lines total)]" in said
    await ran(world, runtime, "edit 'two' '2\n\"3\"'")
    assert (await ran(world, runtime, "head -4 n")) == '1\n2\n"3"\n4\n'
    assert (await ran(world, runtime, "goto 9")).startswith(
        f"[File: {world.home}/n (9 lines total)]\n(5 more"
    )
    refused = "Your proposed edit has introduced new syntax error(s)."
    assert await ran(world, runtime, "edit '9' '10'", refused) == refused
    unfound = "Your edit was not applied (file not modified): not found"
    assert await ran(world, runtime, "edit 'nine' '10'", unfound) == unfound
    assert (await ran(world, runtime, "edit 'nine' '10'", "Text replaced.\n")) == "Text not found: nine"
    assert await ran(world, runtime, "open n 1", "[File: /x/n (10 lines total)]\r\n1:1\r\n") == (
        "[File: /x/n (10 lines total)]\r\n1:1\r\n"
    )
    assert (await ran(world, runtime, "open missing")) == "File missing not found"
    assert (await ran(world, runtime, "create new")).endswith("\n1:")
    await ran(world, runtime, "insert 'x\ny'")
    assert (await ran(world, runtime, "cat new; cat n | tail -1")) == "\nx\ny\n9\n"


def test_a_longer_command_is_no_call_of_a_tool() -> None:
    for command in (
        "open a && ls",
        "cd / && goto 1",
        "goto one",
        "edit 'a",
        "edit a",
        "open a | head",
        "opens x",
    ):
        assert call_in(command) is None
    assert call_in("edit 1:2\nx\nend_of_edit") == ("lines", "1", "2", "x\n")
    assert editor_call("str_replace_editor view /x | head") is None
    assert editor_call("str_replace_editor view /x --odd 1") is None
    assert shows_the_same("1:a\n2:b", "2:b\n3:c")
    assert not shows_the_same("1:a\n2:b", "2:x")
    assert not shows_the_same("nothing", "1:a")
