"""What comes back is taken in while the next action is carried out: nobody who looks meanwhile sees a gap."""

from __future__ import annotations

import json

import pytest

from documents import ran, run
from trajcore import notices
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

pytestmark = [pytest.mark.asyncio, pytest.mark.bubblewrap]

STEPS = 12


def recorded(code: int = 0) -> bytes:
    """So many steps, of which the sixth fails; recorded with `code`."""
    events = []
    for number in range(STEPS):
        failing = number == 5
        command = "false" if failing else f"echo {number} >> log; echo {number}"
        output = "" if failing else str(number)
        events += [run(2 * number, command), ran(2 * number + 1, 2 * number, output, code if failing else 0)]
    return json.dumps(events).encode()


def opened(code: int = 0) -> Session:
    world = SandboxSettings(track_files=True)
    return Session(Trajectory.from_bytes(recorded(code)), Settings("bubblewrap", world, checkpoints=8))


async def test_whoever_looks_while_it_runs_sees_each_result_behind_its_step() -> None:
    session = opened(1)
    seen: list[tuple[int, int, bool]] = []

    def look(change: notices.Notice) -> None:
        if isinstance(change, notices.PositionChanged):
            at = session.position
            seen.append((at, len(session.results), session.result_of(at - 1 - (at - 1) % 2) is not None))
            assert not session.stale
            assert len(session.run) >= at

    session.subscribe(look)
    session.resume()
    await session.idle()
    assert session.failure is None
    assert [at for at, _, _ in seen] == list(range(1, 2 * STEPS + 1))
    assert all(results == (at + 1) // 2 and there for at, results, there in seen)
    assert not session.stale
    await session.close()


@pytest.mark.parametrize("condition", ["exit!=0", "diverged"])
async def test_a_breakpoint_that_is_set_while_it_runs_holds_from_then_on(condition: str) -> None:
    session = opened(0)

    def set_it(change: notices.Notice) -> None:
        if isinstance(change, notices.StepDone) and len(session.results) == 5:
            session.break_on(condition)

    session.subscribe(set_it)
    session.resume()
    await session.idle()
    assert session.position == 12
    await session.close()


async def test_each_step_of_a_run_at_full_speed_is_a_place_of_its_own() -> None:
    session = opened(1)
    session.resume()
    await session.idle()
    for number in reversed(range(STEPS)):
        route = session.back_to(2 * number)[0]
        assert route.steps == 0, f"before step {number}"
        session.go_back(route)
        await session.idle()
        sandbox = await session._replay.world.ready()
        kept = [str(step) for step in range(number) if step != 5]
        if kept:
            text = (await sandbox.files.read(f"{sandbox.directory}/log")).decode()
            assert text.split() == kept
        assert len(session.results) == number
    await session.close()
