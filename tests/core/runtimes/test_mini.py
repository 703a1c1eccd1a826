"""mini-swe-agent's runtime: a new process for each command, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.events.actions import RunAction, RunArgs
from trajcore.events.base import Observation
from trajcore.events.observations import RunExtras, RunObservation
from trajcore.runtimes.habits import Habits, Shell
from trajcore.runtimes.mini.runtime import MiniRuntime
from trajcore.runtimes.mini.wording import NOT_EXECUTED, Shape, cut, reworded, said_in, worded
from trajcore.sandbox.base import Limits

pytestmark = [pytest.mark.in_turns]

MARK = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


def habits(**given: Any) -> Habits:
    return Habits(**{"shell": Shell.FRESH, "argv": ("sh", "-c"), "timeout": 20.0, **given})


async def ran(world: Any, command: str, recorded: Observation | None = None, **given: Any) -> RunObservation:
    runtime = MiniRuntime(habits(**given))
    action = RunAction(args=RunArgs(command=command))
    found = await runtime.carry_out(action, recorded, world.sandbox, Limits(hard=20.0), world.emit)
    assert isinstance(found.observation, RunObservation)
    return found.observation


def recorded(content: str, **fields: Any) -> RunObservation:
    return RunObservation(content=content, extras=RunExtras.model_validate({"metadata": {}, **fields}))


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_is_left_of_a_command_but_its_files(world: Any) -> None:
    await world.sandbox.new_shell()
    assert (await ran(world, "cd /tmp; export A=1; f() { :; }; echo x > $OLDPWD/left")).content == ""
    assert (await ran(world, "pwd; echo A=$A; cat left")).content == f"{world.home}\nA=\nx\n"


@pytest.mark.asyncio(loop_scope="module")
async def test_it_is_no_terminal_and_nothing_can_be_read(world: Any) -> None:
    found = await ran(world, "[ -t 1 ] || echo pipe; read x || echo none; echo out; echo err >&2; exit 3")
    assert (found.content, found.extras.metadata.exit_code) == ("pipe\nnone\nout\nerr\n", 3)
    assert not found.success


@pytest.mark.asyncio(loop_scope="module")
async def test_shell_directory_and_variables_are_those_of_the_recording(world: Any) -> None:
    given = {"argv": ("bash", "-lc"), "directory": "/tmp", "environment": (("P", "a b'c"), ("Q", ""))}
    found = await ran(world, 'pwd; echo "$P-${Q-unset}-$0"; shopt -q login_shell && echo login', **given)
    assert found.content == "/tmp\na b'c--bash\nlogin\n"
    missing = await ran(world, "pwd", directory="/not/there")
    assert missing.extras.metadata.exit_code == 1
    assert "/not/there" in missing.content


@pytest.mark.asyncio(loop_scope="module")
async def test_what_takes_too_long_is_killed_and_the_next_begins_anew(world: Any) -> None:
    command = "echo before; sleep 31; echo after; echo late > late"
    found = await ran(world, command, timeout=1.5)
    assert (found.content, found.extras.metadata.exit_code) == ("before\n", -1)
    told = f"An error occurred while executing the command: Command {command!r} timed out after 1.5 seconds"
    assert getattr(found.extras, "exception_info", "") == told
    assert (await ran(world, "pgrep -fx 'sleep 31' || echo gone; ls late || pwd")).content.startswith(
        "gone\n"
    )


@pytest.mark.asyncio(loop_scope="module")
async def test_a_submission_is_answered_as_it_was(world: Any) -> None:
    placeholder = recorded("", exception_info=NOT_EXECUTED)
    found = await ran(world, f"{MARK}; echo patch", placeholder)
    assert (found.content, found.extras.metadata.exit_code) == ("", -1)
    failed = await ran(world, f"{MARK}; false", placeholder)
    assert (failed.content, failed.extras.metadata.exit_code) == (f"{MARK[5:]}\n", 1)
    dropped = await ran(world, f"{MARK}; echo patch")
    assert dropped.content == f"{MARK[5:]}\npatch\n"


@pytest.mark.asyncio(loop_scope="module")
async def test_what_was_cut_is_compared_cut(world: Any) -> None:
    whole = "".join(f"{number}\n" for number in range(1, 4001))
    assert (await ran(world, "seq 1 4000")).content == whole
    assert (await ran(world, "seq 1 4000", recorded(cut(whole), is_cut=True))).content == cut(whole)


# What is said of it

OUTPUTS = st.one_of(
    st.text(max_size=40),
    st.builds(lambda text, size: (text * size)[:size], st.text(min_size=1), st.integers(9_990, 10_010)),
)


@pytest.mark.parametrize("shape", [Shape.JSON, Shape.TAGS])
@given(output=OUTPUTS, code=st.integers(-1, 255), exception=st.sampled_from(["", "Command 'x' timed out"]))
def test_what_is_worded_is_read_back(shape: Shape, output: str, code: int, exception: str) -> None:
    told = said_in(worded(shape, output, code, exception))
    assert told is not None
    assert told == (shape, cut(output), code, exception, len(output) >= 10_000)


@pytest.mark.parametrize("shape", [Shape.JSON, Shape.TAGS])
@given(old=OUTPUTS, new=OUTPUTS, code=st.integers(0, 255))
def test_other_words_for_another_output_are_those_that_it_would_have_had(
    shape: Shape, old: str, new: str, code: int
) -> None:
    content = worded(shape, old, 0)
    told = said_in(content)
    assert told is not None
    was = told._replace(output=old)
    assert reworded(content, new, code, "", was=was, is_whole=True) == worded(shape, new, code)


def test_words_of_its_own_keep_what_they_have_around_an_output() -> None:
    content = "<returncode>0</returncode>\nNote: all went well.\n<output>\nabc\n</output>"
    assert said_in(content) is None
    pretty = '{"output": "abc", "returncode": 0, "hint": "go on"}'
    told = said_in(pretty)
    assert told is not None
    assert reworded(pretty, "x", 2, "", was=told) == '{"output": "x", "returncode": 2, "hint": "go on"}'
