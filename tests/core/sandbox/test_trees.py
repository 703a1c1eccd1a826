import contextlib
import io
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

from swapping import changed_at_any_moment
from trajcore.sandbox.trees.copying import LeftOut, copy_tree, pack_tree, remove_tree


def tree(root: Path) -> Path:
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "file").write_bytes(b"\0\1")
    (root / "run.sh").write_text("x")
    (root / "run.sh").chmod(0o755)
    (root / "out").symlink_to("/etc")
    os.mkfifo(root / "fifo")
    return root


def test_copying_keeps_modes_and_links_and_leaves_pipes_out(tmp_path: Path) -> None:
    target = tmp_path / "b"
    target.mkdir()
    copy_tree(tree(tmp_path / "a"), target)
    assert (target / "sub" / "file").read_bytes() == b"\0\1"
    assert (target / "run.sh").stat().st_mode & 0o777 == 0o755
    assert str((target / "out").readlink()) == "/etc"
    assert not (target / "fifo").exists()


def test_packing_makes_root_the_owner(tmp_path: Path) -> None:
    packed = io.BytesIO()
    pack_tree(tree(tmp_path / "a"), packed)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as archive:
        names = {entry.name: entry for entry in archive}
    assert set(names) == {"sub", "sub/file", "run.sh", "out"}
    assert {entry.uid for entry in names.values()} == {0}


def test_removing_never_follows_links_and_needs_no_modes(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "kept").write_text("x")
    root = tmp_path / "root"
    (root / "work" / "work").mkdir(parents=True)
    (root / "work" / "link").symlink_to(outside)
    (root / "work" / "work").chmod(0)
    remove_tree(root)
    assert not root.exists()
    assert (outside / "kept").exists()
    assert outside.stat().st_mode & 0o777 == 0o755


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    root = tree(tmp_path / "a")
    target = tmp_path / "b"
    target.mkdir()
    assert copy_tree(root, target).sentence() == "1 socket, pipe or device (fifo)"
    assert pack_tree(root, io.BytesIO())[0].sentence() == "1 socket, pipe or device (fifo)"
    (root / "fifo").unlink()
    (tmp_path / "c").mkdir()
    assert copy_tree(root, tmp_path / "c").sentence() == ""


def test_a_long_list_is_cut() -> None:
    left_out = LeftOut(unreadable=["a", "b", "c", "d"])
    assert left_out.sentence() == "4 unreadable entries (a, b, c, …)"
    left_out.special.append("x")
    assert left_out.sentence() == ("1 socket, pipe or device (x) and 4 unreadable entries (a, b, c, …)")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a" / "closed").mkdir(parents=True)
    (tmp_path / "a" / "closed").chmod(0)
    (tmp_path / "a" / "secret").touch(mode=0)
    (tmp_path / "b").mkdir()
    assert copy_tree(tmp_path / "a", tmp_path / "b").unreadable == ["secret", "closed"]
    (tmp_path / "a" / "closed").chmod(0o700)


def test_one_file_under_two_names_stays_one(tmp_path: Path) -> None:
    (tmp_path / "a" / "sub").mkdir(parents=True)
    (tmp_path / "a" / "one").write_text("x")
    (tmp_path / "a" / "sub" / "two").hardlink_to(tmp_path / "a" / "one")
    (tmp_path / "b").mkdir()
    copy_tree(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b" / "one").samefile(tmp_path / "b" / "sub" / "two")
    packed = io.BytesIO()
    pack_tree(tmp_path / "a", packed)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as archive:
        assert archive.getmember("sub/two").linkname == "one"


def test_times_and_odd_names_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a" / "ünï\n").mkdir(parents=True)
    file = tmp_path / "a" / "ünï\n" / os.fsdecode(b"\xff")
    file.write_text("x")
    os.utime(file, (1, 1_000_000_000))
    os.utime(file.parent, (1, 1_100_000_000))
    (tmp_path / "b").mkdir()
    copy_tree(tmp_path / "a", tmp_path / "b")
    copied = tmp_path / "b" / file.relative_to(tmp_path / "a")
    assert copied.stat().st_mtime == 1_000_000_000
    assert copied.parent.stat().st_mtime == 1_100_000_000
    packed = io.BytesIO()
    pack_tree(tmp_path / "a", packed)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as archive:
        assert {entry.mtime for entry in archive} == {1_000_000_000, 1_100_000_000}


def test_removing_goes_on_while_somebody_still_writes(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    writing = subprocess.Popen(
        ["bash", "-c", "for i in {1..200}; do mkdir -p d$i/e && : > d$i/e/f; done 2>/dev/null"], cwd=root
    )
    remove_tree(root)
    writing.wait()
    remove_tree(root)
    assert not root.exists()


def test_removing_reaches_nothing_outside_whenever_a_link_takes_the_place_of_a_directory(
    tmp_path: Path,
) -> None:
    outside, place = tmp_path / "outside", tmp_path / "root" / "a" / "b"

    def prepare() -> None:
        remove_tree(tmp_path / "root")
        (outside / "deeper").mkdir(parents=True, exist_ok=True)
        (outside / "deeper" / "kept").write_text("x")
        outside.chmod(0o755)
        (outside / "deeper").chmod(0o755)
        (place / "c").mkdir(parents=True)

    def change() -> None:
        if place.is_dir():
            place.rename(tmp_path / "root" / "moved")
            place.symlink_to(outside)

    for _ in changed_at_any_moment(lambda: remove_tree(tmp_path / "root"), prepare, change):
        assert not os.path.lexists(tmp_path / "root")
        assert [path.stat().st_mode & 0o777 for path in (outside, outside / "deeper")] == [0o755, 0o755]
        assert (outside / "deeper" / "kept").exists()


def test_a_link_that_stands_for_a_tree_is_removed_and_not_what_it_leads_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o555)
    (tmp_path / "root").symlink_to(outside)
    remove_tree(tmp_path / "root")
    assert not os.path.lexists(tmp_path / "root")
    assert outside.stat().st_mode & 0o777 == 0o555


def test_a_tree_deeper_than_any_path_can_name_is_removed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    here = os.open(root, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("deep", dir_fd=here)
        below = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    remove_tree(root)
    assert not root.exists()


def test_what_nobody_may_enter_is_removed_by_its_owner() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        root = Path(place) / "root"
        ended = os.fork()
        if ended == 0:
            try:
                if os.getuid() == 0:
                    os.setgroups([])
                    os.setgid(65534)
                    os.setuid(65534)
                (root / "a" / "b" / "c").mkdir(parents=True)
                (root / "a" / "b" / "c" / "file").touch()
                for name in ("a/b/c", "a/b", "a"):
                    (root / name).chmod(0)
                remove_tree(root)
            finally:
                os._exit(0)
        os.waitpid(ended, 0)
        assert not root.exists()


@pytest.mark.parametrize("becomes", ["link", "pipe"])
def test_copying_follows_no_link_and_waits_for_no_pipe_whenever_it_takes_the_place_of_a_file(
    tmp_path: Path, becomes: str
) -> None:
    source, target, secret = tmp_path / "a", tmp_path / "b", tmp_path / "secret"
    secret.write_text("mine")
    place = source / "sub" / "file"

    def prepare() -> None:
        remove_tree(source)
        remove_tree(target)
        target.mkdir()
        place.parent.mkdir(parents=True)
        place.write_text("theirs")

    def change() -> None:
        place.unlink()
        place.symlink_to(secret) if becomes == "link" else os.mkfifo(place)

    def copy() -> None:
        with contextlib.suppress(OSError):
            copy_tree(source, target)

    for _ in changed_at_any_moment(copy, prepare, change):
        copied = target / "sub" / "file"
        assert copied.is_symlink() or not copied.exists() or copied.read_text() != "mine"


def test_copying_enters_no_link_whenever_it_takes_the_place_of_a_directory(tmp_path: Path) -> None:
    source, target, outside = tmp_path / "a", tmp_path / "b", tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine")
    place = source / "sub"

    def prepare() -> None:
        remove_tree(source)
        remove_tree(target)
        target.mkdir()
        place.mkdir(parents=True)
        (place / "file").write_text("theirs")

    def change() -> None:
        place.rename(source / "moved")
        place.symlink_to(outside)

    def copy() -> None:
        with contextlib.suppress(OSError):
            copy_tree(source, target)

    for _ in changed_at_any_moment(copy, prepare, change):
        copied = target / "sub" / "file"
        assert (target / "sub").is_symlink() or not copied.exists() or copied.read_text() != "mine"
