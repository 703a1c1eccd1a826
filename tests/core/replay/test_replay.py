"""Replaying: how each step is satisfied, and that a run that was saved replays again, and again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from needs import IMAGE
from trajcore import notices
from trajcore.events.parse import parse
from trajcore.replay.run import Run, Status, StepResult
from trajcore.replay.states import State
from trajcore.replay.verdict import Match
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory


async def replayed(data: bytes, sandbox: str = "recorded") -> Session:
    session = Session(
        Trajectory.from_bytes(data), Settings(sandbox=sandbox, world=SandboxSettings(image=IMAGE))
    )
    session.resume()
    await session.idle()
    await session.close()
    assert session.at_end, session.failure
    return session


async def results(*events: dict[str, Any], sandbox: str = "recorded") -> list[StepResult]:
    session = await replayed(json.dumps(events).encode(), sandbox)
    return list(session.run.results.values())


def saved(session: Session) -> bytes:
    return b"".join(session.run.to_json())


async def test_what_would_need_the_outside_world_is_served_from_the_recording() -> None:
    page = {"id": 2, "cause": 1, "observation": "browse", "content": "page", "extras": {"url": "u"}}
    (result,) = await results({"id": 1, "source": "agent", "action": "browse", "args": {"url": "u"}}, page)
    assert result.status is Status.RECORDED
    assert result.reason == "a browser would be needed: served from the recording"
    assert result.actual == result.recorded == parse(page).event


async def test_what_cannot_be_served_is_skipped_and_says_why() -> None:
    (result,) = await results({"id": 1, "source": "agent", "action": "call_tool_mcp", "args": {"name": "f"}})
    assert result.status is Status.SKIPPED
    assert result.reason == "an MCP server would be needed, and nothing was recorded to serve"


async def test_what_the_user_had_refused_is_not_executed() -> None:
    refused = run(1)
    refused["args"]["confirmation_state"] = "rejected"
    answer = {"id": 2, "cause": 1, "observation": "user_rejected", "content": "no", "extras": {}}
    (result,) = await results(refused, answer)
    assert result.status is Status.RECORDED
    assert "refused" in result.reason


async def test_what_was_waiting_for_the_users_word_is_not_executed() -> None:
    waiting = run(1)
    waiting["args"]["confirmation_state"] = "awaiting_confirmation"
    (result,) = await results(waiting)
    assert result.status is Status.SKIPPED
    assert "confirmation" in result.reason


async def test_steps_are_reported_in_the_order_in_which_they_were_satisfied() -> None:
    found = await results(message(0), run(3), ran(4, 3), run(1), ran(2, 1, exit_code=1), message(5))
    assert [(result.uid, result.id, result.recorded_exit_code) for result in found] == [
        (1, 3, 0),
        (3, 1, 1),
    ]


async def test_a_run_served_from_the_recording_is_the_recording(recordings: dict[str, Path]) -> None:
    data = recordings["all_event_types_v0.62.json"].read_bytes()
    assert outlined(json.loads(saved(await replayed(data)))) == outlined(json.loads(data))


async def test_an_older_recording_is_saved_in_the_spelling_of_today(recordings: dict[str, Path]) -> None:
    for name in ("basic.json", "basic_gui_mode.json", "basic_interactions.json", "ponyc_4595.json"):
        original = json.loads(recordings[name].read_bytes())
        happened = json.loads(saved(await replayed(recordings[name].read_bytes())))
        assert outlined(happened) == outlined(original), name
        for event in happened:
            assert parse(event).problems == ()
            fields = set(event.get("args", {})) | set(event.get("extras", {}))
            assert not fields & {"translated_ipython_code", "keep_prompt", "task_completed", "exit_code"}


def outlined(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What must come out of a replay as it went in, whatever the dialect."""
    names = ("id", "timestamp", "source", "cause", "action", "observation", "tool_call_metadata")
    return [tuple(event.get(name) for name in names) for event in events]


async def test_a_saved_run_replays_again_and_again_without_growing(recordings: dict[str, Path]) -> None:
    data = saved(await replayed(recordings["basic_interactions.json"].read_bytes()))
    for _ in range(3):
        again = saved(await replayed(data))
        assert again == data
        data = again


@pytest.mark.parametrize("damage", ["id", "cause"])
async def test_without_ids_or_causes_nothing_is_lost_either(recordings: dict[str, Path], damage: str) -> None:
    events = json.loads(recordings["basic_gui_mode.json"].read_bytes())
    for event in events:
        event.pop(damage, None)
    session = await replayed(json.dumps(events).encode())
    happened = json.loads(saved(session))
    assert [event.get("action") for event in happened] == [event.get("action") for event in events]
    assert len({event["id"] for event in happened}) == len(events)
    assert {result.status for result in session.run.results.values()} == {Status.RECORDED}


def test_events_that_a_run_adds_are_stamped_and_numbered_above_all_others() -> None:
    taken = Run(last_id=41)
    taken.keep(
        json.dumps(message(41)).encode(), Trajectory.from_bytes(json.dumps([message(41)]).encode()).head(0), 0
    )
    first = taken.add({"source": "user", "action": "message", "args": {"content": "é\ud800"}})
    second = taken.add({"source": "user", "action": "message", "args": {"content": ""}})
    assert [first.head.id, second.head.id] == [42, 43]
    events = json.loads(b"".join(taken.to_json()))
    assert list(events[1])[:3] == ["id", "timestamp", "source"]
    assert events[1]["args"]["content"] == "é\ud800"
    assert b"".join(taken.to_json()).isascii()


WORLDS = [
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
    pytest.param("docker", marks=pytest.mark.docker),
]

METADATA = {"function_name": "execute_bash", "tool_call_id": "call_1", "total_calls_in_response": 1}


@pytest.mark.parametrize("sandbox", WORLDS)
async def test_a_real_sandbox_tells_equal_from_nearly_equal_and_diverged(sandbox: str) -> None:
    events = [
        message(0, "go"),
        run(1, "echo hello", tool_call_metadata=METADATA),
        ran(2, 1, "hello"),
        run(3, "echo took 0.5s"),
        ran(4, 3, "took 0.1s"),
        run(5, "echo hello; (exit 3)"),
        ran(6, 5, "hello"),
        run(7, "echo bye"),
        ran(8, 7, "hello"),
        run(9, "echo alone"),
        {"id": 10, "source": "agent", "action": "finish", "args": {"final_thought": "done"}},
    ]
    session = await replayed(json.dumps(events).encode(), sandbox)
    assert session.state is State.FINISHED
    found = {
        result.id: (result.status, result.match, result.reason) for result in session.run.results.values()
    }
    assert found == {
        1: (Status.MATCHED, Match.EQUAL, ""),
        3: (Status.MATCHED, Match.NORMALISED, ""),
        5: (Status.DIVERGED, None, "exit 0 → 3"),
        7: (Status.DIVERGED, None, 'output differs at line 1: "hello" → "bye"'),
        9: (Status.MATCHED, None, "nothing was recorded to compare with"),
    }
    assert session.summary() == (
        "5 steps: 1 equal, 1 equal after normalising, 1 with nothing to compare, "
        "2 diverged (step 5: exit 0 → 3, …)"
    )
    happened = json.loads(saved(session))
    assert [event["id"] for event in happened] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 10]
    assert happened[2]["tool_call_metadata"] == METADATA, "the answer belongs to the same tool call"
    assert happened[6]["extras"]["metadata"]["exit_code"] == 3
    for event in happened:
        assert parse(event).problems == ()
        assert event["source"] in ("agent", "user", "environment")
    again = await replayed(saved(session), sandbox)
    assert [event["id"] for event in json.loads(saved(again))] == [event["id"] for event in happened]
    assert {result.match for result in again.run.results.values()} == {Match.EQUAL}


@pytest.mark.bubblewrap
async def test_what_is_put_off_comes_in_the_order_of_the_recording_and_none_is_lost() -> None:
    events = [message(0, "go")]
    for id in range(1, 40, 3):
        events += [run(id, f"echo {id}"), ran(id + 1, id, str(id)), message(id + 2, f"after {id}")]
    told: list[notices.Notice] = []
    session = Session(Trajectory.from_bytes(json.dumps(events).encode()), Settings("bubblewrap"))
    session.subscribe(told.append)
    session.resume()
    await session.idle()
    done = [change.result.uid for change in told if isinstance(change, notices.StepDone)]
    assert done == sorted(session.run.results) == list(range(1, 40, 3))
    assert [entry.origin for entry in session.run.entries] == list(range(len(events)))
    assert all(result.match is Match.EQUAL for result in session.run.results.values())
    await session.close()
