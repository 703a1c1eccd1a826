"""Saving: whole or not at all, where the user meant it, and never over somebody else's work."""

from __future__ import annotations

import errno
import json
import os
import resource
import stat
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from documents import message
from edited import DATA, edited, path
from killing import killed_everywhere
from trajcore.errors import BadInput, FileChanged
from trajcore.storage import identity, write_atomically
from trajcore.trajectory import Trajectory

__all__ = ["path"]


def test_saving_writes_the_edited_file_and_leaves_nothing_else_behind(path: Path) -> None:
    trajectory = edited(path)
    assert trajectory.modified
    assert trajectory.save() == path
    assert path.read_bytes() == trajectory.to_bytes()
    assert not trajectory.modified
    assert list(path.parent.iterdir()) == [path]


def test_saving_a_copy_leaves_the_original_alone(path: Path) -> None:
    trajectory = edited(path)
    copy = path.with_name("copy.json")
    assert trajectory.save(copy) == copy
    assert copy.read_bytes() == trajectory.to_bytes()
    assert path.read_bytes() == DATA


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_saving_keeps_the_permissions(path: Path, mode: int) -> None:
    path.chmod(mode)
    edited(path).save()
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_gets_the_permissions_of_any_new_file(path: Path) -> None:
    other = path.with_name("other")
    other.touch()
    copy = edited(path).save(path.with_name("copy.json"))
    assert stat.S_IMODE(copy.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


def test_saving_through_a_symbolic_link_keeps_the_link(path: Path) -> None:
    link = path.with_name("link.json")
    link.symlink_to(path.name)
    trajectory = edited(link)
    trajectory.save()
    assert link.is_symlink()
    assert path.read_bytes() == trajectory.to_bytes()


def test_a_crash_while_writing_leaves_the_old_file_whole(path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half of it"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, pieces())
    assert path.read_bytes() == DATA
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_changed_behind_our_back_is_not_overwritten_unasked(path: Path) -> None:
    trajectory = edited(path)
    path.write_bytes(DATA + b"\n")
    with pytest.raises(FileChanged, match=r"recording\.json has changed on disk"):
        trajectory.save()
    assert path.read_bytes() == DATA + b"\n"
    assert trajectory.modified
    trajectory.save(overwrite=True)
    assert path.read_bytes() == trajectory.to_bytes()


def test_a_change_of_the_same_length_is_noticed(path: Path) -> None:
    trajectory = edited(path)
    before = path.stat()
    path.write_bytes(DATA.replace(b"hello", b"HELLO"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(FileChanged):
        trajectory.save()


def test_a_file_that_was_replaced_or_removed_is_noticed(path: Path) -> None:
    trajectory = edited(path)
    path.unlink()
    with pytest.raises(FileChanged):
        trajectory.save()
    trajectory.save(overwrite=True)
    assert path.read_bytes() == trajectory.to_bytes()


def test_what_we_saved_ourselves_is_no_change_behind_our_back(path: Path) -> None:
    trajectory = edited(path)
    trajectory.save()
    trajectory.set_value(1, ("message",), "again")
    trajectory.save()
    assert Trajectory.open(path).data(1)["message"] == "again"


def test_what_came_from_standard_input_has_to_be_given_a_name(tmp_path: Path) -> None:
    trajectory = Trajectory.from_bytes(DATA, "standard input")
    with pytest.raises(BadInput, match="name a file"):
        trajectory.save()
    assert trajectory.save(tmp_path / "named.json").read_bytes() == DATA


@pytest.mark.parametrize("place", ["missing/t.json", "file/t.json", "directory", "x" * 300])
def test_a_place_that_cannot_be_written_is_named_in_one_line(path: Path, place: str) -> None:
    (path.parent / "file").touch()
    (path.parent / "directory").mkdir()
    before = sorted(path.parent.rglob("*"))
    trajectory = edited(path)
    with pytest.raises(BadInput) as caught:
        trajectory.save(path.parent / place)
    assert str(caught.value).startswith(f"{path.parent / place} cannot be written: ")
    assert "\n" not in str(caught.value)
    assert trajectory.modified
    assert sorted(path.parent.rglob("*")) == before


def test_a_loop_of_links_is_named_in_one_line(path: Path) -> None:
    loop = path.with_name("loop.json")
    loop.symlink_to("loop.json")
    with pytest.raises(BadInput, match="cannot be written"):
        edited(path).save(loop)


def test_a_pipe_is_written_into_and_stays_a_pipe(path: Path) -> None:
    pipe = path.with_name("pipe")
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    trajectory = edited(path)
    trajectory.save(pipe)
    reader.join(10)
    assert received == [trajectory.to_bytes()]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_written_to_and_stays_a_device(path: Path) -> None:
    # A copy of the null device, so that no fault can replace the machine's own.
    null = path.with_name("null")
    try:
        os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root can make a device")
    edited(path).save(null)
    assert stat.S_ISCHR(null.stat().st_mode)


@pytest.fixture
def shared_directory() -> Iterator[Path]:
    """A directory that any user may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def as_ordinary_user(act: Callable[[], str]) -> str:
    """What `act` answers when whoever does it is not root, whom no permission stops."""
    if os.getuid() != 0:
        return act()

    def act_as_nobody() -> str:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        return act()

    return in_a_child(act_as_nobody)


def in_a_child(act: Callable[[], str]) -> str:
    """What `act` answers in a process of its own."""
    answers, ours = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = act()
            os.write(ours, answer.encode())
        finally:
            # Whatever happened, the child must not go on with the tests of its parent.
            os._exit(0)
    os.close(ours)
    with os.fdopen(answers, "rb") as file:
        answer = file.read().decode()
    os.waitpid(child, 0)
    return answer


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except BadInput as error:
        return str(error)
    return "done"


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_read_only_file_is_not_replaced(shared_directory: Path) -> None:
    path = shared_directory / "t.json"
    path.write_bytes(DATA)
    path.chmod(0o444)
    shared_directory.chmod(0o777)
    trajectory = edited(path)
    answer = as_ordinary_user(lambda: outcome(trajectory.save))
    assert answer == f"{path} cannot be written: the file is read-only."
    assert path.read_bytes() == DATA


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_read_only_directory_is_named_and_nothing_in_it_changes(shared_directory: Path) -> None:
    path = shared_directory / "t.json"
    path.write_bytes(DATA)
    path.chmod(0o666)
    shared_directory.chmod(0o555)
    trajectory = edited(path)
    answer = as_ordinary_user(lambda: outcome(trajectory.save))
    shared_directory.chmod(0o755)
    assert answer == (
        f"{path} cannot be written: a save puts a new file in its place, "
        f"and the directory {shared_directory} may not be written."
    )
    assert path.read_bytes() == DATA
    assert trajectory.modified


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_file_that_may_not_be_read_is_named(shared_directory: Path) -> None:
    path = shared_directory / "t.json"
    path.write_bytes(DATA)
    path.chmod(0o000)
    answer = as_ordinary_user(lambda: outcome(lambda: Trajectory.open(path)))
    assert answer == f"{path} cannot be read: Permission denied."


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_directory_that_may_not_be_entered_is_named(shared_directory: Path) -> None:
    inside = shared_directory / "inside"
    inside.mkdir()
    (inside / "t.json").write_bytes(DATA)
    inside.chmod(0o000)
    answer = as_ordinary_user(lambda: outcome(lambda: Trajectory.open(inside / "t.json")))
    assert answer == f"{inside / 't.json'} cannot be read: Permission denied."


# A save that is killed


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("target", ["recording.json", "copy.json"])
@pytest.mark.sampled(2)
def test_killed_at_any_system_call_of_a_save_the_old_file_or_the_new_one_is_there_whole(
    path: Path, target: str
) -> None:
    goal = path.with_name(target)
    trajectory = edited(path)
    new = trajectory.to_bytes()
    found = []

    def prepare() -> None:
        for other in path.parent.iterdir():
            other.unlink()
        # The file keeps its number and its time, so that the document still finds the one it opened.
        os.link(kept, path)
        if goal != path:
            goal.write_bytes(b"another file")

    kept = path.parent.with_name(f"{path.parent.name}-kept")
    os.link(path, kept)
    old = DATA if goal == path else b"another file"
    for _ in killed_everywhere(lambda: trajectory.save(goal), prepare):
        found.append(goal.read_bytes())
        assert goal == path or path.read_bytes() == DATA
        leftovers = [other for other in path.parent.iterdir() if other not in (path, goal)]
        assert len(leftovers) <= 1
        write_atomically(goal, [b"the next save"])
        assert [other for other in path.parent.iterdir() if other not in (path, goal)] == []
    assert set(found) == {old, new}
    assert found == sorted(found, key=lambda data: data == new)
    assert found[-1] == new


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_killed_at_any_system_call_of_saving_an_event_store_each_of_its_files_is_whole(
    tmp_path: Path,
) -> None:
    store, kept = tmp_path / "store", tmp_path / "kept"
    store.mkdir()
    kept.mkdir()
    for number in range(2):
        (kept / f"{number}.json").write_text(json.dumps(message(number)))
        os.link(kept / f"{number}.json", store / f"{number}.json")
    trajectory = Trajectory.open(store)
    for number in range(2):
        trajectory.set_value(number, ("message",), "edited")
    allowed = [{(kept / f"{number}.json").read_bytes(), trajectory.to_bytes(number)} for number in range(2)]

    def prepare() -> None:
        for other in store.iterdir():
            other.unlink()
        for number in range(2):
            os.link(kept / f"{number}.json", store / f"{number}.json")

    found = set()
    for _ in killed_everywhere(trajectory.save, prepare):
        both = tuple((store / f"{number}.json").read_bytes() for number in range(2))
        assert both[0] in allowed[0]
        assert both[1] in allowed[1]
        found.add(both)
    assert both == (trajectory.to_bytes(0), trajectory.to_bytes(1))
    assert len(found) == 3


def test_what_a_living_process_still_writes_is_left_alone(path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"first"
        write_atomically(path, [b"a save meanwhile"])
        yield b"second"

    write_atomically(path, pieces())
    assert path.read_bytes() == b"firstsecond"
    assert list(path.parent.iterdir()) == [path]


def test_files_that_only_look_like_leftovers_are_left_alone(path: Path) -> None:
    names = [".recording.json.tmp", ".recording.json.x.tmp", ".recording.json.999999999999.tmp.bak", "a.tmp"]
    for name in names:
        path.with_name(name).write_text("mine")
    directory = path.with_name(f".recording.json.{dead_process()}.0.tmp")
    directory.mkdir()
    edited(path).save()
    assert {other.name for other in path.parent.iterdir()} == {*names, path.name, directory.name}


def dead_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


# A save that fails


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_file_larger_than_the_system_allows_leaves_the_old_one_and_the_work_in_memory(path: Path) -> None:
    trajectory = edited(path)

    def save_with_little_room() -> str:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))
        said = outcome(trajectory.save)
        return f"{said} {trajectory.modified}"

    answer = in_a_child(save_with_little_room)
    assert answer == f"{path} cannot be written: it would be larger than files may be here. True"
    assert path.read_bytes() == DATA
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_the_work_in_memory(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.getuid() != 0:
        pytest.skip("only root can make a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False, capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be made here: {mounted.stderr.strip()}")
    try:
        path = disk / "t.json"
        data = json.dumps([message(0, "x" * 10_000)]).encode()
        path.write_bytes(data)
        trajectory = edited(path)
        (disk / "other").write_bytes(b"x" * 36_000)
        assert outcome(trajectory.save) == f"{path} cannot be written: no space is left on the disk."
        assert path.read_bytes() == data
        assert trajectory.modified
        assert {other.name for other in disk.iterdir()} == {"t.json", "other"}
        (disk / "other").unlink()
        trajectory.save()
        assert path.read_bytes() == trajectory.to_bytes()
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.parametrize("failing", ["open", "fsync", "fchmod", "fstat", "replace", "link"])
def test_whatever_call_fails_the_old_file_is_whole_and_nothing_is_left_beside_it(
    path: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trajectory = edited(path)

    def fail(*_arguments: object, **_options: object) -> object:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, fail)
        said = outcome(trajectory.save)
    if failing == "link":
        assert said == "done"
    else:
        assert said == f"{path} cannot be written: Input/output error."
        assert path.read_bytes() == DATA
        assert trajectory.modified
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_changes_while_it_is_saved_is_not_overwritten(path: Path) -> None:
    read = identity(path)

    def pieces() -> Iterator[bytes]:
        yield b"ours"
        path.write_bytes(b"somebody else's")

    def unchanged() -> None:
        if identity(path) != read:
            raise FileChanged("it has changed")

    with pytest.raises(FileChanged):
        write_atomically(path, pieces(), before=unchanged)
    assert path.read_bytes() == b"somebody else's"
    assert list(path.parent.iterdir()) == [path]


# What a saved file keeps


def test_saving_keeps_owner_and_group(path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a file to others")
    os.chown(path, 12345, 23456)
    path.chmod(0o640)
    edited(path).save()
    saved = path.stat()
    assert (saved.st_uid, saved.st_gid, stat.S_IMODE(saved.st_mode)) == (12345, 23456, 0o640)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_group_that_cannot_be_kept_gains_no_rights(shared_directory: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a file to others")
    path = shared_directory / "t.json"
    path.write_bytes(DATA)
    os.chown(path, 65534, 23456)
    path.chmod(0o664)
    shared_directory.chmod(0o777)
    trajectory = edited(path)
    assert as_ordinary_user(lambda: outcome(trajectory.save)) == "done"
    saved = path.stat()
    assert (saved.st_gid, stat.S_IMODE(saved.st_mode)) == (65534, 0o644)


def test_saving_keeps_extended_attributes(path: Path) -> None:
    try:
        os.setxattr(path, "user.comment", b"kept")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    edited(path).save()
    assert os.getxattr(path, "user.comment") == b"kept"


def test_a_new_file_in_a_directory_of_a_group_belongs_to_the_group(path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a directory to others")
    os.chown(path.parent, -1, 23456)
    path.parent.chmod(0o2775)
    copy = edited(path).save(path.with_name("copy.json"))
    assert copy.stat().st_gid == 23456


def test_a_name_of_the_greatest_length_can_be_saved(path: Path) -> None:
    longest = path.with_name("é" * 125 + ".json")
    edited(path).save(longest)
    assert Trajectory.open(longest).data(0)["message"] == "edited"


def test_progress_counts_the_bytes_written(path: Path) -> None:
    told: list[int] = []
    data = b"x" * (9 << 20)
    write_atomically(path, [data, b"end"], progress=told.append)
    assert path.read_bytes() == data + b"end"
    assert told == sorted(set(told))
    assert len(told) >= 2
