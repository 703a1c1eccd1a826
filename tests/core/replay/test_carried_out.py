"""What was not carried out when it was recorded is not carried out, unless the user wants it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from needs import IMAGE
from trajcore.events.kinds import Service
from trajcore.replay.run import Status
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

pytestmark = pytest.mark.usefixtures("toy")

Events = list[dict[str, Any]]


@pytest.fixture
async def opened() -> AsyncIterator[Callable[..., Session]]:
    """Opens recordings; their sandboxes are gone after the test."""
    sessions: list[Session] = []

    def one(recording: Events | bytes, sandbox: str = "toy") -> Session:
        data = recording if isinstance(recording, bytes) else json.dumps(recording).encode()
        world = SandboxSettings(image=IMAGE, limits=Limits(no_change=1.5, hard=20.0))
        sessions.append(Session(Trajectory.from_bytes(data), Settings(sandbox, world)))
        return sessions[-1]

    yield one
    for session in sessions:
        await session.close()


async def played(session: Session) -> Session:
    session.resume()
    await session.idle()
    assert session.at_end, session.failure
    return session


def told(session: Session) -> list[tuple[str, str]]:
    return [(result.status.value, result.reason) for result in session.run.results.values()]


def error(id: int, cause: int, content: str) -> dict[str, Any]:
    return {"id": id, "cause": cause, "observation": "error", "content": content, "extras": {"error_id": ""}}


REFUSED: Events = [
    message(0),
    run(1, "touch one\ntouch two"),
    error(2, 1, "ERROR: Cannot execute multiple commands at once.\nProvided commands:\n(1) touch one"),
    run(3, "touch three"),
    error(4, 3, "Stop button pressed. The action has not been executed."),
    run(5, "ls"),
    ran(6, 5, content=""),
]


async def test_what_was_refused_changes_nothing(opened: Any) -> None:
    session = await played(opened(REFUSED))
    assert [status for status, _ in told(session)] == ["recorded", "recorded", "matched"]
    assert all("not carried out when it was recorded" in reason for _, reason in told(session)[:2])


async def test_the_user_can_have_it_carried_out(opened: Any) -> None:
    session = opened(REFUSED)
    assert [session.next_service(3) for _ in range(3)] == [Service.SKIP, Service.EXECUTE, Service.RECORDED]
    session.serve(3, Service.EXECUTE)
    await played(session)
    assert [status for status, _ in told(session)] == ["recorded", "diverged", "diverged"]
    assert session.run.results[session.trajectory.uid(5)].actual.content == "three"


async def test_a_choice_that_changes_nothing_makes_nothing_stale(opened: Any) -> None:
    session = await played(opened(REFUSED))
    session.serve(1, Service.RECORDED)
    session.serve(5, Service.EXECUTE)
    assert session.departure is None
    session.serve(3, Service.EXECUTE)
    assert session.departure == 3


@pytest.mark.sampled(2)
async def test_the_case_of_typed_text(opened: Any, cases: Path, kind: str) -> None:
    session = await played(opened((cases / "typed-text-in-the-output" / "case.json").read_bytes(), kind))
    assert [status for status, _ in told(session)] == ["matched"] * 8
    written = json.loads(b"".join(session.run.to_json()))
    assert [event["content"] for event in written if event.get("cause") in (3, 9, 15)] == [
        *("hello", "ab"),
        "xyz is 3\n  indented",
    ]


async def test_the_case_of_a_shell_that_has_ended(opened: Any, cases: Path, kind: str) -> None:
    session = await played(opened((cases / "step-never-executed" / "case.json").read_bytes(), kind))
    assert [status for status, _ in told(session)] == ["matched"] * 3


async def test_the_case_of_three_refusals(opened: Any, cases: Path, kind: str) -> None:
    session = await played(opened((cases / "never-carried-out" / "case.json").read_bytes(), kind))
    by_id = {result.id: result for result in session.run.results.values()}
    assert [id for id, result in by_id.items() if result.status is Status.RECORDED] == [1, 5, 10]
    assert [id for id, result in by_id.items() if result.status is Status.MATCHED] == [3, 8, 12, 14]
    assert all("not carried out" in by_id[id].reason for id in (1, 5, 10))
