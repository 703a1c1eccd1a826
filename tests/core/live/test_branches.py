"""Branches: what a model does is a document: watched, edited, gone back over, left and come back to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback, Script
from needs import IMAGE
from trajcore import areplay
from trajcore.branches import Branch
from trajcore.document.edits import Edit
from trajcore.errors import BadInput, Refused
from trajcore.journal.branches import kept_branches
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.replay.states import Mode, State
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session
from trajcore.settings import Delivery, Settings
from trajcore.trajectory import Trajectory
from worlds import KINDS

RECORDING = [
    message(0, "go"),
    run(1, "echo one > file; cat file"), ran(2, 1, "one"),
    run(3, "echo two > file; cat file"), ran(4, 3, "two"),
    run(5, "echo three > file; cat file"), ran(6, 5, "three"),
]  # fmt: skip


@pytest.fixture(autouse=True)
async def _connections():
    yield
    await close_connections()


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's state directory."""
    place = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(place))
    return place


def bash(command: str) -> Call:
    return Call("execute_bash", {"command": command})


WRITES = Answer("First this.", calls=[bash("echo live >> file; cat file")])


@dataclass
class Debugged:
    session: Session
    server: Loopback
    path: Path

    async def to(self, index: int) -> None:
        self.session.run_to(index)
        await self.session.idle()

    async def live(self, text: str = "go on") -> None:
        self.session.message(text, Delivery.LIVE)
        await self.session.idle()

    async def back(self) -> None:
        self.session.go_back(self.session.back_to_step()[0])
        await self.session.idle()

    async def step(self) -> None:
        self.session.step()
        await self.session.idle()

    async def go_to(self, name: str) -> None:
        branch = self.session.branches.named(name)
        self.session.switch(branch, (await self.session.ways_to(branch))[0])
        await self.session.idle()
        assert self.session.state is not State.ERROR, self.session.failure

    async def file(self, path: str = "/workspace/file") -> str:
        sandbox = self.session._replay.world.sandbox
        assert sandbox is not None
        return (await sandbox.files.read(path)).decode()

    @property
    def events(self) -> list[dict[str, Any]]:
        trajectory = self.session.trajectory
        return [trajectory.data(index) for index in range(len(trajectory))]

    @property
    def kinds(self) -> list[str]:
        return [str(event.get("action") or event.get("observation")) for event in self.events]

    @property
    def present(self) -> Branch:
        return self.session.branches.present


@asynccontextmanager
async def debugged(
    tmp_path: Path,
    script: Script,
    kind: str = "bubblewrap",
    events: Sequence[dict[str, Any]] = RECORDING,
    **more: Any,
) -> AsyncIterator[Debugged]:
    path = tmp_path / "recording.json"
    if not path.exists():
        path.write_text(json.dumps(list(events)))
    with Loopback(script) as server:
        model = ModelSettings("openai/loopback", "sk-loopback-key", server.url)
        settings = Settings(
            kind,
            SandboxSettings(image=IMAGE),
            model=model,
            keep_journal=True,
            keep_branches=True,
            checkpoints=8,
            **more,
        )
        session = Session(Trajectory.open(path), settings)
        try:
            await session.prepare()
            yield Debugged(session, server, path)
        finally:
            await session.close()


pytestmark = pytest.mark.bubblewrap


async def test_what_a_model_does_is_a_branch_of_its_own(tmp_path: Path) -> None:
    async with debugged(tmp_path, [WRITES, Answer("Done so far?")]) as it:
        await it.to(3)
        await it.live()
        assert it.kinds == ["message", "run", "run", "message", "run", "run", "message"]
        assert [event.get("cause") for event in it.events[4:6]] == [None, it.events[4]["id"]]
        assert it.events[5]["content"] == "one\nlive"
        assert it.session.position == len(it.session.trajectory)
        assert (it.session.state, it.session.mode) == (State.AWAITING_INPUT, Mode.LIVE)
        assert (it.present.name, it.present.origin, it.present.cut) == ("live-1", "recorded", "3")
        assert it.session.branches.steps_of(it.present) == 2
        assert json.loads(it.path.read_text()) == RECORDING


async def test_it_goes_on_with_the_next_message(tmp_path: Path) -> None:
    async with debugged(tmp_path, [Answer("What?"), WRITES, Answer("Done.")]) as it:
        await it.to(3)
        await it.live()
        await it.live("more")
        assert len(it.session.branches) == 2
        assert it.kinds[3:] == ["message", "message", "message", "run", "run", "message"]


async def test_one_step_back_is_before_the_last_live_step_and_nothing_is_lost(tmp_path: Path) -> None:
    script = [WRITES, Answer(calls=[bash("echo more >> file")]), Answer("Done.")]
    async with debugged(tmp_path, script) as it:
        await it.to(3)
        await it.live()
        whole = it.events
        await it.back()
        assert it.session.trajectory.head(it.session.position).content == "Done." or it.session.position == 8
        await it.back()
        assert it.session.trajectory.data(it.session.position)["args"]["command"] == "echo more >> file"
        assert await it.file() == "one\nlive\n"
        assert (it.session.state, it.session.mode) == (State.PAUSED, Mode.REPLAY)
        assert it.events == whole
        await it.step()
        assert await it.file() == "one\nlive\nmore\n"
        assert it.session.result_of(6).comparison.match is not None
        it.session.resume()
        await it.session.idle()
        assert (it.session.state, it.session.mode) == (State.AWAITING_INPUT, Mode.LIVE)


async def test_going_on_in_the_middle_of_a_branch_begins_another(tmp_path: Path) -> None:
    script = [WRITES, Answer("Done."), Answer(calls=[bash("echo other > file")]), Answer("Done too.")]
    async with debugged(tmp_path, script) as it:
        await it.to(3)
        await it.live()
        first = it.events
        await it.back()
        await it.back()
        await it.live("differently")
        assert it.present.origin == "live-1"
        assert await it.file() == "other\n"
        assert [branch.name for branch in it.session.branches] == ["recorded", "live-1", "live-2"]
        await it.go_to("live-1")
        assert it.events == first


@pytest.mark.parametrize("kind", KINDS)
async def test_two_branches_have_two_worlds(tmp_path: Path, kind: str) -> None:
    script = [
        Answer(calls=[bash("echo first > file")]), Answer("Done."),
        Answer(calls=[bash("echo second > file")]), Answer("Done."),
    ]  # fmt: skip
    async with debugged(tmp_path, script, kind) as it:
        await it.to(5)
        await it.live("do this")
        assert await it.file() == "first\n"
        await it.go_to("recorded")
        assert (it.session.position, await it.file()) == (5, "two\n")
        assert it.events == RECORDING
        assert it.session.result_of(1) is not None
        await it.live("do that")
        assert await it.file() == "second\n"
        await it.go_to("live-1")
        assert await it.file() == "first\n"
        assert it.session.state is State.AWAITING_INPUT
        await it.go_to("live-2")
        assert await it.file() == "second\n"
        await it.go_to("recorded")
        it.session.resume()
        await it.session.idle()
        assert await it.file() == "three\n"
        saved = [
            await it.session.branches.save(
                it.session.branches.named(f"live-{number}"), tmp_path / f"{number}.json"
            )
            for number in (1, 2)
        ]
    for number, path in enumerate(saved):
        reports = [await areplay(path, sandbox=kind, image=IMAGE) for _ in range(2)]
        assert reports[0].counts == reports[1].counts
        assert (reports[0].counts["actions"], reports[0].counts["matched"]) == (3, 3), number


@pytest.mark.parametrize("kind", KINDS)
async def test_its_world_is_the_kept_one_not_one_made_again(tmp_path: Path, kind: str) -> None:
    number = Answer(calls=[bash("echo $RANDOM$RANDOM$RANDOM > number")])
    async with debugged(tmp_path, [number, Answer("Done."), number, Answer("Done.")], kind) as it:
        await it.to(3)
        numbers = {}
        for name in ("live-1", "live-2"):
            await it.live()
            assert it.present.name == name
            numbers[name] = await it.file("/workspace/number")
            await it.back()
            await it.go_to("recorded")
        for name in ("live-2", "live-1", "recorded", "live-1", "live-2"):
            branch = it.session.branches.named(name)
            [route, *_] = await it.session.ways_to(branch)
            assert (route.steps, route.lost) == (0, ()), route
            it.session.switch(branch, route)
            await it.session.idle()
            if name != "recorded":
                assert await it.file("/workspace/number") == numbers[name]
        assert numbers["live-1"] != numbers["live-2"]


async def test_a_branch_can_be_edited_and_each_edit_undone(tmp_path: Path) -> None:
    async with debugged(tmp_path, [WRITES, Answer("Done.")]) as it:
        await it.to(3)
        await it.live()
        session, before = it.session, it.events
        assert not session.trajectory.edited
        session.editing.set_value(4, ("args", "command"), "echo edited > file")
        assert 4 in session.trajectory.edited  # and its answer, which has a copy of the call
        assert 4 in session.stale
        session.editing.insert(3, [{"action": "message", "source": "user", "args": {"content": "hello"}}])
        session.editing.delete([len(session.trajectory) - 1])
        while session.trajectory.history:
            assert isinstance(session.editing.undo(), Edit)
        assert it.events == before
        session.editing.set_value(4, ("args", "command"), "echo edited > file; cat file")
        await it.back()
        await it.back()
        await it.step()
        assert await it.file() == "edited\n"


async def test_a_breakpoint_on_a_live_event_stops_there(tmp_path: Path) -> None:
    async with debugged(tmp_path, [WRITES, Answer("Done.")], keep_breakpoints=True) as it:
        await it.to(3)
        await it.live()
        it.session.toggle_breakpoint(1)
        it.session.toggle_breakpoint(4)
        it.session.restart()
        await it.session.idle()
        assert it.session.position == 0
        stops = []
        for _ in range(2):
            it.session.resume()
            await it.session.idle()
            stops.append(it.session.position)
        assert stops == [1, 4]
    async with debugged(tmp_path, [], keep_breakpoints=True) as it:
        assert [point.uid for point in it.session.breakpoints] == [1]


async def test_quitting_and_coming_back_has_the_branches_still(tmp_path: Path) -> None:
    async with debugged(tmp_path, [WRITES, Answer("Done.")]) as it:
        await it.to(3)
        await it.live()
        it.session.branches.rename(it.present, "a try")
        it.session.editing.set_value(3, ("args", "content"), "said otherwise")
        whole = it.events
    async with debugged(tmp_path, [Answer("And now?")]) as it:
        branch = it.session.branches.named("a try")
        assert (branch.model, branch.origin, branch.stands) == (
            "openai/loopback",
            "recorded",
            "awaiting_input",
        )
        await it.go_to("a try")
        assert it.events == whole
        assert await it.file() == "one\nlive\n"
        assert it.session.state is State.AWAITING_INPUT
        await it.live("go on")
        assert it.present is branch
        assert [item.get("content") for item in it.server.bodies[0]["messages"]][-1] == "go on"
        assert "said otherwise" in json.dumps(it.server.bodies[0])
    async with debugged(tmp_path, []) as it:
        await it.go_to("a try")
        assert it.events[-1]["args"]["content"] == "And now?"


async def test_what_is_open_is_not_taken_by_another_program(tmp_path: Path) -> None:
    async with debugged(tmp_path, [Answer("Done.")]) as one:
        await one.to(3)
        await one.live()
        async with debugged(tmp_path, []) as other:
            branch = other.session.branches.named("live-1")
            assert branch.kept is not None
            assert branch.kept.in_use
            with pytest.raises(BadInput, match="open in another"):
                await other.session.ways_to(branch)


async def test_restarting_keeps_the_branch(tmp_path: Path) -> None:
    async with debugged(tmp_path, [WRITES, Answer("Done.")]) as it:
        await it.to(3)
        await it.live()
        whole = it.events
        it.session.restart()
        await it.session.idle()
        assert (it.session.position, it.events) == (0, whole)
        assert it.session.usage is not None
        assert it.session.usage.replies == 2
        it.session.resume()
        await it.session.idle()
        assert await it.file() == "one\nlive\n"


async def test_the_present_and_the_recorded_branch_are_not_deleted(tmp_path: Path) -> None:
    async with debugged(tmp_path, [Answer("Done.")]) as it:
        await it.to(3)
        await it.live()
        branches = it.session.branches
        for branch in branches:
            with pytest.raises(Refused):
                branches.delete(branch)
        live = it.present
        await it.go_to("recorded")
        branches.delete(live)
        assert [branch.name for branch in branches] == ["recorded"]
    assert kept_branches(it.path) == []


async def test_names_are_unique(tmp_path: Path) -> None:
    async with debugged(tmp_path, [Answer("Done.")]) as it:
        await it.to(3)
        await it.live()
        for taken in ("recorded", " ", ""):
            with pytest.raises(BadInput):
                it.session.branches.rename(it.present, taken)
        with pytest.raises(BadInput):
            it.session.branches.rename(it.session.branches.recorded, "mine")


async def test_from_the_very_beginning(tmp_path: Path) -> None:
    async with debugged(tmp_path, [Answer(calls=[bash("echo new > file")]), Answer("Done.")]) as it:
        await it.live("do something else")
        assert it.kinds == ["message", "run", "run", "message"]
        await it.go_to("recorded")
        assert (it.events, it.session.position) == (RECORDING, 0)


async def test_what_was_skipped_served_or_said_is_in_the_branch_as_it_happened(tmp_path: Path) -> None:
    from trajcore.events.kinds import Service

    async with debugged(tmp_path, [Answer(calls=[bash("cat file")]), Answer("Done.")]) as it:
        it.session.serve(1, Service.SKIP)
        await it.to(3)
        it.session.message("by the way")
        await it.to(5)
        await it.live()
        commands = [event["args"]["command"] for event in it.events if event.get("action") == "run"]
        assert commands == ["echo two > file; cat file", "cat file"]
        said = [event["args"]["content"] for event in it.events if event.get("action") == "message"]
        assert said == ["go", "by the way", "go on", "Done."]
        await it.go_to("recorded")
        assert it.session.run.has_added


async def test_a_branch_holds_what_came_back_not_what_was_recorded(tmp_path: Path) -> None:
    events = [message(0, "go"), run(1, "echo actual"), ran(2, 1, "recorded"), run(3, "true"), ran(4, 3, "")]
    async with debugged(tmp_path, [Answer("Done.")], events=events) as it:
        await it.to(3)
        await it.live()
        assert it.events[2]["content"] == "actual"
        result = it.session.result_of(1)
        assert result is not None
        assert result.recorded.content == "recorded"


async def test_headless_too(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(RECORDING))
    with Loopback([WRITES, Answer("Done.")]) as server:
        model = ModelSettings("openai/loopback", "sk-loopback-key", server.url)
        settings = Settings("bubblewrap", model=model, keep_branches=True)
        report = await areplay(path, carry_on=True, messages=["go on"], settings=settings)
    assert report.branch == "live-1"
    assert report.events == len(RECORDING)
    assert report.counts["actions"] == 3
    [kept] = kept_branches(path)
    assert (kept.name, kept.steps, kept.stands) == ("live-1", 2, "awaiting_input")
    assert kept.trajectory().data(8)["args"]["command"] == "echo live >> file; cat file"
