"""Watching directories of this host: against a model of the tree, and against those who would mislead it."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patching import patched
from trajcore.sandbox.base import FileChanges
from trajcore.sandbox.machines.machine import Layer
from trajcore.sandbox.tracking.filechanges import UNKNOWN, Content, Contents
from trajcore.sandbox.tracking.hosttree import DEEPEST
from trajcore.sandbox.tracking.layertracker import LayerTracker

NAMES = st.sampled_from(["a", "b", "c", "d", "ü \n", "x\x1b[m"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: Path(*names))
CONTENTS = st.sampled_from([b"", b"one\n", b"two\n", b"one\ntwo\n", b"no end", b"\0binary", b"\xff\xfe"])
OPERATIONS = st.one_of(
    st.tuples(st.just("write"), PATHS, CONTENTS),
    st.tuples(st.just("append"), PATHS, CONTENTS),
    st.tuples(st.just("remove"), PATHS),
    st.tuples(st.just("directory"), PATHS),
    st.tuples(st.just("link"), PATHS, PATHS),
    st.tuples(st.just("hard link"), PATHS, PATHS),
    st.tuples(st.just("move"), PATHS, PATHS),
    st.tuples(st.just("mode"), PATHS, st.sampled_from([0o600, 0o755, 0o444])),
    st.tuples(st.just("touch"), PATHS),
)


def carry_out(root: Path, operation: tuple) -> None:
    name, path, *rest = operation
    target = root / path
    with suppress(OSError, shutil.Error):
        match name:
            case "write":
                target.write_bytes(rest[0])
            case "append":
                with target.open("ab") as file:
                    file.write(rest[0])
            case "remove":
                if target.is_dir() and not target.is_symlink():
                    shutil.rmtree(target)
                else:
                    target.unlink()
            case "directory":
                target.mkdir()
            case "link":
                target.symlink_to(rest[0])
            case "hard link":
                os.link(root / rest[0], target, follow_symlinks=False)
            case "move":
                target.rename(root / rest[0])
            case "mode":
                if not target.is_symlink():
                    target.chmod(rest[0] | (0o700 if target.is_dir() else 0))
            case "touch":
                os.utime(target, follow_symlinks=False)


def model(root: Path) -> dict[str, tuple[int, bytes]]:
    """Everything in a tree: its mode, and what it holds."""
    found = {}
    for folder, directories, files in os.walk(root):
        for name in directories + files:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            shown = "/" + str(path.relative_to(root))
            if stat.S_ISDIR(mode):
                found[f"{shown}/"] = (mode, b"")
            else:
                found[shown] = (
                    mode,
                    os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes(),
                )
    return found


def check(
    before: dict[str, tuple[int, bytes]], changes: FileChanges, after: dict[str, tuple[int, bytes]]
) -> None:
    """The reported changes are the difference of the two trees, and the diffs lead from one to the other."""
    kinds = dict.fromkeys(before.keys() - after.keys(), "deleted")
    kinds |= dict.fromkeys(after.keys() - before.keys(), "added")
    kinds |= {path: "changed" for path in before.keys() & after.keys() if before[path] != after[path]}
    assert {change.path: change.kind for change in changes.files} == kinds
    assert (changes.more, changes.note) == (0, "")
    for change in changes.files:
        old, new = before.get(change.path), after.get(change.path)
        if not change.path.endswith("/"):
            assert change.before == (None if old is None else len(old[1]))
            assert change.after == (None if new is None else len(new[1]))
        if change.diff:
            assert patched((old or (0, b""))[1].decode(), change.diff) == (new or (0, b""))[1].decode()
        elif old is None or new is None or old[1] != new[1]:
            assert change.note or not (old or (0, b""))[1] + (new or (0, b""))[1]


@given(st.lists(st.lists(OPERATIONS, max_size=6), min_size=1, max_size=4))
@settings(max_examples=150)
def test_what_is_told_is_the_difference_of_the_trees(steps: list[list[tuple]]) -> None:
    with TemporaryDirectory() as directory:
        root = Path(directory)
        tracker = LayerTracker([Layer("/", root)], "/a")
        asyncio.run(tracker.start())
        before = model(root)
        for step in steps:
            for operation in step:
                carry_out(root, operation)
            after = model(root)
            check(before, asyncio.run(tracker.changes()), after)
            before = after


def told(tracker: LayerTracker) -> FileChanges:
    return asyncio.run(tracker.changes())


def watching(root: Path) -> LayerTracker:
    tracker = LayerTracker([Layer("/", root)], "/")
    asyncio.run(tracker.start())
    return tracker


def test_links_and_devices_are_never_followed_or_opened(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret of the host\n")
    root = tmp_path / "root"
    root.mkdir()
    tracker = watching(root)
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "directory").symlink_to(tmp_path)
    os.mkfifo(root / "fifo")
    (root / "zero").symlink_to("/dev/zero")
    changes = told(tracker)
    assert [change.path for change in changes.files] == ["/directory", "/fifo", "/link", "/zero"]
    assert "secret of the host" not in repr(changes)


@pytest.mark.parametrize("bait", ["file", "directory"])
def test_what_is_swapped_for_a_link_while_it_is_looked_at(tmp_path: Path, bait: str) -> None:
    """Whoever changes the tree at the same time can mislead us about it, but not lead us out of it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "name").write_text("SECRET\n")
    root = tmp_path / "root"
    (root / "held").mkdir(parents=True)
    (root / "held" / "name").write_text("bait\n")
    stop = threading.Event()
    swap: Callable[[], None] = _swap_file if bait == "file" else _swap_directory  # type: ignore[assignment]
    swapping = threading.Thread(target=lambda: swap(root, outside, stop))  # type: ignore[call-arg]
    tracker = watching(root)
    swapping.start()
    try:
        seen = "".join(repr(told(tracker)) for _ in range(400))
    finally:
        stop.set()
        swapping.join()
    assert "/held/name" in seen
    assert "SECRET" not in seen


def _swap_file(root: Path, outside: Path, stop: threading.Event) -> None:
    name = root / "held" / "name"
    while not stop.is_set():
        (root / "l").symlink_to(outside / "name")
        (root / "l").rename(name)
        (root / "f").write_text("bait\n")
        (root / "f").rename(name)


def _swap_directory(root: Path, outside: Path, stop: threading.Event) -> None:
    while not stop.is_set():
        (root / "held").rename(root / "aside")
        (root / "held").symlink_to(outside)
        (root / "held").unlink()
        (root / "aside").rename(root / "held")
        (root / "held" / "name").write_text("bait\n")


def test_a_tree_too_deep_to_be_looked_into(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * (DEEPEST + 20))
    deep.mkdir(parents=True)
    tracker = watching(tmp_path)
    (deep / "unseen").touch()
    (tmp_path / "seen").touch()
    assert [change.path for change in told(tracker).files] == ["/seen"]


def test_a_directory_that_is_closed_to_us_is_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "file").write_text("x\n")
    tracker = watching(tmp_path)
    really = os.open

    def refusing(path, flags, *args, **kwargs):  # root may open anything
        if path == "closed":
            raise PermissionError
        return really(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refusing)
    assert told(tracker).files == ()
    monkeypatch.undo()
    (tmp_path / "closed" / "file").write_text("y\n")
    assert [change.path for change in told(tracker).files] == ["/closed/file"]


def test_a_tree_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    root, aside = tmp_path / "root", tmp_path / "aside"
    root.mkdir()
    (root / "a").touch()
    tracker = watching(root)
    root.rename(aside)
    assert told(tracker).note.startswith(UNKNOWN)
    aside.rename(root)
    (root / "b").touch()
    assert told(tracker).note.startswith(UNKNOWN)
    (root / "c").touch()
    changes = told(tracker)
    assert ([change.path for change in changes.files], changes.note) == (["/c"], "")


def test_what_does_not_fit_into_memory_is_said_to_be_unknown() -> None:
    contents = Contents(room=1000)
    for name in "abcdef":
        contents.keep(name, Content.of(name.encode() * 100))
    assert contents.get("a") is None
    assert contents.get("f") == Content.of(b"f" * 100)
    contents.keep("f", Content.of(b"new"))
    contents.forget("e")
    contents.forget("e")
    assert contents.get("f") == Content.of(b"new")


def test_very_large_and_very_long(tmp_path: Path) -> None:
    tracker = watching(tmp_path)
    (tmp_path / "many-lines").write_text("".join(f"{number}\n" for number in range(30_000)))
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    changes = {change.path: change for change in told(tracker).files}
    assert changes["/many-lines"].note == "the diff is too long to be kept"
    assert changes["/sparse"].after == 1 << 40
    (tmp_path / "many-lines").write_text("".join(f"{number}\n" for number in range(30_001)))
    (change,) = told(tracker).files
    assert change.diff.endswith("\n 29999\n+30000\n")


def test_all_diffs_of_a_step_have_an_end(tmp_path: Path) -> None:
    tracker = watching(tmp_path)
    for number in range(40):
        (tmp_path / f"{number:02}").write_text("x" * 59 + "\n" + "".join(f"{n:059}\n" for n in range(900)))
    changes = told(tracker).files
    assert len(changes) == 40
    assert 0 < sum(len(change.diff) for change in changes) <= 1 << 20
    assert changes[-1].note == "the diffs of this step are too long to be all kept"
