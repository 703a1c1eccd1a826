"""A recording in which records and events are many to many, through the whole product."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loopback import Answer, Call, Loopback
from screens import opened
from toys import SAMPLE, Toy, result, session, turn, worded
from trajcore.difference import diff
from trajcore.errors import BadInput
from trajcore.journal.recovery import orphans
from trajcore.live.messages.history import messages
from trajcore.live.modelsettings import ModelSettings
from trajcore.runtimes.habits import Habits, Shell
from trajcore.sandbox.base import SandboxSettings
from trajcore.search import matches, replace
from trajcore.session import Delivery, Session, Settings
from trajcore.trajectory import Trajectory
from trajtui import cli


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    from trajcore.dialects.registry import DIALECTS, register_dialect

    register_dialect(Toy())
    yield
    DIALECTS.unregister("toy")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "toy.jsonl"
    path.write_bytes(SAMPLE)
    return path


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines() if line.strip()]


def linked(data: bytes) -> bool:
    """Whether each line names the one before it."""
    found = lines(data)
    return [record["parent"] for record in found] == [None, *(record["uuid"] for record in found[:-1])]


# Reading


def test_records_become_events_and_such_as_are_none_stay() -> None:
    trajectory = Trajectory.from_bytes(SAMPLE)
    assert trajectory.outline.kinds == [
        *("message", "message", "run", "run", "run", "run", "message", "run", "run", "finish")
    ]
    assert trajectory.outline.answers == {4: 2, 5: 3, 8: 7}
    assert trajectory.data(3)["args"]["command"] == "echo zwei > f; cat f"
    assert trajectory.head(8).exit_code == 3
    assert trajectory.unit_of(4) == (1, 2, 3, 4, 5)
    assert trajectory.resolve("c") == 7
    assert trajectory.resolve("#7") == 7


def test_a_command_is_written_wherever_it_stands() -> None:
    trajectory = Trajectory.from_bytes(SAMPLE)
    edit = trajectory.set_value(3, ("args", "command"), 'echo "ä"')
    found = lines(trajectory.to_bytes())
    assert json.loads(found[2]["calls"][1]["input"]) == {"command": 'echo "ä"'}
    assert found[4]["line"] == 'echo "ä"'
    assert edit.touched == edit.touched_before == (3,)
    assert trajectory.edited == {3}
    changed = [at for at, (a, b) in enumerate(zip(lines(SAMPLE), found, strict=True)) if a != b]
    assert changed == [2, 4]


def test_what_has_no_place_is_refused_with_a_reason() -> None:
    trajectory = Trajectory.from_bytes(SAMPLE)
    for change in (
        lambda: trajectory.set_value(2, ("args", "thought"), "x"),
        lambda: trajectory.unset(2, ("args", "command")),
        lambda: trajectory.set_value(1, ("args", "wait_for_response"), True),
        lambda: trajectory.replace_event(4, b'{"observation": "read", "content": "x", "extras": {}}'),
        lambda: trajectory.insert(0, [{"action": "browse", "args": {"url": "u"}}]),
    ):
        with pytest.raises(BadInput, match=r"toy|no place"):
            change()
    assert trajectory.to_bytes() == SAMPLE
    assert not trajectory.history


def test_a_flag_is_flipped_and_an_event_typed_over_as_anywhere() -> None:
    trajectory = Trajectory.from_bytes(SAMPLE)
    trajectory.flip(0, "wait_for_response")
    assert lines(trajectory.to_bytes())[0]["waits"] is True
    event = trajectory.data(4)
    event["content"], event["extras"]["metadata"]["exit_code"] = "uno\n", 5
    trajectory.replace_event(4, json.dumps(event).encode())
    found = lines(trajectory.to_bytes())
    assert (found[5]["output"], found[5]["exit"]) == ("uno\n", 5)
    while trajectory.undo():
        pass
    assert trajectory.to_bytes() == SAMPLE


def test_links_follow_what_comes_and_goes() -> None:
    trajectory = Trajectory.from_bytes(SAMPLE)
    message = {"action": "message", "source": "user", "args": {"content": "first"}}
    edit = trajectory.insert(1, [message])
    assert trajectory.to_bytes() != SAMPLE
    assert linked(trajectory.to_bytes())
    assert edit.touched == (1,)
    assert [edit.place(at)[0] for at in range(11)] == [0, 1, *range(3, 12)]
    trajectory.delete([3])
    assert linked(trajectory.to_bytes())
    assert trajectory.outline.kinds == ["message", "message", "message", "run", "run", "finish"]
    trajectory.move([3], -1)
    assert linked(trajectory.to_bytes())
    trajectory.duplicate([2])
    assert linked(trajectory.to_bytes())
    assert sum(record["type"] == "mark" for record in lines(trajectory.to_bytes())) == 2
    for _ in range(4):
        trajectory.undo()
    assert trajectory.to_bytes() == SAMPLE


def test_find_and_replace_writes_every_place(path: Path) -> None:
    trajectory = Trajectory.open(path)
    found = matches(trajectory, "f", fields=["command"])
    assert [match.index for match in found] == [3, 3, 7]
    replace(trajectory, found, "g")
    records = lines(trajectory.to_bytes())
    assert (
        json.loads(records[2]["calls"][1]["input"])["command"] == records[4]["line"] == "echo zwei > g; cat g"
    )
    assert any(line.startswith("+") and "zwei > g" in line for line in diff(trajectory))
    trajectory.save()
    assert Trajectory.open(path).data(7)["args"]["command"] == "cat g; exit 3"
    assert not trajectory.modified


def test_unsaved_edits_survive_the_program(path: Path) -> None:
    def edit_and_die() -> None:
        trajectory = Trajectory.open(path)
        session = Session(trajectory, Settings("recorded", SandboxSettings(), keep_journal=True))
        session.editing.set_values(3, [(("args", "command"), "true")])
        session.editing.insert(1, [{"action": "message", "args": {"content": "kept"}}])

    child = os.fork()
    if child == 0:
        try:
            edit_and_die()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    (orphan,) = orphans(Trajectory.open(path))
    restored = orphan.restored(Trajectory.open(path))
    orphan.release()
    assert restored.head(1).summary() == "kept"
    assert restored.data(4)["args"]["command"] == "true"
    assert linked(restored.to_bytes())
    while restored.undo():
        pass
    assert restored.to_bytes() == SAMPLE


# Replaying


async def played(data: bytes, sandbox: str = "recorded", until: int | None = None) -> Session:
    played = Session(Trajectory.from_bytes(data), Settings(sandbox=sandbox))
    if until is None:
        played.resume()
    else:
        played.run_to(until)
    await played.idle()
    return played


async def test_a_run_in_the_recorded_world_saves_as_the_same_bytes() -> None:
    session = await played(SAMPLE)
    assert [result.status.value for result in session.results.values()] == ["recorded"] * 3
    assert b"".join(session.run.to_json()) == SAMPLE
    await session.close()


@pytest.mark.bubblewrap
async def test_results_of_a_run_take_the_places_of_the_recorded_ones() -> None:
    recorded = session(
        {"type": "say", "who": "user", "text": "go"},
        *turn("r1", "hm", a="echo one", b="echo two; (exit 2)"),
        result("a", "one"),
        {"type": "mark", "cost": 1.50},
        result("b", "zwei", None),
    )
    first = await played(recorded, "bubblewrap")
    assert [result.status.value for result in first.results.values()] == ["matched", "diverged"]
    saved = b"".join(first.run.to_json())
    await first.close()
    found = lines(saved)
    assert [record.get("output") for record in found[4:]] == ["one\n", None, "two\n"]
    assert found[-1]["exit"] == 2
    assert saved.splitlines()[:4] == recorded.splitlines()[:4]
    again = await played(saved, "bubblewrap")
    assert [result.status.value for result in again.results.values()] == ["matched", "matched"]
    assert b"".join(again.run.to_json()) == saved
    await again.close()


@pytest.mark.bubblewrap
async def test_what_a_program_said_is_compared_without_the_agents_words() -> None:
    recorded = session(
        *turn("r1", "", a="echo one", b="echo two; (exit 2)", c="echo three", d="exit 4"),
        result("a", worded("one\n", 0), None),
        result("b", worded("two\n", 1), None),
        result("c", worded("drei\n", 0), None),
        result("d", "", None),
    )
    first = await played(recorded, "bubblewrap")
    told = [(found.status.value, found.recorded_exit_code, found.reason) for found in first.results.values()]
    assert told == [
        ("matched", 0, ""),
        ("diverged", 1, "exit 1 → 2"),
        ("diverged", 0, 'output differs at line 1: "drei" → "three"'),
        ("matched", None, ""),
    ]
    saved = b"".join(first.run.to_json())
    await first.close()
    outputs = [record["output"] for record in lines(saved) if record["type"] == "result"]
    assert outputs == [worded("one\n", 0), worded("two\n", 2), worded("three\n", 0), ""]


@pytest.mark.bubblewrap
async def test_what_was_never_carried_out_is_served_or_skipped_with_the_agents_reason() -> None:
    calls, *logs = turn("r1", "", a="touch a", b="touch b", c="ls")
    for call in calls["calls"][:2]:
        call["kept_back"] = True
    results = [result("a", "not allowed", None), result("c", "")]
    first = await played(session(calls, *logs, *results), "bubblewrap")
    told = [(found.status.value, found.exit_code, found.reason) for found in first.results.values()]
    assert told == [
        ("recorded", None, "its guard kept it back: served from the recording"),
        ("skipped", None, "its guard kept it back"),
        ("matched", 0, ""),
    ]
    await first.close()


@pytest.mark.bubblewrap
@pytest.mark.parametrize(
    ("habits", "directory"), [(Habits(Shell.FRESH), "/workspace"), (Habits(Shell.DIRECTORY), "/tmp")]
)
async def test_a_command_finds_of_the_shell_before_it_what_it_found_then(
    monkeypatch: pytest.MonkeyPatch, habits: Habits, directory: str
) -> None:
    monkeypatch.setattr(Toy, "habits", habits)
    recorded = session(
        *turn("r1", "", a="cd /tmp; X=1; alias ls=false", b="pwd; echo $X; exit 3", c="pwd; sleep 60 &"),
        result("a", ""),
        result("b", f"{directory}\n\n", 3),
        result("c", f"{directory}\n"),
    )
    first = await played(recorded, "bubblewrap")
    assert [found.reason for found in first.results.values()] == ["", "", ""]
    assert first._replay.world.directory == directory
    await first.close()


@pytest.mark.bubblewrap
async def test_a_model_is_offered_the_agents_own_tools() -> None:
    answers = [Answer("", [Call("sh", {"line": "echo live"}, "l1")]), Answer("Done.")]
    with Loopback(answers) as server:
        model = ModelSettings("loopback", "sk-loopback-0123456789", server.url)
        live = Session(Trajectory.from_bytes(SAMPLE), Settings("bubblewrap", model=model))
        live.message("go on", Delivery.LIVE)
        await live.idle()
        assert [tool["function"]["name"] for tool in server.bodies[0]["tools"]] == ["sh"]
        assert json.loads(server.bodies[1]["messages"][-2]["tool_calls"][0]["function"]["arguments"]) == {
            "line": "echo live"
        }
        again = Trajectory.from_bytes(b"".join(live.run.to_json()))
        assert again.outline.kinds == ["message", "run", "run", "message"]
        assert (again.data(1)["args"]["command"], again.data(2)["content"]) == ("echo live", "live\n")
        await live.close()


async def test_what_a_run_adds_becomes_records_and_what_it_did_not_reach_is_left_out() -> None:
    session = await played(SAMPLE, until=6)
    session.message("by the way", Delivery.INSERT)
    saved = b"".join(session.run.to_json())
    assert linked(saved)
    texts = [record["text"] for record in lines(saved) if record["type"] == "say"]
    assert texts == ["make a file", "by the way"]
    assert sum(record["type"] == "result" for record in lines(saved)) == 2
    assert Trajectory.from_bytes(saved).outline.kinds == ["message", "message", *["run"] * 4, "message"]
    await session.close()


async def test_steps_of_a_model_become_turns_of_the_session() -> None:
    from trajcore.dialects import newevents as written
    from trajcore.events.kinds import Source

    session = await played(SAMPLE)
    action = {"source": "agent", "action": "run", "args": {"command": "ls"}}
    action["tool_call_metadata"] = {"function_name": "bash", "tool_call_id": "live1"}
    entry = session.run.add(action, live=True)
    details = {"command": "ls", "metadata": {"exit_code": 0}}
    session.run.add(written.answer({**action, "id": entry.id}, "run", "f\n", details), live=True)
    session.run.add(written.message("that was it", Source.AGENT), live=True)
    again = Trajectory.from_bytes(b"".join(session.run.to_json()))
    assert again.outline.kinds[-3:] == ["run", "run", "message"]
    assert again.outline.answers[len(again) - 2] == len(again) - 3
    assert linked(again.to_bytes())
    assert again.to_bytes().startswith(SAMPLE)
    await session.close()


async def test_a_model_is_shown_the_session_as_any_other() -> None:
    session = await played(SAMPLE)
    told = json.dumps(messages(session.run.history(), system=None))
    for said in ("make a file", "I look first.", "echo zwei > f; cat f", "and then?", "one"):
        assert said in told
    await session.close()


async def test_an_unsaved_run_survives_the_program(path: Path) -> None:
    settings = Settings("recorded", SandboxSettings(), keep_journal=True)
    session = Session(Trajectory.open(path), settings)
    session.run_to(6)
    await session.idle()
    session.message("by the way", Delivery.INSERT)
    session.resume()
    await session.idle()
    await session.close()
    (orphan,) = orphans(Trajectory.open(path))
    saved = b"".join(orphan.run().to_json())
    orphan.remove_run()
    orphan.release()
    kept = [record for record in lines(saved) if record.get("text") != "by the way"]
    assert len(lines(saved)) == len(kept) + 1
    assert linked(saved)
    assert [record["uuid"] for record in kept] == [record["uuid"] for record in lines(SAMPLE)]


# From the command line


def trajtui(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli._commands, list(map(str, arguments)))
    return done.exit_code, done.output


def test_the_commands_take_it(path: Path, tmp_path: Path) -> None:
    code, shown = trajtui("show", path, "--json")
    events = [json.loads(line) for line in shown.splitlines()]
    assert (code, len(events)) == (0, 10)
    shown_as = {"id": None, "source": "agent", "kind": "run", "type": "action", "cause": None}
    assert events[7] == {"index": 7, "summary": "cat f; exit 3", **shown_as}
    assert trajtui("show", path)[0] == 0
    assert trajtui("show", path, "--check") == (0, "nothing wrong was found in 10 events\n")
    out = tmp_path / "out.jsonl"
    assert trajtui("edit", path, "-o", out)[0] == 0
    assert out.read_bytes() == SAMPLE
    assert trajtui("edit", path, "-o", out, "--set", '#2:args.command="pwd"', "--delete", "#6")[0] == 0
    assert lines(out.read_bytes())[3]["line"] == "pwd"
    report = tmp_path / "report.json"
    code, said = trajtui("replay", path, "--sandbox", "recorded", "--report", report, "--save", out)
    assert code == 0, said
    assert out.read_bytes() == SAMPLE
    told = json.loads(report.read_bytes())
    assert (told["state"], told["events"], told["counts"]["actions"]) == ("finished", 10, 3)


def test_a_check_of_the_dialects_own_is_told(path: Path) -> None:
    path.write_bytes(session(*turn("r", "", a="ls"), {"type": "end", "text": ""}))
    assert "no result" in trajtui("show", path, "--check")[1]


async def test_the_screen_steps_and_edits_it(path: Path) -> None:
    async with opened(path) as screen:
        for _ in range(4):
            await screen.press("s")
            await screen.settle()
        assert "I look first." in screen.text
        assert "echo zwei > f; cat f" in screen.text
        screen.timeline.follow(0)
        await screen.pilot.pause()
        await screen.press("w")
        await screen.settle()
        assert screen.session.trajectory.head(0).wait_for_response is True
        await screen.press("d")
        await screen.settle()
        assert screen.session.trajectory.outline.kinds[0] == "message"
        assert len(screen.session.trajectory) == 9
        await screen.press("u", "u")
        await screen.settle()
        assert screen.session.trajectory.to_bytes() == SAMPLE
        await screen.press("e")
        await screen.settle()
        assert "content" in screen.text
        await screen.press("escape")
        await screen.settle()
        await screen.press("c")
        await screen.settle()
        assert screen.session.at_end
        assert "FINISHED" in screen.status
