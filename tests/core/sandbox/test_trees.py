import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

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
