"""Saving where others are at work: links in the way, names that are taken, two savers of one file."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from documents import message
from edited import DATA, edited, path
from killing import killed_everywhere
from trajcore import storage
from trajcore.errors import BadInput, FileChanged
from trajcore.storage import write_atomically
from trajcore.trajectory import Trajectory

__all__ = ["path"]


# Links


@pytest.mark.parametrize("leads_to", ["nothing", "file", "directory", "link"])
def test_a_save_follows_no_link(path: Path, tmp_path: Path, leads_to: str) -> None:
    away = tmp_path / "away"
    away.mkdir()
    victim = away / "victim"
    if leads_to == "file":
        victim.write_text("mine")
    elif leads_to == "directory":
        victim.mkdir()
    elif leads_to == "link":
        victim.symlink_to("further")
    link = path.with_name("demo.run.json")
    link.symlink_to(victim)
    before = sorted(away.rglob("*"))
    with pytest.raises(BadInput, match="link"):
        write_atomically(link, [b"ours"])
    with pytest.raises(BadInput, match="link"):
        edited(path).save(link)
    assert link.is_symlink()
    assert sorted(away.rglob("*")) == before
    assert leads_to != "file" or victim.read_text() == "mine"
    assert path.read_bytes() == DATA


def test_directories_on_the_way_may_be_links(path: Path, tmp_path: Path) -> None:
    way = tmp_path / "way"
    way.symlink_to(path.parent)
    assert edited(path).save(way / "copy.json").read_bytes() != DATA


def test_the_systems_own_links_lead_to_the_program_that_reads(path: Path) -> None:
    reader, writer = os.pipe()
    try:
        write_atomically(Path(f"/dev/fd/{writer}"), [b"ours"])
        assert os.read(reader, 100) == b"ours"
    finally:
        os.close(reader)
        os.close(writer)


def test_a_file_opened_through_a_link_is_saved_where_the_link_led_then(path: Path, tmp_path: Path) -> None:
    link, victim = tmp_path / "link.json", tmp_path / "victim"
    victim.write_text("mine")
    link.symlink_to(path.name)
    trajectory = edited(link)
    link.unlink()
    link.symlink_to(victim)
    with pytest.raises(FileChanged):
        trajectory.save()
    trajectory.save(overwrite=True)
    assert victim.read_text() == "mine"
    assert path.read_bytes() == trajectory.to_bytes()


def test_a_link_among_the_files_of_an_event_store_is_not_written_through(tmp_path: Path) -> None:
    store, victim = tmp_path / "store", tmp_path / "victim.json"
    store.mkdir()
    victim.write_text(json.dumps(message(0)))
    (store / "0.json").symlink_to(victim)
    trajectory = edited(store)
    before = victim.read_bytes()
    with pytest.raises(BadInput, match="link"):
        trajectory.save()
    assert victim.read_bytes() == before


@contextmanager
def flipping(path: Path, victim: Path) -> Iterator[None]:
    """Somebody who puts now a link in the place of a file, now a file, now nothing, as fast as can be."""
    over = threading.Event()
    spare = path.with_name("spare")

    def flip() -> None:
        while not over.is_set():
            spare.symlink_to(victim)
            spare.replace(path)
            spare.write_text("a file")
            spare.replace(path)
            path.unlink(missing_ok=True)

    flipper = threading.Thread(target=flip)
    flipper.start()
    try:
        yield
    finally:
        over.set()
        flipper.join()


@pytest.mark.parametrize("there", [True, False])
def test_a_link_that_comes_between_the_check_and_the_writing_is_not_followed(
    tmp_path: Path, there: bool
) -> None:
    victim, path = tmp_path / "away" / "victim", tmp_path / "here" / "t.json"
    victim.parent.mkdir()
    path.parent.mkdir()
    if there:
        victim.write_text("mine")
    with flipping(path, victim):
        end = time.monotonic() + 2
        while time.monotonic() < end:
            try:
                write_atomically(path, [b"ours"])
            except BadInput:
                continue
    assert [other.name for other in victim.parent.iterdir()] == (["victim"] if there else [])
    assert not there or victim.read_text() == "mine"


def test_a_name_that_is_taken_meanwhile_is_not_taken_again(path: Path) -> None:
    other = path.with_name("other.json")

    def pieces() -> Iterator[bytes]:
        yield b"ours"
        other.symlink_to("nowhere")

    with pytest.raises(FileChanged, match="meanwhile"):
        write_atomically(other, pieces())
    assert other.is_symlink()
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, other.name}


@pytest.mark.parametrize("fault", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def test_a_disk_that_has_no_second_names_takes_new_files_too(
    path: Path, fault: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(fault, os.strerror(fault))

    other = path.with_name("other.json")
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", fail)
        write_atomically(other, [b"ours"])
    assert other.read_bytes() == b"ours"
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, other.name}


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_killed_at_any_system_call_of_writing_a_new_file_it_is_whole_or_not_there(tmp_path: Path) -> None:
    goal = tmp_path / "new.json"
    found = []

    def prepare() -> None:
        for other in tmp_path.iterdir():
            other.unlink()

    for _ in killed_everywhere(lambda: write_atomically(goal, [b"whole"]), prepare):
        found.append(goal.exists())
        assert not goal.exists() or goal.read_bytes() == b"whole"
        write_atomically(goal, [b"the next save"])
        assert list(tmp_path.iterdir()) == [goal]
    assert found == sorted(found)
    assert found[-1]


# Two savers


def _save(path: Path, number: int, both: Barrier, answers: multiprocessing.Queue[tuple[int, str]]) -> None:
    """Open, edit, and save with a rename that is slow; what came of it."""
    quick = os.replace

    def slow(*arguments: object, **options: object) -> None:
        time.sleep(0.02)
        quick(*arguments, **options)  # type: ignore[arg-type]

    os.replace = slow  # type: ignore[assignment]
    for turn in range(50):
        both.wait()
        trajectory = Trajectory.open(path)
        trajectory.set_value(number, ("message",), f"{turn}")
        both.wait()
        try:
            trajectory.save()
            said = "saved"
        except FileChanged:
            said = "told"
        answers.put((turn, said))
        both.wait()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_of_two_who_save_one_file_the_second_is_told(path: Path) -> None:
    processes = multiprocessing.get_context("fork")
    both, answers = processes.Barrier(3, timeout=60), processes.Queue()
    savers = [processes.Process(target=_save, args=(path, number, both, answers)) for number in range(2)]
    for saver in savers:
        saver.start()
    for turn in range(50):
        both.wait()
        both.wait()
        both.wait()
        said = sorted(answers.get(timeout=10)[1] for _ in savers)
        written = [Trajectory.open(path).data(index)["message"] for index in range(2)]
        assert said == ["saved", "told"]
        assert [text == f"{turn}" for text in written].count(True) == 1
    for saver in savers:
        saver.join()


def test_of_two_who_take_one_new_name_the_second_is_told(path: Path) -> None:
    goal = path.with_name("copy.json")
    start = threading.Barrier(4)
    said = []

    def save() -> None:
        job = edited(path).saving(goal)
        start.wait()
        try:
            job.write()
        except FileChanged:
            said.append("told")
        else:
            said.append("saved")

    savers = [threading.Thread(target=save) for _ in range(4)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()
    assert sorted(said) == ["saved", "told", "told", "told"]


def test_a_file_that_was_to_be_overwritten_and_is_another_by_then_is_left_alone(path: Path) -> None:
    goal = path.with_name("copy.json")
    goal.write_bytes(b"seen")
    job = edited(path).saving(goal)
    goal.write_bytes(b"not seen")
    with pytest.raises(FileChanged):
        job.write()
    assert goal.read_bytes() == b"not seen"


def test_somebody_who_keeps_the_lock_is_not_waited_for_without_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_PATIENCE", 0.2)
    held = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BadInput, match="another program"):
            edited(path).save()
    finally:
        os.close(held)
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == DATA
    edited(path).save()


def test_a_lock_dies_with_who_had_it(path: Path) -> None:
    child = os.fork()
    if child == 0:
        held = os.open(path.parent, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    edited(path).save()
