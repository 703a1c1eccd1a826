"""Trees of files kept and put back, against what they were."""

import errno
import os
import shutil
import stat
import tempfile
import threading
import time
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, precondition, rule

from trajcore.sandbox.trees import kept as keptfiles
from trajcore.sandbox.trees.copying import remove_tree
from trajcore.sandbox.trees.io import Stopped
from trajcore.sandbox.trees.store import TreeStore

NAMES = st.sampled_from(["a", "b", "c", "d\n", "é", "\udcff"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
NUMBERS = st.integers(0, 30)
MODES = st.sampled_from([0o644, 0o755, 0o600, 0o000, 0o4755, 0o1777, 0o200])
GO = threading.Event()


def described(root: Path) -> dict[str, tuple]:
    """Everything about a tree that must come back."""
    links: dict[int, str] = {}
    found: dict[str, tuple] = {}

    def walk(path: Path) -> None:
        about = path.lstat()
        name = str(path.relative_to(root))
        facts: tuple = (stat.filemode(about.st_mode), about.st_mtime_ns, about.st_uid)
        if stat.S_ISLNK(about.st_mode):
            facts += (str(path.readlink()),)
        elif stat.S_ISREG(about.st_mode):
            facts += (content(path, about), links.setdefault(about.st_ino, name), tuple(os.listxattr(path)))
        elif stat.S_ISDIR(about.st_mode):
            with opened_up(path, about):
                for child in sorted(path.iterdir()):
                    walk(child)
        elif stat.S_ISCHR(about.st_mode):
            facts += (about.st_rdev,)
        found[name] = facts

    walk(root)
    return found


class opened_up:
    """A directory or file that we may read for as long as this lasts."""

    def __init__(self, path: Path, about: os.stat_result) -> None:
        self.path, self.mode = path, stat.S_IMODE(about.st_mode)

    def __enter__(self) -> None:
        if os.geteuid():
            self.path.chmod(self.mode | 0o700)

    def __exit__(self, *_: object) -> None:
        if os.geteuid():
            self.path.chmod(self.mode)


def content(path: Path, about: os.stat_result) -> bytes:
    with opened_up(path, about):
        return path.read_bytes()


class TreeSnapshot(RuleBasedStateMachine):
    """Changes of all kinds to two trees, snapshots, and restores in any order."""

    taken = Bundle("taken")

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="snapshots-"))
        self.roots = [self.directory / "one", self.directory / "two"]
        for root in self.roots:
            root.mkdir()
        self.store = TreeStore(self.directory / "kept")
        self.alive = 0

    def teardown(self) -> None:
        remove_tree(self.directory)

    @rule(path=PATHS, data=st.binary(max_size=20), mode=MODES, tree=st.integers(0, 1))
    def write(self, path: str, data: bytes, mode: int, tree: int) -> None:
        target = self.roots[tree] / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_file() and not target.is_symlink():
                target.chmod(0o600)
            fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            os.fchmod(fd, mode)

    def some(self, number: int) -> Path:
        """One of the entries that there are."""
        found = [
            Path(at, name) for root in self.roots for at, *both in os.walk(root) for name in chain(*both)
        ]
        return sorted(found)[number % len(found)] if found else self.roots[0] / "none"

    @rule(number=NUMBERS, data=st.binary(min_size=1, max_size=3))
    def overwrite_unseen(self, number: int, data: bytes) -> None:
        """The same size, and a time of modification set back: only the time of change tells."""
        target = self.some(number)
        about = target.lstat() if target.is_symlink() or target.exists() else None
        if about is None or not stat.S_ISREG(about.st_mode) or about.st_size < len(data):
            return
        with opened_up(target, about), target.open("r+b") as file:
            file.write(data)
        os.utime(target, ns=(about.st_mtime_ns, about.st_mtime_ns))

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        target = self.some(number)
        try:
            if target.is_dir() and not target.is_symlink():
                remove_tree(target)
            else:
                target.unlink()
        except OSError:
            return

    @rule(number=NUMBERS, mode=MODES)
    def chmod(self, number: int, mode: int) -> None:
        target = self.some(number)
        if target.exists() and not target.is_symlink():
            target.chmod(mode)

    @rule(path=PATHS, other=PATHS, kind=st.sampled_from(["move", "link", "symlink", "fifo", "whiteout"]))
    def other(self, path: str, other: str, kind: str) -> None:
        here, there = self.roots[0] / path, self.roots[0] / other
        try:
            if kind == "move":
                here.rename(there)
            elif kind == "link":
                os.link(here, there, follow_symlinks=False)
            elif kind == "symlink":
                there.symlink_to(f"../{path}")
            elif kind == "fifo":
                os.mkfifo(there, 0o640)
            else:
                os.mknod(there, stat.S_IFCHR, 0)
        except OSError:
            return

    @rule(number=NUMBERS, value=st.binary(max_size=4))
    def attribute(self, number: int, value: bytes) -> None:
        try:
            os.setxattr(self.some(number), "user.overlay.opaque", value, follow_symlinks=False)
        except OSError:
            return

    @rule()
    def settle(self) -> None:
        """Time passes, so that files are old enough to be taken for unchanged."""
        time.sleep(0.06)

    @precondition(lambda self: self.alive < 6)
    @rule(target=taken)
    def take(self) -> tuple:
        before = [described(root) for root in self.roots]
        trees = self.store.take(self.roots, GO)
        assert [described(root) for root in self.roots] == before
        self.alive += 1
        return trees, before

    @rule(kept=taken)
    def put_back(self, kept: tuple) -> None:
        trees, before = kept
        self.store.put_back(trees, self.roots, GO)
        assert [described(root) for root in self.roots] == before

    @rule(kept=consumes(taken))
    def forget(self, kept: tuple) -> None:
        self.store.forget(kept[0])
        self.alive -= 1
        if not self.alive:
            assert list((self.directory / "kept").glob("*")) == []


TreeSnapshot.TestCase.settings = settings(
    max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestTrees = TreeSnapshot.TestCase


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def test_what_has_not_changed_costs_nothing(root: Path, tmp_path: Path) -> None:
    for number in range(50):
        (root / str(number)).write_bytes(b"x" * 10_000)
    time.sleep(0.06)
    store = TreeStore(tmp_path / "kept")
    first = store.take([root], GO)
    (root / "7").write_bytes(b"y" * 10_000)
    second = store.take([root], GO)
    assert first.size >= 500_000
    assert 10_000 <= second.size < 20_000
    assert len(list((tmp_path / "kept").iterdir())) == 51
    store.put_back(first, [root], GO)
    time.sleep(0.06)
    assert store.take([root], GO).size < 20_000


def test_holes_stay_holes(root: Path, tmp_path: Path) -> None:
    with (root / "sparse").open("wb") as file:
        file.truncate(1 << 40)
        file.seek(1 << 30)
        file.write(b"in the middle")
    store = TreeStore(tmp_path / "kept")
    trees = store.take([root], GO)
    (root / "sparse").unlink()
    store.put_back(trees, [root], GO)
    about = (root / "sparse").stat()
    assert about.st_size == 1 << 40
    assert about.st_blocks < 1000
    with (root / "sparse").open("rb") as file:
        file.seek(1 << 30)
        assert file.read(13) == b"in the middle"


@pytest.mark.parametrize("why", ["stopped", "no room", "too deep"])
def test_a_snapshot_that_fails_leaves_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    for number in range(20):
        (root / str(number)).write_text("x")
    stop = threading.Event()
    store = TreeStore(tmp_path / "kept")
    if why == "no room":
        (root / "zz").write_bytes(b"x" * (2 << 20))
        free = shutil.disk_usage(tmp_path).free
        monkeypatch.setattr(keptfiles, "_RESERVE", free - (1 << 20))
    elif why == "too deep":
        deep = root
        for _ in range(220):
            deep = deep / "d"
            deep.mkdir()
    else:
        stop.set()
    with pytest.raises((OSError, Stopped)) as caught:
        store.take([root], stop)
    if why == "no room":
        assert isinstance(caught.value, OSError)
        assert caught.value.errno == errno.ENOSPC
    assert list((tmp_path / "kept").glob("*")) == []


def test_a_restore_that_was_stopped_can_be_tried_again(root: Path, tmp_path: Path) -> None:
    for number in range(30):
        (root / str(number)).write_text(str(number))
    store = TreeStore(tmp_path / "kept")
    before = described(root)
    trees = store.take([root], GO)
    remove_tree(root)

    class Soon(threading.Event):
        asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked > 10

    with pytest.raises(Stopped):
        store.put_back(trees, [root], Soon())
    assert described(root) != before
    store.put_back(trees, [root], GO)
    assert described(root) == before


def test_a_tree_that_changes_under_way_is_no_way_out(root: Path, tmp_path: Path) -> None:
    """Directories that become links while a snapshot is taken lead nowhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    for number in range(20):
        (root / str(number)).mkdir()
        (root / str(number) / "secret").write_text("public")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for number in range(20):
                here, away = root / str(number), root / f"{number}-away"
                here.rename(away)
                here.symlink_to(outside)
                here.unlink()
                away.rename(here)

    swapping = threading.Thread(target=swap)
    swapping.start()
    store = TreeStore(tmp_path / "kept")
    try:
        for _ in range(100):
            store.take([root], GO)
    finally:
        done.set()
        swapping.join()
    held = {path.read_text() for path in (tmp_path / "kept").iterdir()}
    assert held == {"public"}
    assert stat.S_IMODE(outside.stat().st_mode) == 0o755
