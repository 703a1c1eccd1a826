"""What OpenHands 0.62's own replay gets wrong, kind by kind: here each of them works.

The rows are those of a study of its replay manager and controller; every test is named after what a
recording holds.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from trajcore import notices
from trajcore.live.budget import Budget
from trajcore.replay.run import Status
from trajcore.replay.states import Mode, State
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

Event = dict[str, Any]


class Recording:
    """Builds a recording, one event after the other; ids count up."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, source: str | None, **event: Any) -> int:
        id = len(self.events)
        self.events.append({"id": id, **({"source": source} if source else {}), **event})
        return id

    def user(self, text: str) -> int:
        return self.add("user", action="message", args={"content": text, "wait_for_response": False})

    def say(self, text: str, *, wait: bool = False) -> int:
        return self.add("agent", action="message", args={"content": text, "wait_for_response": wait})

    def run(self, command: str, output: str = "", code: int = 0, **args: Any) -> int:
        id = self.add("agent", action="run", args={"command": command, **args})
        self.answer(id, output, code)
        return id

    def answer(self, cause: int, output: str = "", code: int = 0) -> int:
        extras = {"command": "", "metadata": {"exit_code": code}}
        return self.add("agent", observation="run", cause=cause, content=output, extras=extras)

    def finish(self, text: str = "done") -> int:
        return self.add("agent", action="finish", args={"final_thought": text, "outputs": {}, "thought": ""})

    def session(self, sandbox: str = "bubblewrap", **settings: Any) -> Session:
        trajectory = Trajectory.from_bytes(json.dumps(self.events).encode(), "recording.json")
        world = SandboxSettings(limits=Limits(no_change=3.0, hard=20.0))
        return Session(trajectory, Settings(sandbox=sandbox, world=world, **settings))


@pytest.fixture
def recording() -> Recording:
    return Recording()


@pytest.fixture
async def replay() -> AsyncIterator[Any]:
    """Replays a recording to its end, without a model, within a bound."""
    sessions: list[Session] = []

    async def replayed(recording: Recording, sandbox: str = "bubblewrap", **settings: Any) -> Session:
        session = recording.session(sandbox, **settings)
        sessions.append(session)
        session.resume()
        await asyncio.wait_for(session.idle(), 60)
        assert session.failure is None
        assert not session.run.has_live_steps
        return session

    yield replayed
    for session in sessions:
        await session.close()


def ids(session: Session) -> list[int]:
    return [entry.id for entry in session.run.entries]


def statuses(session: Session) -> list[str]:
    return [result.status.value for result in session.run.results.values()]


pytestmark = pytest.mark.bubblewrap


async def test_11_1_a_recording_that_begins_with_a_system_event(recording: Recording, replay: Any) -> None:
    recording.add("agent", action="system", args={"content": "You are …", "tools": []})
    recording.user("go")
    recording.run("echo hi", "hi")
    recording.finish()
    session = await replay(recording)
    assert (session.state, statuses(session)) == (State.FINISHED, ["matched"])


async def test_11_2_recalls_are_not_multiplied_from_replay_to_replay(
    recording: Recording, replay: Any, tmp_path: Path
) -> None:
    recording.user("go")
    recall = recording.add("user", action="recall", args={"recall_type": "workspace_context", "query": "go"})
    extras = {"recall_type": "workspace_context", "working_dir": "/workspace"}
    recording.add("environment", observation="recall", cause=recall, content="Added", extras=extras)
    recording.add("user", action="recall", args={"recall_type": "knowledge", "query": "go"})
    recording.run("echo hi", "hi")
    recording.finish()
    session = await replay(recording)
    saved = []
    for generation in range(3):
        path = await session.save_run(tmp_path / f"{generation}.json")
        saved.append(json.loads(path.read_bytes()))
        again = Recording()
        again.events = saved[-1]
        session = await replay(again)
    kinds = [[event.get("action") or event.get("observation") for event in events] for events in saved]
    assert kinds[0] == kinds[1] == kinds[2]
    assert [event["id"] for event in saved[2]] == [event["id"] for event in recording.events]


@pytest.mark.parametrize("ending", ["finish", "reject"])
async def test_11_3_a_finish_in_the_middle(recording: Recording, replay: Any, ending: str) -> None:
    recording.user("go")
    recording.add("agent", action=ending, args={"outputs": {}})
    recording.user("and then?")
    recording.run("echo more", "more")
    recording.finish()
    session = await replay(recording)
    assert (session.state, statuses(session)) == (State.FINISHED, ["matched"])
    assert ids(session) == list(range(len(recording.events)))


async def test_11_4_more_actions_than_max_iterations(recording: Recording, replay: Any) -> None:
    for number in range(5):
        recording.run(f"echo {number}", str(number))
    session = await replay(recording, budget=Budget(2))
    assert statuses(session) == ["matched"] * 5


async def test_11_5_a_command_that_is_polled(recording: Recording, replay: Any) -> None:
    for _ in range(6):
        recording.run("echo waiting", "waiting")
    session = await replay(recording)
    assert statuses(session) == ["matched"] * 6


async def test_11_6_a_question_with_an_observation_behind_it(recording: Recording, replay: Any) -> None:
    recording.user("go")
    question = recording.say("Shall I?", wait=True)
    recording.add("environment", observation="null", cause=question, content="", extras={})
    session = await replay(recording, "recorded")
    assert (session.state, session.mode) == (State.AWAITING_INPUT, Mode.LIVE)


@pytest.mark.parametrize("state", ["running", "paused", "stopped", "user_confirmed", "init", "no such state"])
async def test_11_7_the_user_changed_the_agents_state(recording: Recording, replay: Any, state: str) -> None:
    recording.user("go")
    recording.add("user", action="change_agent_state", args={"agent_state": state})
    recording.run("echo after", "after")
    recording.finish()
    session = await replay(recording, "recorded")
    assert (session.state, len(session.run.results)) == (State.FINISHED, 1)


async def test_11_8_null_a_second_system_a_recall_by_the_agent_and_a_hidden_run(
    recording: Recording, replay: Any
) -> None:
    recording.user("go")
    recording.add("agent", action="null", args={})
    recording.add("agent", action="system", args={"content": "again"})
    recording.add("agent", action="recall", args={"recall_type": "workspace_context", "query": ""})
    hidden = recording.add("environment", action="run", args={"command": "touch made", "hidden": True})
    recording.answer(hidden)
    recording.run("ls", "", hidden=True)
    recording.finish()
    session = await replay(recording)
    assert session.state is State.FINISHED
    assert statuses(session) == ["matched"]
    assert ids(session) == list(range(len(recording.events)))


async def test_11_9_a_message_typed_while_a_command_runs(recording: Recording) -> None:
    recording.user("go")
    recording.run("sleep 0.5; echo one", "one")
    recording.run("echo two", "two")
    session = recording.session()
    typed = asyncio.Event()

    def type_while_it_runs(change: notices.Notice) -> None:
        if isinstance(change, notices.Executing) and not typed.is_set():
            typed.set()
            session.message("hurry up")

    session.subscribe(type_while_it_runs)
    session.resume()
    await session.idle()
    await session.close()
    heads = [(entry.head.kind, entry.head.source) for entry in session.run.entries]
    agent = ("run", "agent")
    assert heads == [("message", "user"), agent, agent, ("message", "user"), agent, agent]
    assert session.run.entries[3].data()["args"]["content"] == "hurry up"


async def test_11_10_a_recording_in_confirmation_mode(recording: Recording, replay: Any) -> None:
    recording.user("go")
    command = "echo once >> log; cat log"
    recording.add(
        "agent", action="run", args={"command": command, "confirmation_state": "awaiting_confirmation"}
    )
    recording.add("user", action="change_agent_state", args={"agent_state": "user_confirmed"})
    recording.run(command, "once", confirmation_state="confirmed")
    recording.add(
        "agent", action="run", args={"command": "rm log", "confirmation_state": "awaiting_confirmation"}
    )
    recording.add("user", action="change_agent_state", args={"agent_state": "user_rejected"})
    refused = recording.add(
        "agent", action="run", args={"command": "rm log", "confirmation_state": "rejected"}
    )
    recording.add("agent", observation="user_rejected", cause=refused, content="rejected", extras={})
    recording.run("cat log", "once")
    session = await replay(recording)
    assert statuses(session) == ["skipped", "matched", "skipped", "recorded", "matched"]


async def test_11_11_a_delegation_in_a_delegation(recording: Recording, replay: Any) -> None:
    recording.user("go")
    recording.add("agent", action="delegate", args={"agent": "Outer", "inputs": {"task": "outer"}})
    recording.user("TASK: outer")
    recording.run("echo outer >> log", "")
    recording.add("agent", action="delegate", args={"agent": "Inner", "inputs": {"task": "inner"}})
    recording.user("TASK: inner")
    recording.run("echo inner >> log", "")
    recording.finish("inner done")
    recording.add("agent", observation="delegate", content="inner done", extras={"outputs": {}})
    recording.finish("outer done")
    recording.add("agent", observation="delegate", content="outer done", extras={"outputs": {}})
    recording.run("cat log", "outer\ninner")
    recording.finish()
    session = await replay(recording)
    assert session.state is State.FINISHED
    assert statuses(session) == ["matched"] * 3
    assert ids(session) == list(range(len(recording.events)))
    depths = [session.trajectory.outline.depth(index) for index in range(len(recording.events))]
    assert depths == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0]


async def test_11_12_a_condensation_keeps_meaning_the_same_events(
    recording: Recording, replay: Any, tmp_path: Path
) -> None:
    recording.user("go")
    recording.run("echo old", "old")
    recording.add("agent", action="condensation", args={"forgotten_event_ids": [1, 2]})
    recording.run("echo new", "new")
    recording.finish()
    session = await replay(recording)
    saved = json.loads((await session.save_run(tmp_path / "run.json")).read_bytes())
    forgotten = {event["id"]: event for event in saved if event["id"] in (1, 2)}
    assert [forgotten[1]["action"], forgotten[2]["content"]] == ["run", "old"]


async def test_11_13_an_action_without_a_source(recording: Recording, replay: Any) -> None:
    recording.user("go")
    action = recording.add(None, action="run", args={"command": "echo hi"})
    recording.answer(action, "hi")
    session = await replay(recording)
    assert statuses(session) == ["matched"]


async def test_11_14_a_recording_that_just_ends(recording: Recording, replay: Any) -> None:
    recording.user("go")
    recording.say("I have done it.")
    session = await replay(recording, "recorded")
    assert (session.state, session.ending) == (State.PAUSED, "end_of_recording")


async def test_11_15_a_saved_run_keeps_flags_ids_and_causes(
    recording: Recording, replay: Any, tmp_path: Path
) -> None:
    recording.user("go")
    recording.say("Shall I?", wait=True)
    recording.user("yes")
    recording.run("echo hi", "hi")
    recording.finish()
    for event in recording.events:
        event["id"] = event["id"] * 3 + 7
        if "cause" in event:
            event["cause"] = event["cause"] * 3 + 7
    session = await replay(recording)
    saved = json.loads((await session.save_run(tmp_path / "run.json")).read_bytes())
    assert [event["id"] for event in saved] == [event["id"] for event in recording.events]
    assert saved[1]["args"]["wait_for_response"] is True
    assert saved[4]["cause"] == saved[3]["id"]


async def test_11_16_a_divergence_is_noticed(recording: Recording, replay: Any) -> None:
    recording.run("cat there", "content")
    recording.run("echo other", "another")
    session = await replay(recording)
    reasons = [result.reason for result in session.run.results.values()]
    assert statuses(session) == ["diverged", "diverged"]
    assert reasons[0] == "exit 0 → 1, cat: there: No such file or directory"
    assert reasons[1].startswith("output differs at line 1")


async def test_11_17_input_reaches_the_program_that_waits_for_it(recording: Recording, replay: Any) -> None:
    ask = "read -p 'name? ' name; echo hello $name"
    recording.run(ask, "name?", -1)
    recording.run("Ada", "hello Ada", is_input=True)
    recording.run("sleep 60", "", -1)
    recording.run("C-c", "^C", 130, is_input=True)
    recording.run("for i in 1 2 3; do echo $i; sleep 0.2; done", "1", -1)
    recording.run("", "2\n3", 0)
    recording.run("echo next", "next")
    begun = time.monotonic()
    session = await replay(recording)
    assert time.monotonic() - begun < 20
    codes = [result.exit_code for result in session.run.results.values()]
    assert codes == [-1, 0, -1, 130, 0, -1, 0]  # the loop ends sooner than it did: nothing is left to poll
    assert session.run.results[12].actual.content == "next"  # type: ignore[union-attr]


async def test_11_17_a_silent_command_that_ended_when_it_was_recorded_is_waited_for(
    recording: Recording, replay: Any
) -> None:
    recording.run("sleep 4; echo late", "late")
    session = await replay(recording)
    assert statuses(session) == ["matched"]


async def test_11_18_a_sandbox_that_is_lost_loses_nothing_else(recording: Recording, tmp_path: Path) -> None:
    recording.user("go")
    recording.run("echo one", "one")
    recording.run("sleep 30", "")
    recording.run("echo two", "two")
    session = recording.session()
    session.run_to(3)
    await session.idle()
    session.resume()
    await asyncio.sleep(0)
    before = len(session.run)
    for child in _children(os.getpid()):
        os.kill(child, signal.SIGKILL)
    await asyncio.wait_for(session.idle(), 30)
    assert session.state is State.ERROR
    assert len(session.run) >= before
    assert len(json.loads((await session.save_run(tmp_path / "run.json")).read_bytes())) == len(session.run)
    session.restart()
    await session.idle()
    session.run_to(3)
    await session.idle()
    assert statuses(session) == ["matched"]
    await session.close()


def _children(pid: int) -> list[int]:
    # Those of every thread: the one that starts the world need not be the first.
    listed = " ".join(task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(child) for child in listed.split() if "bwrap" in Path(f"/proc/{child}/comm").read_text()]


async def test_11_19_an_edit_that_needed_a_model_is_served(recording: Recording, replay: Any) -> None:
    args = {"path": "/workspace/a", "content": "draft", "impl_source": "llm_based_edit"}
    edit = recording.add("agent", action="edit", args=args)
    extras = {"path": "/workspace/a", "impl_source": "llm_based_edit"}
    recording.add("agent", observation="edit", cause=edit, content="[edited]", extras=extras)
    session = await replay(recording)
    (result,) = session.run.results.values()
    assert result.status is Status.RECORDED
    assert "served from the recording" in result.reason


async def test_11_20_workspace_is_where_the_recording_expects_it(recording: Recording, replay: Any) -> None:
    recording.run("pwd && touch /workspace/x && ls /workspace", "/workspace\nx")
    session = await replay(recording)
    assert statuses(session) == ["matched"]


async def test_11_21_a_run_that_is_ended_is_saved_all_the_same(recording: Recording, tmp_path: Path) -> None:
    recording.run("echo one", "one")
    recording.run("sleep 60", "")
    source = tmp_path / "recording.json"
    source.write_text(json.dumps(recording.events))
    saved = tmp_path / "saved.json"
    program = Path(sys.executable).with_name("trajtui")
    arguments = ("replay", source, "--sandbox", "bubblewrap", "--save", saved)
    process = await asyncio.create_subprocess_exec(
        program, *map(str, arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 30)
    process.terminate()
    await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    assert [event["content"] for event in json.loads(saved.read_bytes()) if "content" in event][:1] == ["one"]


async def test_the_model_library_was_never_imported() -> None:
    code = "import sys, trajcore.session; sys.exit('litellm' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0


async def test_parallel_tool_calls_are_each_executed_once(recording: Recording, replay: Any) -> None:
    recording.user("go")
    calls = []
    for name in ("one", "two"):
        metadata = {"function_name": "execute_bash", "tool_call_id": f"call_{name}"}
        args = {"command": f"echo {name} >> log; cat log"}
        calls.append(recording.add("agent", action="run", args=args, tool_call_metadata=metadata))
    recording.answer(calls[0], "one")
    recording.answer(calls[1], "one\ntwo")
    recording.finish()
    session = await replay(recording)
    assert statuses(session) == ["matched", "matched"]
    causes = [(entry.id, entry.cause) for entry in session.run.entries if entry.head.kind == "run"]
    assert causes == [(1, None), (3, 1), (2, None), (4, 2)]


async def test_an_error_that_answers_no_action_is_kept_where_it_was(
    recording: Recording, replay: Any
) -> None:
    recording.user("go")
    recording.run("echo one", "one")
    recording.add("agent", observation="error", content="Unknown tool", extras={"error_id": ""})
    recording.run("echo two", "two")
    session = await replay(recording)
    assert statuses(session) == ["matched", "matched"]
    assert ids(session) == list(range(len(recording.events)))


async def test_a_pause_interrupts_the_running_command(recording: Recording) -> None:
    recording.run("sleep 60", "")
    session = recording.session()
    begun = asyncio.Event()
    session.subscribe(lambda change: begun.set() if isinstance(change, notices.Executing) else None)
    session.resume()
    await begun.wait()
    asked = time.monotonic()
    session.interrupt()
    await session.idle()
    took = time.monotonic() - asked
    await session.close()
    assert (session.state, took < 1.0) == (State.PAUSED, True)
    (result,) = session.run.results.values()
    assert result.reason.startswith("interrupted, exit 0 → ")
