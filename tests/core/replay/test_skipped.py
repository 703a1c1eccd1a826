"""A step that the user skipped has not happened: neither a saved run nor a model is told of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from documents import called, message, ran, run
from trajcore.dialects.openhands_v0.checks.all import check
from trajcore.events.kinds import Service
from trajcore.journal.recovery import orphans
from trajcore.live.messages.history import messages
from trajcore.live.messages.results import NOT_EXECUTED
from trajcore.replay.run import Status
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

Events = list[dict[str, Any]]


def asked(*sizes: int, repeat: bool = False) -> Events:
    """A task, then responses of so many calls each; `repeat`: all use the same names of calls."""
    events = [message(0, "go")]
    for number, size in enumerate(sizes):
        calls = [f"call_{at}" if repeat else f"call_{number}_{at}" for at in range(size)]
        for at, call in enumerate(calls):
            said = called(call, f"response_{number}", *calls)
            said["total_calls_in_response"] = size
            id, command = len(events), f"echo {number}-{at}"
            events.append(run(id, command, tool_call_metadata=said))
            events.append(ran(id + 1, id, f"{number}-{at}", tool_call_metadata=said))
    return events


async def played(events: Events, *skipped: int, **kept: Any) -> Session:
    session = Session(Trajectory.from_bytes(json.dumps(events).encode()), Settings("recorded", **kept))
    for index in skipped:
        session.serve(index, Service.SKIP)
    session.resume()
    await session.idle()
    assert session.at_end, session.failure
    return session


def saved(session: Session) -> Events:
    written: Events = json.loads(b"".join(session.run.to_json()))
    return written


def calls_of(event: dict[str, Any]) -> tuple[str, list[str], int]:
    metadata = event["tool_call_metadata"]
    response = metadata["model_response"]
    calls = response["choices"][0]["message"]["tool_calls"]
    return response["id"], [call["id"] for call in calls], metadata["total_calls_in_response"]


def clean(events: Events) -> bool:
    return check([json.dumps(event).encode() for event in events]) == []


RESPONSES = st.lists(st.integers(1, 3), min_size=1, max_size=4)


@given(RESPONSES, st.sets(st.integers(0, 11)), st.booleans())
@settings(max_examples=40)
def test_what_was_skipped_is_nowhere(sizes: list[int], numbers: set[int], repeat: bool) -> None:
    events = asked(*sizes, repeat=repeat)
    skipped = [1 + 2 * number for number in sorted(numbers) if 2 * number + 1 < len(events)]
    session = asyncio.run(played(events, *skipped))
    happened = saved(session)

    gone = {id for index in skipped for id in (index, index + 1)}
    assert [event["id"] for event in happened] == [event["id"] for event in events if event["id"] not in gone]
    assert repeat or clean(happened)
    made: dict[str, list[str]] = {}
    for event in happened:
        if event.get("action") == "run":
            response, _, _ = calls_of(event)
            made.setdefault(response, []).append(event["tool_call_metadata"]["tool_call_id"])
    for event in happened[1:]:
        response, calls, total = calls_of(event)
        assert (calls, total) == (made[response], len(made[response]))

    told = messages(session.run.history(), system=None)
    assert NOT_EXECUTED not in [one["content"] for one in told]
    results = [one["content"] for one in told if one["role"] == "tool"]
    assert [text.split("\n")[0] for text in results] == [e["content"] for e in happened if "cause" in e]
    assert sum(len(one.get("tool_calls") or ()) for one in told) == len(results)

    assert saved(asyncio.run(played(happened))) == happened


async def test_what_is_skipped_is_still_a_step_that_was_skipped() -> None:
    session = await played(asked(1, 1), 1)
    assert [result.status for result in session.run.results.values()] == [Status.SKIPPED, Status.RECORDED]


async def test_a_step_that_is_skipped_by_itself_stays() -> None:
    waiting = run(1)
    waiting["args"]["confirmation_state"] = "awaiting_confirmation"
    assert [event["id"] for event in saved(await played([message(0), waiting]))] == [0, 1]


async def test_an_observation_of_another_kind_goes_too_and_a_condensation_forgets_it() -> None:
    empty = {"id": 3, "source": "agent", "cause": 1, "observation": "null", "content": "", "extras": {}}
    forgets = {"id": 4, "source": "agent", "action": "condensation", "args": {"forgotten_event_ids": [0, 1]}}
    happened = saved(await played([*asked(1), empty, forgets, message(5)], 1))
    assert [event["id"] for event in happened] == [0, 4, 5]
    assert happened[1]["args"]["forgotten_event_ids"] == [0]
    assert clean(happened)


async def test_a_response_without_an_id_is_known_by_what_it_says() -> None:
    events = asked(2)
    for event in events[1:]:
        event["tool_call_metadata"]["model_response"].pop("id", None)
    happened = saved(await played(events, 3))
    calls = happened[1]["tool_call_metadata"]["model_response"]["choices"][0]["message"]["tool_calls"]
    assert [call["id"] for call in calls] == ["call_0_0"]


async def test_a_saved_run_that_survived_a_crash_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(asked(2, 2)))
    session = Session(Trajectory.open(path), Settings("recorded", SandboxSettings(), keep_journal=True))
    session.serve(3, Service.SKIP)
    session.message("and now?")
    session.resume()
    await session.idle()
    expected = b"".join(session.run.to_json())
    await session.close()
    (orphan,) = orphans(Trajectory.open(path))
    try:
        assert b"".join(orphan.run().to_json()) == expected
    finally:
        orphan.release()
