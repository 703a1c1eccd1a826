"""Any key at any moment, on every screen: the program lives, nothing goes wrong, and no key takes long."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from textual.app import App

from monkey import BEFORE, FORMS, STAGES, Monkey, debugger, harmless, keys, recording, screens, walk
from program import write
from trajcore.views.question import Question
from trajtui.app import TrajApp
from trajtui.pictured import _Drawn
from trajtui.screens.beforehand import AskFirst, PickRow
from trajtui.screens.browse import Browse
from trajtui.screens.ownbranches import ComparedOwn, OwnBranchList
from trajtui.screens.picture import PictureScreen
from trajtui.screens.start import StartApp

__all__ = ["harmless"]

_EARLIEST = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89)
"""So many messages of the program come between what leads to a screen and the stroke."""

PROGRAMS: dict[type[App[Any]], Callable[[Path], App[Any]]] = {
    TrajApp: debugger,
    StartApp: lambda path: StartApp(),
    PickRow: lambda path: PickRow("a.jsonl", [(number, f"row [{number}]", "") for number in range(100)]),
    AskFirst: lambda path: AskFirst(Question("Which?", {"no": "none", "yes": "[all]"})),
}


@pytest.fixture
def path(harmless: Path) -> Path:
    return write(harmless / "recording.json", recording())


async def at_stages(
    path: Path, stages: Iterable[str], pressed: Callable[[], Iterable[tuple[int, str]]]
) -> Monkey:
    """Go to each stage, again for each stroke that is pressed there, as early as is said."""
    monkey = Monkey(lambda: debugger(path))
    await monkey.start()
    await monkey.play(BEFORE)
    for stage in stages:
        *way, last = (STAGES | FORMS)[stage]
        for messages, stroke in pressed():
            if not monkey.lives and not monkey.fault:
                await monkey.stop()
                await monkey.start()
                await monkey.play(BEFORE)
            if monkey.fault:
                break
            await monkey.go_home()
            await monkey.play(way)
            path.write_bytes(path.read_bytes() + b" ")
            monkey.press_behind(messages, stroke)
            monkey.press(last)
            await monkey.settle()
    await monkey.stop()
    return monkey


async def at_starts(make: Callable[[], App[Any]], pressed: Iterable[tuple[int, str]]) -> Monkey:
    """Start a program again for each stroke."""
    monkey = Monkey(make)
    for messages, stroke in pressed:
        monkey.press_behind(messages, stroke)
        await monkey.start()
        await monkey.settle()
        await monkey.stop()
        if monkey.fault:
            break
    return monkey


def sample(seed: int, count: int) -> list[tuple[int, str]]:
    chance = random.Random(seed)
    return [(chance.choice(_EARLIEST), chance.choice(keys())) for _ in range(count)]


async def test_every_screen_is_on_the_way_of_the_monkey(path: Path) -> None:
    monkey = await at_stages(path, STAGES, lambda: [(0, "away")])
    assert not monkey.fault, monkey.fault
    reached = {one for one in monkey.seen if one.__module__.startswith("trajtui.")}
    # One comes once a process has decoded the picture, one is of the start screen, two are of a conversation
    # with branches: all have tests of theirs.
    elsewhere = {PictureScreen, Browse, OwnBranchList, ComparedOwn}
    # A picture is drawn by a program that nobody is at.
    assert reached | elsewhere | set(PROGRAMS) == screens() - {_Drawn} | {TrajApp}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
@pytest.mark.sampled(4)
async def test_a_key_in_the_first_moment_of_a_program(path: Path, program: type[App[Any]]) -> None:
    monkey = await at_starts(lambda: PROGRAMS[program](path), sample(1, 6))
    assert not monkey.fault, monkey.fault


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
async def test_each_key_in_the_first_moment_of_a_program(path: Path, program: type[App[Any]]) -> None:
    chance = random.Random(program.__name__)
    pressed = [(chance.choice(_EARLIEST), key) for key in keys()]
    monkey = await at_starts(lambda: PROGRAMS[program](path), pressed)
    assert not monkey.fault, monkey.fault


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.sampled(4)
async def test_a_key_in_the_first_moment_of_a_screen(path: Path, seed: int) -> None:
    stages = [*list(STAGES)[seed::4], *random.Random(seed).sample(list(FORMS), 3)]
    strokes = iter(sample(seed, len(stages)))
    monkey = await at_stages(path, stages, lambda: [next(strokes)])
    assert not monkey.fault, monkey.fault


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("stage", STAGES | FORMS)
async def test_each_key_in_the_first_moment_of_a_screen(path: Path, stage: str) -> None:
    """A key is pressed at a third of all that can be done, and at an eighth of the forms: one screen."""
    chance = random.Random(stage)
    alike, share = (STAGES, 3) if stage in STAGES else (FORMS, 8)
    pressed = keys()[list(alike).index(stage) % share :: share]
    monkey = await at_stages(path, [stage], lambda: [(chance.choice(_EARLIEST), key) for key in pressed])
    assert not monkey.fault, monkey.fault


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.sampled(5)
async def test_a_walk(path: Path, seed: int) -> None:
    monkey = Monkey(lambda: debugger(path))
    await walk(monkey, seed, 200)
    assert not monkey.fault, f"seed {seed}: {monkey.fault}"


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(100, 110))
async def test_a_long_walk(path: Path, seed: int) -> None:
    monkey = Monkey(lambda: debugger(path))
    await walk(monkey, seed, 1000)
    assert not monkey.fault, f"seed {seed}: {monkey.fault}"
