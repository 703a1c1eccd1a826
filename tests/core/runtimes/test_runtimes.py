"""What every runtime keeps to, and the two that word nothing of their own: plain, and the recorded one."""

from __future__ import annotations

import pytest

from trajcore.errors import BadInput, Refused
from trajcore.events.actions import (
    BrowseAction,
    BrowseArgs,
    EditAction,
    EditArgs,
    ReadAction,
    ReadArgs,
    RunAction,
    RunArgs,
    RunIpythonAction,
    RunIpythonArgs,
    WriteAction,
    WriteArgs,
)
from trajcore.events.base import Action, Observation
from trajcore.events.observations import CommandMetadata, RunExtras, RunObservation
from trajcore.runtimes.base import Answered
from trajcore.runtimes.plain import PlainRuntime
from trajcore.runtimes.recorded import RecordedRuntime
from trajcore.runtimes.registry import RUNTIMES, make_runtime, register_runtime
from trajcore.sandbox.base import Limits, Outcome
from trajcore.sandbox.recorded import RecordedSandbox

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.in_turns]


@pytest.fixture(scope="module")
def world(everywhere):
    return everywhere


async def answered(world, action: Action, recorded: Observation | None = None) -> Answered:
    return await PlainRuntime().carry_out(
        action, recorded, world.sandbox, Limits(no_change=1.0, hard=20.0), world.emit
    )


async def test_plain_answers_with_output_and_exit_code_alone(world) -> None:
    found = await answered(world, RunAction(args=RunArgs(command="printf ' a\\n\\n'; (exit 3)")))
    assert isinstance(found.observation, RunObservation)
    metadata = found.observation.extras.metadata
    assert (found.observation.content, metadata.exit_code) == (" a\n\n", 3)
    assert (metadata.prefix, metadata.suffix) == ("", "")
    assert isinstance(found.outcome, Outcome)
    assert metadata.working_dir == found.outcome.directory == world.home


async def test_plain_types_into_a_command_that_still_runs(world) -> None:
    still = await answered(world, RunAction(args=RunArgs(command="read -r word; echo got $word")))
    assert still.observation is not None
    assert still.observation.extras.metadata.exit_code == -1
    ended = await answered(world, RunAction(args=RunArgs(command="it")))
    assert ended.observation is not None
    assert ended.observation.content.strip() == "got it"


async def test_plain_reads_writes_and_says_what_cannot_be_done(world) -> None:
    await answered(world, WriteAction(args=WriteArgs(path="plain/f", content="a\nb\nc\n")))
    read = await answered(world, ReadAction(args=ReadArgs(path="plain/f", start=1, end=2)))
    assert read.observation is not None
    assert read.observation.content == "b\n"
    missing = await answered(world, ReadAction(args=ReadArgs(path="plain/g")))
    assert missing.observation is not None
    assert missing.observation.content == f"No such file or directory: {world.home}/plain/g"
    cell = await answered(world, RunIpythonAction(args=RunIpythonArgs(code="print(1 + 1)")))
    assert cell.observation is None or cell.observation.content == "2\n"
    edit = await answered(world, EditAction(args=EditArgs(path="plain/f", command="create", file_text="x")))
    assert (edit.observation, edit.reason) == (None, "this sandbox cannot execute edit")


@pytest.mark.parametrize("name", ["openhands", "openhands_v1", "plain"])
async def test_a_kind_that_is_not_carried_out_has_a_reason_instead(world, name: str) -> None:
    runtime = make_runtime(name)
    action = BrowseAction(args=BrowseArgs(url="about:blank"))
    found = await runtime.carry_out(action, None, world.sandbox, Limits(), world.emit)
    assert action.action not in runtime.kinds
    assert (found.observation, found.reason) == (None, "this sandbox cannot execute browse")


async def test_where_nothing_is_executed_what_was_recorded_is_the_answer() -> None:
    recorded = RunObservation(content="as it was", extras=RunExtras(command="", metadata=CommandMetadata()))
    emitted: list[bytes] = []
    action = RunAction(args=RunArgs(command="rm -rf /"))
    found = await RecordedRuntime().carry_out(action, recorded, RecordedSandbox(), Limits(), emitted.append)
    assert found.observation is recorded
    assert emitted == [b"as it was\n"]
    nothing = await RecordedRuntime().carry_out(action, None, RecordedSandbox(), Limits(), emitted.append)
    assert (nothing.observation, nothing.reason) == (None, "this sandbox cannot execute run")


async def test_a_recorded_sandbox_executes_nothing() -> None:
    with pytest.raises(Refused, match="nothing is executed"):
        await PlainRuntime().carry_out(
            RunAction(args=RunArgs(command="true")), None, RecordedSandbox(), Limits(), lambda _: None
        )


async def test_a_runtime_is_made_by_its_name_and_scripts_may_add_some() -> None:
    assert isinstance(make_runtime("plain"), PlainRuntime)
    register_runtime("mine", lambda habits: RecordedRuntime())
    assert isinstance(make_runtime("mine"), RecordedRuntime)
    RUNTIMES.unregister("mine")
    with pytest.raises(
        BadInput,
        match="there is no runtime 'none': there are openhands, openhands_v1, mini, swe_agent, plain",
    ):
        make_runtime("none")
