"""Where a way back executes steps again, what comes out otherwise is named: it is another world."""

from __future__ import annotations

import pytest

from documents import of_commands
from needs import IMAGE
from trajcore import notices
from trajcore.api import report_of
from trajcore.replay.remade import first_remade
from trajcore.replay.run import Status, StepResult
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views.event import blocks_for
from trajcore.views.question import way_back
from trajcore.views.rows import row_line
from trajcore.views.timeline import Timeline
from worlds import KINDS

pytestmark = pytest.mark.usefixtures("toy")


def opened(sandbox: str, *commands: str, network: bool = False) -> Session:
    limits = Limits(no_change=15.0, hard=30.0)
    world = SandboxSettings(image=IMAGE, limits=limits, track_files=True, network=network)
    return Session(Trajectory.from_bytes(of_commands(*commands)), Settings(sandbox, world))


async def there_and_back(session: Session) -> list[str]:
    """Played to the end and taken back by one step, without a checkpoint; the warnings."""
    warnings: list[str] = []

    def listen(told: notices.Notice) -> None:
        if isinstance(told, notices.Said) and told.severity == "warning":
            warnings.append(told.text)

    session.resume()
    await session.idle()
    assert session.failure is None
    session.subscribe(listen)
    session.go_back(session.back_to_step()[0])
    await session.idle()
    assert session.failure is None
    return warnings


@pytest.mark.parametrize("sandbox", KINDS)
@pytest.mark.parametrize(
    ("chance", "what"),
    [
        ("echo $RANDOM$RANDOM", "another output"),
        ("echo $RANDOM$RANDOM > file", "/file"),
        ("head -c 4096 /dev/urandom > file", "/file"),
        ("touch $(mktemp -u name-XXXXXXXX)", "/name-"),
    ],
)
@pytest.mark.sampled(3)
async def test_the_first_step_that_comes_out_otherwise_is_named(sandbox: str, chance: str, what: str) -> None:
    session = opened(sandbox, "echo same > other", chance, "cat other", "true")
    warnings = await there_and_back(session)
    assert session.remade is not None, session.run.results
    index, told = session.remade
    assert index == 3
    assert what in told
    assert any("step 3 gave another result this time" in text and what in text for text in warnings)
    timeline = Timeline(session.trajectory, session.run)
    notes = {line.label: line.note for line in (row_line(session, timeline[at]) for at in range(5))}
    assert notes["3"] == "remade"
    shown = " ".join(block.text for block in blocks_for(session, timeline[2]))
    assert "another result" in shown
    assert report_of(session, "it", 1.0).to_dict()["remade_from"] == 3
    await session.close()


@pytest.mark.parametrize("sandbox", KINDS)
async def test_what_comes_out_the_same_is_not_said_to_be_another(sandbox: str) -> None:
    commands = ("mkdir -p a && echo one > a/file", "ls -A a; echo two >> a/file", "cat a/file", "true")
    session = opened(sandbox, *commands)
    assert await there_and_back(session) == []
    assert session.remade is None
    assert report_of(session, "it", 1.0).to_dict()["remade_from"] is None
    await session.close()


async def test_a_world_that_is_made_anew_once_more_is_judged_anew() -> None:
    session = opened("toy", "echo one", "echo $RANDOM$RANDOM", "true")
    await there_and_back(session)
    assert session.remade is not None
    session.go_back(session.back_to(3)[0])
    await session.idle()
    assert session.remade is None
    session.restart()
    await session.idle()
    assert session.remade is None
    await session.close()


async def test_what_can_reach_the_network_is_not_executed_again_without_asking() -> None:
    for network in (False, True):
        session = opened("toy", "echo one", "echo two", "true", network=network)
        session.resume()
        await session.idle()
        routes = session.back_to_step()
        assert routes[0].steps == 2
        question = way_back(session, routes)
        assert (question is not None) is network
        if question is not None:
            assert "network" in question.answers["0"]
        assert way_back(session, session.back_to(0)) is None
        await session.close()


def test_an_exit_code_that_is_another_one_is_named_first() -> None:
    def result(uid: int, code: int, status: Status = Status.MATCHED) -> StepResult:
        return StepResult(uid, uid, "run", status, None, code, 0, 0.1, "", None, None)

    first = {1: result(1, 0), 3: result(3, 0, Status.SKIPPED), 5: result(5, 1)}
    again = {1: result(1, 0), 3: result(3, 7), 5: result(5, 2, Status.DIVERGED), 7: result(7, 0)}
    found = first_remade(first, again)
    assert found is not None
    assert (found.uid, found.what) == (5, "exit 1 → 2")
    assert first_remade(first, first) is None
