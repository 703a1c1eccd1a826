"""Going back brings the world that was there, not one that is made again."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from accounts import Account, account
from documents import of_commands, ran, run
from exactly import Walk, files_of
from needs import IMAGE
from program import ROOT
from trajcore.sandbox.base import SandboxSettings
from trajcore.sandbox.machines.docker.machine import DockerMachine
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from worlds import KINDS

__all__ = ["account"]

TESTS = ROOT / "tests"
SEEDS = (6, 17)
"""Walks that go back and forth several times each, also to breakpoints."""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
async def test_each_place_is_the_world_that_it_was(kind: str, seed: int) -> None:
    walk = Walk(kind, IMAGE, seed)
    await walk.go(16)
    assert walk.returned


@pytest.mark.docker
@pytest.mark.parametrize("seed", SEEDS[:1])
async def test_also_where_the_files_of_a_container_cannot_be_reached_from_here(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DockerMachine, "layers", _nothing)
    walk = Walk("docker", IMAGE, seed)
    await walk.go(16)
    assert walk.returned


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(3)
def test_for_whoever_runs_it(kind: str, account: Account) -> None:
    assert walked(account, kind, 6, 12) > 0


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("portion", range(10))
async def test_each_place_is_the_world_that_it_was_in_many_walks(kind: str, portion: int) -> None:
    for seed in range(1000 + 5 * portion, 1005 + 5 * portion):
        await Walk(kind, IMAGE, seed).go(24)


@pytest.mark.long
@pytest.mark.docker
async def test_also_where_files_cannot_be_reached_in_many_walks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DockerMachine, "layers", _nothing)
    for seed in range(2000, 2020):
        await Walk("docker", IMAGE, seed).go(20)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_for_whoever_runs_it_in_many_walks(kind: str, account: Account) -> None:
    for seed in range(3000, 3010):
        walked(account, kind, seed, 20)


@pytest.mark.parametrize("kind", KINDS)
async def test_variables_of_a_notebook_are_lost_or_made_again_and_both_is_said(kind: str) -> None:
    code = "import uuid; v = uuid.uuid4(); print(v)"
    cell = {"source": "agent", "action": "run_ipython", "args": {"code": code}}
    answer = {"source": "agent", "observation": "run_ipython", "content": "", "extras": {}}
    events = [
        *json.loads(of_commands("echo $RANDOM$RANDOM > a")),
        {**cell, "id": 10}, {**answer, "id": 11, "cause": 10},
        run(12, "cp a b"), ran(13, 12, ""),
    ]  # fmt: skip
    trajectory = Trajectory.from_bytes(json.dumps(events).encode())
    session = Session(trajectory, Settings(kind, SandboxSettings(image=IMAGE), checkpoints=8))
    try:
        await stepped(session, 2)
        before = await files_of(session._replay.world.sandbox)
        await stepped(session)
        straight, again = session.back_to_step()
        assert (straight.steps, straight.lost) == (0, ("the notebook's Python",))
        assert (again.steps, again.lost) == (1, ())
        session.go_back(straight)
        await session.idle()
        assert await files_of(session._replay.world.sandbox) == before
        await stepped(session)
        session.go_back(session.back_to_step()[-1])
        await session.idle()
        remade = session._replay.remade
        assert remade is not None
        assert session.trajectory.index_of_uid(remade.uid) == 3
    finally:
        await session.close()


async def stepped(session: Session, times: int = 1) -> None:
    for _ in range(times):
        session.step()
        await session.idle()


async def _nothing(self: DockerMachine) -> None:
    return None


def walked(account: Account, kind: str, seed: int, operations: int) -> int:
    """A walk as somebody else; how many times it was exactly there again."""
    for name in ("exactly.py", "typist.py"):
        shutil.copy(TESTS / name, account.home)
    command = [*account.python, str(account.home / "exactly.py"), kind, IMAGE, str(seed), str(operations)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return int(done.stdout.split()[-1])


@pytest.mark.bubblewrap
async def test_a_place_outlives_those_behind_it_of_the_same_files() -> None:
    """Going back over a step that changed nothing forgets the place behind it, and not the one before it."""
    events = json.loads(of_commands("echo $RANDOM$RANDOM > number", "true", "true", "true"))
    trajectory = Trajectory.from_bytes(json.dumps(events).encode())
    session = Session(trajectory, Settings("bubblewrap", checkpoints=8))
    try:
        await stepped(session, 4)
        before = await files_of(session._replay.world.sandbox)
        for _ in range(3):
            route = session.back_to_step()[0]
            assert route.steps == 0, route.describe("")
            session.go_back(route)
            await session.idle()
        assert await files_of(session._replay.world.sandbox) == before
    finally:
        await session.close()
