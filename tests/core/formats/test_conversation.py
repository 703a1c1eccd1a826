"""Conversations in files: which belong to one, in which order, and what a save does to them."""

from __future__ import annotations

import fcntl
import json
import shutil
import time
import zipfile
from pathlib import Path

import pytest

from conversations import (
    answer,
    call,
    compact,
    contents,
    directory,
    event_id,
    file_name,
    hung,
    message,
    prompt,
    ran,
    run,
    state,
    talk,
)
from recordings import V1
from trajcore.dialects.told import What
from trajcore.errors import BadInput, FileChanged
from trajcore.formats.base import RowNeeded
from trajcore.trajectory import Trajectory
from trajcore.worlds.facts import found_in

LAST = 13


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return directory(tmp_path / "0f0f", talk(), state(LAST))


def test_a_directory_is_one_recording_whose_files_keep_their_bytes(place: Path) -> None:
    before = contents(place)
    trajectory = Trajectory.open(place)
    assert (trajectory.layout.format, trajectory.dialect.name) == ("conversation", "openhands_v1")
    assert trajectory.faults == ()
    trajectory.save()
    assert contents(place) == before


def test_so_are_its_events_alone_and_an_export_of_them(place: Path, tmp_path: Path) -> None:
    whole = Trajectory.open(place)
    assert Trajectory.open(place / "events").outline.kinds == whole.outline.kinds
    (place / "base_state.json").unlink()
    assert Trajectory.open(place).outline.kinds == whole.outline.kinds
    for index, event in enumerate(talk()):
        exported = tmp_path / "export" / f"event_{index:06d}_{event['id']}.json"
        exported.parent.mkdir(exist_ok=True)
        exported.write_text(json.dumps({**event, "critic_result": None}, indent=2))
    assert Trajectory.open(tmp_path / "export").outline.kinds == whole.outline.kinds


def test_one_of_its_files_stands_for_all_of_it_and_a_part_alone_is_named(place: Path, tmp_path: Path) -> None:
    for part in (place / "base_state.json", place / file_name(4, talk()[4])):
        whole = Trajectory.open(part)
        assert (whole.path, len(whole)) == (place, len(Trajectory.open(place)))
    whole.set_value(1, ("args", "content"), "x")
    assert whole.save() == place
    alone = tmp_path / "alone" / "base_state.json"
    alone.parent.mkdir()
    alone.write_bytes(compact({**state(1), "persistence_dir": "/x"}))
    with pytest.raises(BadInput, match="looks like an OpenHands V1 conversation"):
        Trajectory.open(alone)


def test_files_of_events_without_numbers_are_in_the_order_of_their_times(tmp_path: Path) -> None:
    for event in reversed(talk()):
        (tmp_path / f"{event['id'].replace('-', '')}.json").write_bytes(compact(event))
    trajectory = Trajectory.open(tmp_path)
    assert trajectory.head(1).kind == "message"
    trajectory.move([trajectory.resolve(event_id(12))], -1)
    with pytest.raises(BadInput, match="in the order of their times"):
        trajectory.save()


def test_one_of_several_conversations_is_picked_by_its_directory(place: Path, tmp_path: Path) -> None:
    assert len(Trajectory.open(tmp_path)) == len(Trajectory.open(place))
    directory(tmp_path / "abcd", talk()[:2])
    with pytest.raises(RowNeeded, match="0f0f, abcd"):
        Trajectory.open(tmp_path)
    assert len(Trajectory.open(tmp_path, row="abcd")) == 2
    with pytest.raises(BadInput, match="holds one conversation"):
        Trajectory.open(place, row="1")


def test_what_is_torn_is_named_and_kept(place: Path) -> None:
    torn, empty = place / file_name(4, talk()[4]), place / file_name(7, talk()[7])
    torn.write_bytes(torn.read_bytes()[:50])
    empty.write_bytes(b"")
    before = contents(place)
    trajectory = Trajectory.open(place)
    assert [trajectory.damage(at) is not None for at in range(8)] == [at in (4, 7) for at in range(8)]
    assert list(trajectory.damaged) == [4, 7]
    assert "event-00004" in trajectory.faults[0]
    codes = {finding.code for finding in trajectory.checking()()}
    assert codes == {"damaged", "no-result"}  # whose call is carried out again
    trajectory.set_value(1, ("args", "content"), "x")
    trajectory.save()
    assert {name for name, data in contents(place).items() if data != before[name]} == {
        file_name(1, talk()[1])
    }


def test_gaps_and_doubled_indices_and_other_ids_are_named(place: Path) -> None:
    events = talk()
    (place / file_name(12, events[12])).rename(place / file_name(14, events[12]))
    (place / file_name(13, events[13])).rename(place / file_name(11, events[13]))
    (place / file_name(2, events[2])).rename(place / f"events/event-00002-{event_id(99)}.json")
    faults = " ".join(Trajectory.open(place).faults)
    assert "there are no files with the indices 12 to 13" in faults
    assert "a second file with the index 11" in faults
    assert f"another id, '{event_id(2)}'" in faults
    (place / file_name(0, events[0])).rename(place / f"events/event-0-{event_id(0)}.json")
    assert "its name is none of the form event-00000-ID.json" in " ".join(Trajectory.open(place).faults)


def test_an_edit_writes_the_file_of_its_event_alone(place: Path) -> None:
    before = contents(place)
    trajectory = Trajectory.open(place)
    trajectory.set_value(1, ("args", "content"), "Make two.")
    job = trajectory.saving()
    assert [output.path.name for output in job.outputs] == [Path(file_name(1, talk()[1])).name]
    assert job.gone == []
    job.write()
    trajectory.saved(job)
    after = contents(place)
    changed = [name for name in before if after[name] != before[name]]
    assert (changed, set(before)) == ([file_name(1, talk()[1])], set(after))
    assert not trajectory.modified


def test_a_deletion_gives_the_files_behind_it_new_numbers(place: Path) -> None:
    trajectory = Trajectory.open(place)
    trajectory.delete([6])  # with its refusal
    trajectory.save()
    names = sorted(name for name in contents(place) if name.startswith("events/event"))
    assert [name[13:18] for name in names] == [f"{at:05d}" for at in range(12)]
    assert f"events/event-00006-{event_id(8)}.json" in names
    assert not (place / "events" / ".eventlog-len-14.marker").exists()
    again = Trajectory.open(place)
    assert again.faults == ()
    assert again.outline.kinds == trajectory.outline.kinds
    trajectory.undo()
    trajectory.save()
    assert Trajectory.open(place).outline.kinds[6:8] == ["run", "user_rejected"]


def test_an_event_that_comes_has_a_file_by_its_place_and_the_state_follows(place: Path) -> None:
    trajectory = Trajectory.open(place)
    new = {"source": "user", "action": "message", "args": {"content": "And then?"}}
    trajectory.insert(2, [new])
    trajectory.insert(len(trajectory), [new])
    trajectory.save()
    again = Trajectory.open(place)
    assert again.faults == ()
    assert list(again.texts()) == list(trajectory.texts())
    names = sorted(name for name in contents(place) if name.startswith("events/event"))
    assert len(names) == 16
    last = json.loads((place / names[-1]).read_bytes())
    assert json.loads((place / "base_state.json").read_bytes())["leaf_event_id"] == last["id"]
    assert names[-1] == f"events/event-00015-{last['id']}.json"
    assert b"\n" not in (place / names[-1]).read_bytes()


def test_saved_elsewhere_it_is_a_directory_with_all_that_belongs_to_it(place: Path, tmp_path: Path) -> None:
    (place / "observations").mkdir()
    (place / "observations" / "terminal_output_0a.txt").write_text("long")
    before = contents(place)
    trajectory = Trajectory.open(place)
    trajectory.set_value(1, ("args", "content"), "x")
    there = tmp_path / "there"
    trajectory.save(there)
    assert contents(place) == before
    copied = contents(there)
    assert set(before) - set(copied) == {"events/.eventlog.lock", "events/.eventlog-len-14.marker"}
    assert [name for name in copied if copied[name] != before[name]] == [file_name(1, talk()[1])]
    trajectory.delete([6])
    trajectory.save()
    again = Trajectory.open(there)
    assert (again.faults, list(again.texts())) == ((), list(trajectory.texts()))
    with pytest.raises(FileChanged):
        Trajectory.open(place).save(there)
    one = tmp_path / "one.json"
    Trajectory.open(place).save(one)
    assert Trajectory.open(one).outline.kinds == Trajectory.open(place).outline.kinds


def test_an_archive_is_saved_as_a_directory(place: Path, tmp_path: Path) -> None:
    packed = tmp_path / "download.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in contents(place).items():
            archive.writestr(f"0f0f/{name}", data)
    trajectory = Trajectory.open(packed)
    assert not trajectory.needs_name
    trajectory.save(tmp_path / "there")
    events = {name: data for name, data in contents(place).items() if "/event-" in name or "state" in name}
    assert contents(tmp_path / "there") == events


def test_what_a_helper_did_is_folded_under_the_call_that_asked_for_it(tmp_path: Path) -> None:
    asks = call(2, "task", "TaskAction", prompt="Count.", subagent_type="general-purpose")
    again = call(4, "task", "TaskAction", prompt="Once more.", subagent_type="general-purpose", resume="t1")
    told = [answer(at, one, "TaskObservation", "2", task_id="t1", subagent="x", status="completed")
            for at, one in ((3, asks), (5, again))]  # fmt: skip
    log = [prompt(), message(1, "user", "Ask."), asks, told[0], again, told[1], message(6, "agent", "Done.")]
    place = directory(tmp_path / "main", log, state(6))
    counts = run(102, "ls | wc -l")
    helper = [
        hung(prompt(100), None), message(101, "user", "Count."), counts, ran(103, counts, "2"),
        message(104, "agent", "2"), message(105, "user", "Once more."), message(106, "agent", "Still 2."),
    ]  # fmt: skip
    directory(place / "subagents" / "abcd", helper, state(106))
    before = contents(place)
    trajectory = Trajectory.open(place)
    outline = trajectory.outline
    assert outline.kinds[2:9] == ["delegate", "system", "message", "run", "run", "message", "delegate"]
    assert outline.delegations == {2: 8, 9: 12}
    assert [outline.depth(at) for at in range(14)] == [0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0]
    assert trajectory.unit_of(2) == (2, 3, 4, 5, 6, 7, 8)
    with pytest.raises(BadInput, match="a conversation of its own"):
        trajectory.duplicate([2])
    trajectory.insert(len(trajectory), [{"source": "user", "action": "message", "args": {"content": "hi"}}])
    trajectory.set_value(5, ("args", "command"), "true")
    trajectory.save()
    changed = {name for name, data in contents(place).items() if before.get(name) != data}
    assert len([name for name in changed if name.startswith("subagents/")]) == 2  # the command, and its echo
    assert Trajectory.open(place).outline.kinds == trajectory.outline.kinds
    while trajectory.undo():
        pass
    trajectory.save()
    kept = {name: data for name, data in before.items() if not name.endswith(".marker")}
    assert {name: data for name, data in contents(place).items() if not name.endswith(".marker")} == kept


def test_its_state_says_where_the_agent_worked(place: Path) -> None:
    found = found_in(Trajectory.open(place))
    assert {fact.what: fact.value for fact in found.facts}[What.DIRECTORY] == "/workspace"
    assert all("base_state.json" in fact.where or "event" in fact.where for fact in found.facts)
    assert found_in(Trajectory.open(place / "events")).value(What.SHELL) == "/workspace"


def test_what_somebody_else_wrote_is_not_lost(place: Path) -> None:
    trajectory = Trajectory.open(place)
    trajectory.set_value(1, ("args", "content"), "x")
    path = place / file_name(1, talk()[1])
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(FileChanged, match="has changed on disk"):
        trajectory.save()


def test_nothing_is_saved_while_another_program_holds_the_log(place: Path) -> None:
    trajectory = Trajectory.open(place)
    trajectory.set_value(1, ("args", "content"), "x")
    with (place / "events" / ".eventlog.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(FileChanged, match="is being written by another program"):
            trajectory.save()
    lease = {"expires_at": time.time() + 60, "owner_host": "elsewhere", "owner_pid": 1}
    (place / "owner_lease.json").write_text(json.dumps(lease))
    with pytest.raises(FileChanged, match="a server of OpenHands"):
        trajectory.save()
    (place / "owner_lease.json").write_text(json.dumps({**lease, "expires_at": 1}))
    trajectory.save()


def test_an_archive_of_it_is_the_same_recording(place: Path, tmp_path: Path) -> None:
    packed = tmp_path / "download.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in contents(place).items():
            archive.writestr(f"0f0f/{name}", data)
    whole, trajectory = Trajectory.open(place), Trajectory.open(packed)
    assert trajectory.layout.format == "conversation"
    assert list(trajectory.texts()) == list(whole.texts())
    assert packed.read_bytes()[:2] == b"PK"


def test_what_is_no_conversation_is_none(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    with pytest.raises(BadInput, match="no events in it"):
        Trajectory.open(tmp_path)
    (tmp_path / "events" / f"event-00000-{event_id(0)}.json").write_text("{")
    with pytest.raises(BadInput, match=r"event-00000-.* is not JSON"):
        Trajectory.open(tmp_path, format="conversation")


def test_a_name_says_nothing_of_the_agent(tmp_path: Path) -> None:
    (tmp_path / f"event-00000-{event_id(0)}.json").write_bytes(b'{"role": "user", "content": "hello"}')
    with pytest.raises(BadInput):
        Trajectory.open(tmp_path)
    directory(tmp_path / "1", [prompt(), message(1, "user", "go")])
    shutil.move(tmp_path / "1", tmp_path / "x.json")
    assert len(Trajectory.open(tmp_path / "x.json")) == 2


@pytest.mark.skipif(not V1.exists(), reason="the recordings of OpenHands V1 are not there")
def test_each_real_conversation_opens_and_keeps_its_bytes(tmp_path: Path) -> None:
    states = sorted(path.parent for path in V1.rglob("events") if path.is_dir())
    packed = [
        *V1.rglob("*.zip"),
        *V1.rglob("events_search_pages.json"),
        *V1.rglob("*.jsonl"),
    ]
    flat = sorted({path.parent for path in V1.rglob("event-*.json") if path.parent.name != "events"})
    assert len(states) > 20
    for place in (*states, *packed, *flat):
        trajectory = Trajectory.open(place, row="0" if place.suffix == ".jsonl" else None)
        assert trajectory.dialect.name == "openhands_v1"
        assert trajectory.faults == ()
        for number, source in enumerate(trajectory.layout.sources):
            assert trajectory.to_bytes(number) == source.data
        assert all(trajectory.parsed(at).problems == () for at in range(len(trajectory)))
