"""Saving: whole or not at all, where the user meant it, and never over somebody else's work."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from documents import message
from trajcore.errors import BadInput, FileChanged
from trajcore.storage import write_atomically
from trajcore.trajectory import Trajectory

DATA = json.dumps([message(0), message(1)], indent=2).encode() + b"\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "recording.json"
    path.write_bytes(DATA)
    return path


def edited(path: Path) -> Trajectory:
    trajectory = Trajectory.open(path)
    trajectory.set_value(0, ("message",), "edited")
    return trajectory


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
    answers, ours = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
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
    assert answer == f"{path} cannot be written: Permission denied."
    assert path.read_bytes() == DATA


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
