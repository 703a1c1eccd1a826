"""A sandbox of another package: a plain directory with a bash in it, which can be copied and put back.

It has no walls to speak of, so nothing that could harm this machine may be run in it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import OnProgress, Sandbox, SandboxSettings
from trajcore.sandbox.machines.host.processes import kill_all, variable_of
from trajcore.sandbox.machines.machine import (
    BASH,
    COLUMNS,
    CONTROL,
    ENVIRONMENT,
    ROWS,
    TERMINAL,
    Layer,
    Snapshot,
)
from trajcore.sandbox.machines.stream import FdStream, Stream
from trajcore.sandbox.registry import SandboxKind, on_machine
from trajcore.sandbox.trees.copying import LeftOut, copy_tree
from trajcore.sandbox.trees.members import Member, members_below

PREFIX = f"trajtui-toy-{os.getpid()}-"
"""Others may be at work beside this program."""
_ON_TERMINAL = 'exec 0<>"$(tty)" 1>&0 2>&0\n'


class ToyMachine:
    """The twelve members of a `Machine`, and the one that is `Exporting`."""

    kind = "toy"
    detail = "of wood"
    keeps = True
    outside = ()

    def __init__(self, settings: SandboxSettings) -> None:
        self.root: Path | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._snapshots = 0

    @property
    def directory(self) -> str:
        return "" if self.root is None else str(self.root / "workspace")

    async def start(self, progress: OnProgress) -> None:
        progress("putting up the toy")
        self.root = Path(tempfile.mkdtemp(prefix=PREFIX))
        Path(self.directory).mkdir()

    async def terminal(self) -> Stream:
        master, slave = os.openpty()
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        try:
            self._started(_ON_TERMINAL + TERMINAL, slave, slave)
        finally:
            os.close(slave)
        return FdStream(master)

    async def control(self) -> Stream:
        requests_out, requests_in = os.pipe()
        answers_out, answers_in = os.pipe()
        try:
            self._started(CONTROL, requests_out, answers_in)
        finally:
            os.close(requests_out)
            os.close(answers_in)
        return FdStream(answers_out, requests_in)

    def _started(self, program: str, stdin: int, stdout: int) -> None:
        if not Path(self.directory or "/nowhere").is_dir():
            raise SandboxUnavailable("The toy is broken. Restart it to go on.")
        environment = {**ENVIRONMENT, "HOME": str(self.root), "TOY": str(self.root)}
        self._processes.append(
            subprocess.Popen(
                [*BASH, program],
                stdin=stdin,
                stdout=stdout,
                stderr=stdout,
                start_new_session=True,
                env=environment,
                cwd=self.directory,
            )
        )

    async def layers(self) -> tuple[Layer, ...]:
        return (Layer(self.directory, Path(self.directory)),)

    async def copy_in(self, directory: Path) -> LeftOut:
        return copy_tree(directory, Path(self.directory))

    def members(self, path: str, left_out: LeftOut) -> Iterator[Member]:
        return members_below(Path("/"), path, left_out)

    async def snapshot(self) -> Snapshot:
        assert self.root is not None
        self._snapshots += 1
        kept = self.root / f"kept-{self._snapshots}"
        shutil.copytree(self.directory, kept, symlinks=True)
        return Snapshot(kept, size=0)

    async def restore(self, snapshot: Snapshot, progress: OnProgress) -> None:
        assert isinstance(snapshot.what, Path)
        await self.break_it()
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(snapshot.what, self.directory, symlinks=True)

    async def forget(self, snapshot: Snapshot) -> None:
        assert isinstance(snapshot.what, Path)
        shutil.rmtree(snapshot.what, ignore_errors=True)

    async def close(self) -> None:
        await self.break_it()
        root, self.root = self.root, None
        if root is not None:
            shutil.rmtree(root, ignore_errors=True)

    async def break_it(self) -> None:
        """End everything that runs in it."""
        ours, self._processes = self._processes, []
        if self.root is not None:
            mark = str(self.root)
            await asyncio.to_thread(kill_all, lambda pid: variable_of(pid, "TOY") == mark)
        for process in ours:
            process.wait()


def make_toy(settings: SandboxSettings) -> Sandbox:
    return on_machine(ToyMachine(settings), settings)


TOY = SandboxKind("toy", make_toy)
