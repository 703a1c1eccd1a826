import io
import os
import tarfile
from pathlib import Path

from trajcore.sandbox.trees import copy_tree, pack_tree, remove_tree


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
