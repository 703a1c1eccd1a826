"""Bisect: which step is found, how many worlds that takes, and what is said where there is none."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trajcore
from documents import message, ran, run
from needs import IMAGE
from program import write
from trajcore.bisecting import Bisected, Bisecting, Visit, _middle
from worlds import KINDS

HOLDS = "test ! -e flag"


def recording(*commands: str) -> trajcore.Trajectory:
    events: list[dict[str, Any]] = [message(0, "go")]
    for command in commands:
        id = len(events)
        events += [run(id, command), ran(id + 1, id)]
    return trajcore.Trajectory.from_bytes(json.dumps(events).encode())


def flipping(count: int, *steps: int) -> trajcore.Trajectory:
    """Steps that do nothing, but for those (from 1 on) that take the flag or put it up."""
    turn = "if [ -e flag ]; then rm flag; else echo up > flag; fi"
    return recording(*(turn if number in steps else "true" for number in range(1, count + 1)))


async def bisected(
    trajectory: trajcore.Trajectory, command: str = HOLDS, kind: str = "bubblewrap", **options: Any
) -> Bisected:
    return await trajcore.abisect(trajectory, command=command, sandbox=kind, image=IMAGE, **options)


def steps(found: Bisected) -> list[int]:
    return [visit.place.step for visit in found.visits]


def most(count: int) -> int:
    return math.ceil(math.log2(count)) + 2


@pytest.mark.parametrize("kind", KINDS)
async def test_the_step_is_found_with_what_it_changed(kind: str) -> None:
    found = await bisected(flipping(9, 4), kind=kind)
    assert found.first is not None
    assert (found.first.step, found.first.after, found.first.before) == (4, 7, 9)
    assert len(found.visits) <= most(9)
    assert found.result is not None
    assert found.result.files is not None
    assert [(file.path, file.kind) for file in found.result.files.files] == [("/workspace/flag", "added")]


@pytest.mark.bubblewrap
@settings(max_examples=6)
@given(st.data())
async def test_every_step_is_found_in_few_worlds(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 20))
    step = data.draw(st.integers(1, count))
    passes_first = data.draw(st.booleans())
    command = HOLDS if passes_first else "test -e flag"
    found = await bisected(flipping(count, step), command)
    assert found.first is not None
    assert found.first.step == step
    assert len(found.visits) <= most(count)
    verdicts = {visit.place.step: visit.passes for visit in found.visits}
    assert all(passes == (passes_first == (at < step)) for at, passes in verdicts.items())


@pytest.mark.long
@pytest.mark.bubblewrap
@pytest.mark.parametrize("count", range(1, 26))
async def test_whichever_step_it_is(count: int) -> None:
    for step in range(1, count + 1):
        found = await bisected(flipping(count, step))
        assert found.first is not None
        assert found.first.step == step
        assert len(found.visits) <= most(count)


@given(st.integers(1, 300), st.data())
def test_one_silent_place_costs_one_more_world(count: int, data: st.DataObject) -> None:
    """Without a sandbox: the way in which places are chosen."""
    step, mute = data.draw(st.integers(1, count)), data.draw(st.integers(1, count))
    low, high, silent, looked = 0, count, list[int](), 2
    while (middle := _middle(low, high, silent)) is not None:
        looked += 1
        if middle == mute:
            silent.append(middle)
        elif middle < step:
            low = middle
        else:
            high = middle
    assert low < step <= high
    assert looked <= most(count) + 1
    assert high - low == 1 or (low < mute < high and high - low == 2)


@pytest.mark.bubblewrap
async def test_a_place_without_a_verdict_is_gone_round() -> None:
    commands = ["true"] * 8
    commands[3] = "echo broken > broken"
    commands[5] = "rm broken; echo up > flag"
    found = await bisected(recording(*commands), f"test ! -e broken || exit 125; {HOLDS}")
    assert found.first is None
    assert "no verdict" in found.fault
    assert [place.step for place in found.doubtful] == [4, 5, 6]
    commands[5], commands[7] = "rm broken", "echo up > flag"
    found = await bisected(recording(*commands), f"test ! -e broken || exit 125; {HOLDS}")
    assert found.first is not None
    assert found.first.step == 8


@pytest.mark.bubblewrap
async def test_equal_verdicts_at_both_ends_are_said() -> None:
    found = await bisected(flipping(5), "exit 3")
    assert (found.first, steps(found)) == (None, [0, 5])
    assert found.fault == "it fails at both ends: exit 3 at the beginning, exit 3 at the end"
    found = await bisected(flipping(5, 2, 4))
    assert "it passes at both ends" in found.fault


@pytest.mark.bubblewrap
async def test_changes_back_and_forth_are_found_where_every_place_is_looked_at() -> None:
    found = await bisected(flipping(6, 2, 3, 5), everywhere=True)
    assert steps(found) == [0, 1, 2, 3, 4, 5, 6]
    assert [place.step for place in found.changes] == [2, 3, 5]
    assert found.first == found.changes[0]
    same = await bisected(flipping(3), everywhere=True)
    assert (same.first, same.fault) == (None, "its verdict is the same everywhere")


@pytest.mark.bubblewrap
async def test_what_is_in_question_lies_between_two_events() -> None:
    trajectory = flipping(8, 2, 5)
    found = await bisected(trajectory, good=5, bad="#13")
    assert found.first is not None
    assert (found.first.step, steps(found)[:2]) == (5, [3, 7])
    with pytest.raises(trajcore.BadInput, match="no step"):
        await bisected(trajectory, good=5, bad=5)
    with pytest.raises(trajcore.BadInput, match="no step"):
        await bisected(trajectory, good=13, bad=3)


@pytest.mark.bubblewrap
async def test_what_the_command_writes_can_be_the_verdict() -> None:
    found = await bisected(flipping(6, 4), "ls; exit 7", expect="^flag$")
    assert found.first is not None
    assert found.first.step == 4
    assert found.visits[0].words == "exit 7, not found"
    with pytest.raises(trajcore.BadInput, match="no regular expression"):
        await bisected(flipping(2, 1), "ls", expect="(")


@pytest.mark.bubblewrap
async def test_what_the_command_does_is_no_part_of_the_world() -> None:
    """It leaves, removes and goes elsewhere; the places it is run in are those of the recording alone."""
    nasty = "test ! -e flag; code=$?; rm -rf ./* /tmp/*; touch trace; cd /; exit $code"
    trajectory = recording("true", "ls > listing", "echo up > flag", "ls >> listing", "true")
    found = await bisected(trajectory, nasty, everywhere=True)
    assert [place.step for place in found.changes] == [3]
    assert not any("trace" in visit.tried.output for visit in found.visits)
    listing = await bisected(trajectory, "cat listing", everywhere=True)
    assert listing.visits[-1].tried.output.split() == ["listing", "flag", "listing"]


@pytest.mark.bubblewrap
async def test_a_command_that_does_not_end_gives_no_verdict(tmp_path: Path) -> None:
    config = write(tmp_path / "config.toml", {})
    config.write_text("[sandbox]\ntimeout = 1\n")
    hangs = "test -e flag && sleep 60; true"
    found = await bisected(flipping(2, 1), hangs, config=config)
    assert found.first is None
    assert found.fault.startswith("no verdict at the end: did not end within")


@pytest.mark.bubblewrap
async def test_the_shell_is_the_one_of_that_place() -> None:
    trajectory = recording("mkdir d", "cd d", "export X=1", "true", "cd ..")
    here = await bisected(trajectory, 'test "${PWD##*/}" = d', bad=7)
    assert here.first is not None
    assert here.first.step == 2
    variable = await bisected(trajectory, 'test -n "$X"')
    assert variable.first is not None
    assert variable.first.step == 3


@pytest.mark.parametrize("kind", ["recorded", "local"])
async def test_a_world_that_cannot_be_copied_is_refused_before_anything_is_run(kind: str) -> None:
    seen: list[Visit] = []
    with pytest.raises(trajcore.SandboxUnavailable, match="copies"):
        await bisected(flipping(2, 1), kind=kind, on_visit=seen.append)
    assert seen == []


@pytest.mark.bubblewrap
async def test_each_step_is_carried_out_no_more_than_twice_and_steps_that_are_none_are_not_in_question() -> (
    None
):
    played: list[int | str | None] = []

    def heard(notice: trajcore.notices.Notice) -> None:
        if isinstance(notice, trajcore.notices.StepDone):
            played.append(notice.result.id)

    searches: list[Bisecting] = []
    found = await bisected(flipping(64, 37), on_notice=heard, on_search=searches.append)
    assert found.first is not None
    assert searches[0].steps == 64
    assert len(played) <= 2 * 64
