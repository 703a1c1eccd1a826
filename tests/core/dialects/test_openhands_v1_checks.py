"""What is wrong with conversations of OpenHands V1: each fault that is known of them is named and mended."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import (
    ID,
    call,
    contents,
    directory,
    event_id,
    message,
    other,
    prompt,
    ran,
    run,
    state,
    talk,
    unlinked,
)
from mutations import HARMLESS, MUTATIONS, NotThere, event_files
from recordings import V1
from trajcore.dialects.findings import Finding, Severity
from trajcore.document import saving
from trajcore.document.saving import Job
from trajcore.errors import BadInput
from trajcore.repairing import mending
from trajcore.trajectory import Trajectory

HEX = ID.replace("-", "")
NAMES = sorted(MUTATIONS)


def found(trajectory: Trajectory) -> list[Finding]:
    return trajectory.checking()()


def errors(trajectory: Trajectory) -> list[tuple[str, str]]:
    return [(one.code, one.text) for one in found(trajectory) if one.severity is Severity.ERROR]


def events_in(place: Path) -> set[str]:
    """What can be read of a conversation's events: their times, which are all different."""
    times = set()
    for path in event_files(place):
        try:
            event = json.loads(path.read_bytes())
        except ValueError:
            continue
        times.add(event["timestamp"])
    return times


def mutated(place: Path, name: str, number: int) -> bool:
    try:
        MUTATIONS[name][1](place, number)
    except NotThere:
        return False
    return True


def mended(place: Path, *, warnings: bool = True) -> list[Finding]:
    """Mend a conversation in its place; the answer is what was mended."""
    trajectory = Trajectory.open(place)
    said = [one.finding for one in mending(trajectory, warnings=warnings)]
    trajectory.save()
    return said


def test_nothing_is_wrong_with_a_sound_one_whose_bytes_stay(tmp_path: Path) -> None:
    for events, own in ((talk(), state(13)), (talk(), None), (unlinked(talk()), state(None))):
        place = directory(tmp_path / str(len(list(tmp_path.iterdir()))) / HEX, events, own)
        before = contents(place)
        assert found(Trajectory.open(place)) == []
        assert mended(place) == []
        assert contents(place) == before


@pytest.mark.parametrize("name", NAMES)
def test_each_fault_is_named_with_its_file_and_mended(name: str, tmp_path: Path) -> None:
    code = MUTATIONS[name][0]
    for number in (1, 4):
        place = directory(tmp_path / str(number) / HEX, talk(), state(13))
        assert mutated(place, name, number)
        broken, events = contents(place), events_in(place)
        trajectory = Trajectory.open(place)
        named = [finding for finding in found(trajectory) if finding.code == code]
        assert named
        assert all(finding.repair is not None for finding in named)
        assert all(finding.file.endswith(".json") for finding in named)
        expected = Severity.WARNING if name in HARMLESS else Severity.ERROR
        assert {finding.severity for finding in named} == {expected}
        assert contents(place) == broken
        said = mended(place, warnings=name in HARMLESS)
        assert code in {finding.code for finding in said}
        assert errors(Trajectory.open(place)) == []
        assert events <= events_in(place)
        whole = contents(place)
        assert mended(place, warnings=name in HARMLESS) == []
        assert contents(place) == whole


@pytest.mark.parametrize("name", sorted(set(NAMES) - HARMLESS))
def test_each_mend_is_an_edit_that_can_be_undone(name: str, tmp_path: Path) -> None:
    place = directory(tmp_path / HEX, talk(), state(13))
    assert mutated(place, name, 2)
    trajectory = Trajectory.open(place)
    texts, broken = list(trajectory.texts()), contents(place)
    count = sum(len(one.edits) for one in mending(trajectory))
    assert len(trajectory.history) == count > 0
    while trajectory.undo():
        pass
    assert list(trajectory.texts()) == texts
    trajectory.save()
    assert contents(place) == broken


def test_what_cannot_be_read_is_kept_beside_it(tmp_path: Path) -> None:
    place = directory(tmp_path / HEX, talk(), state(13))
    torn = event_files(place)[12]
    torn.write_bytes(torn.read_bytes()[:70])
    rest = torn.read_bytes()
    (place / "base_state.json").write_bytes(b'{"id": ')
    elsewhere = tmp_path / "copy"
    trajectory = Trajectory.open(place)
    assert {one.finding.code for one in mending(trajectory)} >= {"damaged", "no-state"}
    trajectory.save(elsewhere)
    assert torn.exists()
    mended(place)
    assert not torn.exists()
    for kept in (place, elsewhere):
        assert (kept / "damaged" / torn.name).read_bytes() == rest
        assert (kept / "damaged" / "base_state.json").read_bytes() == b'{"id": '
        assert len(event_files(kept)) == len(talk()) - 1
        assert errors(Trajectory.open(kept)) == []


def test_a_call_that_the_user_is_asked_about_is_no_fault(tmp_path: Path) -> None:
    events = [*talk()[:6], run(6, "rm -rf /")]
    place = directory(tmp_path / HEX, events, state(6, execution_status="waiting_for_confirmation"))
    assert found(Trajectory.open(place)) == []
    asked = directory(tmp_path / "other" / HEX, events, state(6, execution_status="running"))
    assert [code for code, _ in errors(Trajectory.open(asked))] == ["no-result"]


def test_what_answers_a_call_stands_behind_its_reply_and_says_that_it_never_ran(tmp_path: Path) -> None:
    events = [event for number, event in enumerate(talk()) if number not in (4, 5)]
    events[4] = {**events[4], "parent_id": event_id(3)}
    place = directory(tmp_path / HEX, events, state(13))
    mended(place)
    texts = [json.loads(path.read_bytes()) for path in event_files(place)]
    assert [event["kind"] for event in texts[2:7]] == [
        "ActionEvent", "ActionEvent", "AgentErrorEvent", "AgentErrorEvent", "ActionEvent",
    ]  # fmt: skip
    assert [event["tool_call_id"] for event in texts[4:6]] == ["call_2", "call_3"]
    assert "interrupted before completion" in texts[4]["error"]
    assert [event["parent_id"] for event in texts[1:]] == [event["id"] for event in texts[:-1]]


def test_the_tools_of_a_program_of_ones_own_are_left_alone_unless_they_are_asked_for(tmp_path: Path) -> None:
    tool = {
        "description": "Colours.", "action_type": "ColourAction", "observation_type": "ColourObservation",
        "kind": "ColourTool",
    }  # fmt: skip
    used = call(2, "colour", "ColourAction", hue="red")
    events = [{**prompt(), "tools": [tool]}, message(1, "user", "Paint."), used, ran(3, run(2, "x"), "done")]
    events[3]["observation"] = {**events[3]["observation"], "kind": "ColourObservation"}
    place = directory(tmp_path / HEX, events, state(3))
    assert {one.severity for one in found(Trajectory.open(place))} == {Severity.WARNING}
    assert mended(place, warnings=False) == []
    assert {one.code for one in mended(place)} >= {"unknown-action", "unknown-observation", "unknown-tool"}
    assert found(Trajectory.open(place)) == []


def test_the_other_way_to_mend_two_copies_is_offered_too(tmp_path: Path) -> None:
    place = directory(tmp_path / HEX, talk(), state(13))
    assert mutated(place, "action_alone", 0)
    trajectory = Trajectory.open(place)
    finding = next(one for one in found(trajectory) if one.code == "copies-differ")
    (other_way,) = finding.others
    assert [edit.label for edit in trajectory.mend(other_way)] == [other_way.words]
    assert trajectory.modern(2)["args"]["command"] == "echo one > f; ls"
    assert errors(trajectory) == []


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Messages, commands alone and several in a reply, with their results."""
    events = [prompt(), message(1, "user", "Go.")]
    for _ in range(draw(st.integers(2, 6))):
        at = len(events)
        what = draw(st.sampled_from(["user", "agent", "run", "batch", "beside"]))
        if what in ("user", "agent"):
            events.append(message(at, what, f"Words {at}."))
        elif what == "beside":
            events.append(other(at, "environment", "ConversationStateUpdateEvent", key="tags", value={}))
        else:
            count = draw(st.integers(2, 3)) if what == "batch" else 1
            calls = [run(at + place, f"echo {at}", reply=f"reply-{at}") for place in range(count)]
            events += calls
            events += [ran(at + count + place, one, f"{at}") for place, one in enumerate(calls)]
    return events


@given(
    conversations(),
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 40)), min_size=1, max_size=2),
    st.booleans(),
)
def test_whatever_came_over_a_conversation_it_is_mended_and_nothing_sound_is_lost(
    tmp_path_factory: pytest.TempPathFactory,
    events: list[dict[str, Any]],
    faults: list[tuple[str, int]],
    linked: bool,
) -> None:
    events = events if linked else unlinked(events)
    own = state(len(events) - 1) if linked else state(None)
    place = directory(tmp_path_factory.mktemp("c") / HEX, events, own)
    try:
        for name, number in faults:
            MUTATIONS[name][1](place, number)
    except (NotThere, ValueError, KeyError, IndexError, ZeroDivisionError, FileNotFoundError):
        pass  # what the first did left no place for the second
    there = events_in(place)
    try:
        Trajectory.open(place)
    except BadInput:
        return  # nothing is left that tells whose it is
    mended(place)
    assert errors(Trajectory.open(place)) == []
    assert there <= events_in(place)
    whole = contents(place)
    assert mended(place) == []
    assert contents(place) == whole
    shutil.rmtree(place)


@pytest.mark.skipif(not V1.exists(), reason="the recordings of OpenHands V1 are not there")
def test_real_ones_are_left_alone_and_mended_where_they_were_broken(tmp_path: Path) -> None:
    chance = random.Random(7)
    places = sorted(path.parent for path in V1.rglob("base_state.json"))
    assert len(places) > 20
    for number, real in enumerate(places):
        place = tmp_path / str(number) / real.name
        shutil.copytree(real, place)
        said = {finding.code for finding in mended(place, warnings=False)}
        assert said <= {"no-result"}
        if not said:
            assert contents(place) == contents(real)
        for name in chance.sample(NAMES, 3):
            shutil.rmtree(place)
            shutil.copytree(real, place)
            try:
                if not mutated(place, name, chance.randrange(40)):
                    continue
            except (KeyError, ZeroDivisionError, ValueError, IndexError):
                continue  # a log without parents, or a very short one
            there = events_in(place)
            mended(place)
            assert (errors(Trajectory.open(place)), there - events_in(place)) == ([], set())


class Killed(Exception):
    """The program ended here."""


def broken_off(job: Job, after: int) -> bool:
    """Write a save up to so many changes of the directory; whether there were so many."""
    left = after

    def step() -> None:
        nonlocal left
        if not left:
            raise Killed
        left -= 1

    unlink, write = Path.unlink, saving.write_atomically
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "unlink", lambda *args, **named: (step(), unlink(*args, **named)))
        patched.setattr(saving, "write_atomically", lambda *args, **named: (step(), write(*args, **named))[1])
        try:
            job.write()
        except Killed:
            return True
    return False


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("edit", ["delete", "insert", "move"])
@pytest.mark.sampled(3)
def test_a_save_that_is_broken_off_anywhere_is_named_and_mended(
    edit: str, linked: bool, tmp_path: Path
) -> None:
    events = talk() if linked else unlinked(talk())
    own = state(13) if linked else state(None)
    after = 0
    while True:
        place = directory(tmp_path / str(after) / HEX, events, own)
        trajectory = Trajectory.open(place)
        match edit:
            case "delete":
                trajectory.delete([6])
            case "insert":
                new = {"source": "user", "action": "message", "args": {"content": "And then?"}}
                trajectory.insert(2, [new])
            case "move":
                trajectory.move([6], -1)
        stays = {one["timestamp"] for one in events} & {
            json.loads(bytes(record)).get("timestamp") for record in trajectory._document.records
        }
        if not broken_off(trajectory.saving(), after):
            break
        mended(place, warnings=False)
        again = Trajectory.open(place)
        assert errors(again) == []
        assert stays <= events_in(place)
        numbers = [int(path.name[6:11]) for path in event_files(place)]
        assert numbers == list(range(len(numbers)))
        after += 1
    assert after > 8
    assert errors(Trajectory.open(place)) == []
