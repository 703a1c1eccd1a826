"""The sandbox that executes: a machine, a shell in it, its files and its notebook."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from trajcore.errors import Refused, SandboxUnavailable
from trajcore.reading import TEXT, read_file
from trajcore.sandbox import exporting
from trajcore.sandbox.base import (
    CellOutcome,
    Checkpoint,
    Emit,
    Exported,
    FileChanges,
    OnProgress,
    Outcome,
    Patience,
    Pause,
    Placed,
    SandboxSettings,
    Visitor,
)
from trajcore.sandbox.checkpoints import Checkpointer
from trajcore.sandbox.files import BashFiles
from trajcore.sandbox.machines.leftovers import clean_in_background
from trajcore.sandbox.machines.machine import Machine, Rewritable
from trajcore.sandbox.notebook.notebook import Notebook
from trajcore.sandbox.shell.quoting import quoted
from trajcore.sandbox.shell.shell import UNSEEN, Finished, Shell
from trajcore.sandbox.shell.terminal import END_SHELL, MODES, SITTERS, comes_back, is_replaced
from trajcore.sandbox.tracking.filechanges import Tracker
from trajcore.sandbox.tracking.findtracker import FindTracker
from trajcore.sandbox.tracking.layertracker import LayerTracker
from trajcore.sandbox.versions.store import Versions
from trajcore.sandbox.visit import visit
from trajcore.tasks import together

_SETUP: Final = "/tmp/.trajtui-setup"
_SETUP_LINES: Final = 5
_PLACE: Final = (
    "{{ if [[ -e {1} ]]; then cp -a {0}/. {1}/ && rm -rf {0}; else mkdir -p {2} && mv {0} {1}; fi; }} "
    "2>&1 && echo placed"
)
_PLACING: Final = 600.0
"""Seconds that it may take to copy files from one place of the world to another."""
_ENDING: Final = Patience(hard=1.0)
"""How long a command is given to end by itself, once it was interrupted."""
_HANG_UP: Final = "kill -HUP $$; kill -9 $$"
"""Ends a shell that waits for a command, and what it has put in the background."""
_UNREAD: Final = b"[The program does not read what is typed: the rest of it was dropped.]\n"


class ShellSandbox:
    """A `Sandbox` on any machine."""

    executes = True

    def __init__(self, machine: Machine, settings: SandboxSettings) -> None:
        self._machine = machine
        self._settings = settings
        self._files = BashFiles(machine, settings.limits.hard)
        self._shell = Shell(machine)
        self._notebook = Notebook(machine, self._files, lambda: self.directory)
        self._checkpoints = Checkpointer(machine, self._shell, self._files)
        self.directory = "/workspace"
        self.user = "root"
        self.host = ""
        self._lock = asyncio.Lock()
        self._tracker: Tracker | None = None
        self._interrupted = False

    @property
    def machine(self) -> Machine:
        """What it stands on."""
        return self._machine

    @property
    def kind(self) -> str:
        """See `Sandbox.kind`."""
        return self._machine.kind

    @property
    def detail(self) -> str:
        """See `Sandbox.detail`."""
        return self._machine.detail

    @property
    def files(self) -> BashFiles:
        """See `Sandbox.files`."""
        return self._files

    @property
    def busy(self) -> bool:
        """See `Sandbox.busy`."""
        return self._shell.busy

    async def start(self, progress: OnProgress) -> None:
        """See `Sandbox.start`. Whatever was made is removed when this fails or is cancelled."""
        started = False
        try:
            await self._start(progress)
            started = True
        finally:
            if not started:
                await asyncio.shield(self.close())

    async def _start(self, progress: OnProgress) -> None:
        script = await self._setup_script()
        await self._machine.start(progress)
        clean_in_background(docker=self.kind == "docker")
        self.directory = self._machine.directory
        if self._settings.workspace is not None and not self._settings.mount:
            progress("copying the workspace")
            left_out = await self._machine.copy_in(self._settings.workspace)
            if said := left_out.sentence():
                progress(f"not copied: {said}")
        await together(self._shell.start(), self._introduce())
        if self._settings.placed is not None:
            await self._place(self._settings.placed, progress)
        if self._settings.prepare is not None:
            await self._settings.prepare(self, progress)
        if script is not None:
            await self._set_up(script, progress)
        await self.forget_changes()

    async def _place(self, placed: Placed, progress: OnProgress) -> None:
        progress(f"copying the files to {placed.target}")
        left_out = await self._machine.copy_in(placed.directory)
        if said := left_out.sentence():
            progress(f"not copied: {said}")
        source = f"{self._machine.directory}/{placed.name}"
        names = [quoted(path).decode() for path in (source, placed.target, str(Path(placed.target).parent))]
        said = await self._files.output(_PLACE.format(*names), seconds=_PLACING)
        if said != "placed":
            raise SandboxUnavailable(f"The files cannot be put at {placed.target}: {said or 'no answer'}.")

    async def _introduce(self) -> None:
        """Open the way to the files, and ask who we are there."""
        await self._files.start()
        name = await self._files.output('echo "$(id -un) $HOSTNAME"')
        self.user, _, self.host = name.partition(" ")

    async def run(self, command: str, patience: Patience, emit: Emit) -> Outcome:
        """See `Sandbox.run`."""
        async with self._lock:
            if self._shell.busy:
                raise Refused("a command still runs in the sandbox's shell")
            self._interrupted = False
            await self._shell.begin(command)
            return await self._followed(patience, emit)

    async def follow(self, patience: Patience, emit: Emit) -> Outcome:
        """See `Sandbox.follow`."""
        async with self._lock:
            self._must_be_busy()
            self._interrupted = False
            return await self._followed(patience, emit)

    async def type(self, data: bytes, emit: Emit, echo: bytes = b"") -> bool:
        """See `Sandbox.type`."""
        async with self._lock:
            self._must_be_busy()
            shown = comes_back(await self._asked(MODES))
            if not await self._shell.type(data):
                echo += _UNREAD
            if echo:
                emit(echo)
                self._shell.output.add(echo)
            return shown

    async def new_shell(self) -> None:
        """See `Sandbox.new_shell`."""
        async with self._lock:
            if self._shell.busy:
                await self._shell.interrupt()
                await self._shell.follow(_ENDING, lambda _: None)
            if not self._shell.busy:
                await self._shell.begin(_HANG_UP)
                await self._shell.follow(_ENDING, lambda _: None)
            if self._shell.busy:
                if await self._files.output(END_SHELL) != "ended":
                    raise SandboxUnavailable("The sandbox's shell cannot be ended: restart the run.")
                await self._shell.revive()
            self.directory = self._machine.directory

    async def run_cell(self, code: str, limit: float, emit: Emit, first: str = "") -> CellOutcome | None:
        """See `Sandbox.run_cell`."""
        async with self._lock:
            self._shell.told = b""  # what it told does not hold any more: something else runs beside it
            return await self._notebook.run(code, limit, emit, first)

    def _must_be_busy(self) -> None:
        if not self._shell.busy:
            raise Refused("no command runs in the sandbox's shell")

    async def _followed(self, patience: Patience, emit: Emit) -> Outcome:
        output = self._shell.output
        ended = await self._watched(patience, emit)
        interrupted = self._interrupted
        if isinstance(ended, Pause):
            return Outcome(output.take(), None, self.directory, ended, interrupted)
        self.directory = ended.directory or self.directory
        code = None if ended.exit_code == UNSEEN else ended.exit_code
        background = -1 if ended.restarted else ended.background
        restarted, new = ended.restarted, ended.in_new_shell
        return Outcome(output.take(), code, self.directory, None, interrupted, restarted, background, new)

    async def _watched(self, patience: Patience, emit: Emit) -> Finished | Pause:
        """Follow the command. However patient, nobody waits for a shell that has taken the place of ours."""
        if patience.no_change is not None:
            return await self._shell.follow(patience, emit)
        begun = time.monotonic()
        first = replace(patience, no_change=self._settings.limits.no_change)
        ended = await self._shell.follow(first, emit)
        if ended is not Pause.NO_CHANGE or is_replaced(await self._asked(SITTERS)):
            return ended
        left = None if patience.hard is None else max(0.0, patience.hard - (time.monotonic() - begun))
        return await self._shell.follow(replace(patience, hard=left), emit)

    async def _asked(self, command: str) -> str:
        """What a command of ours prints beside the shell; nothing where nobody carries that out any more."""
        try:
            return await self._files.output(command)
        except SandboxUnavailable:
            return ""

    async def checkpoint(self) -> Checkpoint | None:
        """See `Sandbox.checkpoint`."""
        if self._shell.busy:
            return None
        async with self._lock:
            return await self._checkpoints.take()

    async def quick_checkpoint(self) -> Checkpoint | None:
        """See `Sandbox.quick_checkpoint`."""
        if self._shell.busy:
            return None
        async with self._lock:
            return await self._checkpoints.quick_checkpoint()

    def price_of(self, checkpoint: Checkpoint) -> float:
        """See `Sandbox.price_of`."""
        return self._checkpoints.price_of(checkpoint)

    def is_there(self, checkpoint: Checkpoint) -> bool:
        """See `Sandbox.is_there`."""
        return self._checkpoints.is_there(checkpoint)

    async def restore(self, checkpoint: Checkpoint, progress: OnProgress) -> None:
        """See `Sandbox.restore`."""
        async with self._lock:
            self._notebook.close()
            self.directory = await self._checkpoints.restore(checkpoint, progress, self.forget_changes)

    async def forget(self, checkpoint: Checkpoint) -> None:
        """See `Sandbox.forget`."""
        async with self._lock:
            await self._checkpoints.forget(checkpoint)

    async def visit(self, visitor: Visitor) -> None:
        """See `Sandbox.visit`."""
        async with self._lock:
            await visit(self._shell, self._files, visitor)

    async def export(
        self, path: str, target: Path, progress: OnProgress, *, overwrite: bool = False
    ) -> Exported:
        """See `Sandbox.export`."""
        async with self._lock:
            return await exporting.export(
                self._machine, self._files, path, target, progress, overwrite=overwrite
            )

    async def export_image(self, name: str, progress: OnProgress) -> Exported:
        """See `Sandbox.export_image`."""
        async with self._lock:
            return await exporting.export_image(self._machine, name, progress)

    async def changed_files(self) -> FileChanges | None:
        """See `Sandbox.changed_files`."""
        if self._tracker is None:
            return None
        async with self._lock:
            return await self._tracker.changes()

    async def forget_changes(self) -> None:
        """See `Sandbox.forget_changes`."""
        if not self._settings.track_files:
            return
        layers = await self._machine.layers()
        directory = self._machine.directory
        versions = self._versions()
        tracker: LayerTracker | FindTracker
        if layers is None:
            settings = self._settings
            pristine = settings.setup is None and settings.prepare is None and settings.placed is None
            also = self._machine.outside
            tracker = FindTracker(self._files, directory, versions, also=also, pristine=pristine)
        else:
            tracker = LayerTracker(layers, directory, versions)
        if self._tracker is not None:
            self._tracker.close()
        self._tracker = tracker
        await tracker.start()
        self._checkpoints.tracker = None if versions is None else tracker
        if versions is not None:
            await self._checkpoints.begin_telling()

    def _versions(self) -> Versions | None:
        """The version store; None where none is wanted, or the machine cannot be taken back by it."""
        settings, machine, checkpoints = self._settings, self._machine, self._checkpoints
        if not settings.quick_bytes or not isinstance(machine, Rewritable) or not machine.keeps:
            return None
        if checkpoints.versions is None:
            checkpoints.versions = Versions(settings.quick_bytes, settings.quick_files)
        return checkpoints.versions

    async def interrupt(self) -> None:
        """See `Sandbox.interrupt`."""
        self._interrupted = True
        await (self._notebook if self._notebook.busy else self._shell).interrupt()

    async def send_input(self, data: bytes, emit: Emit, echo: bytes = b"") -> None:
        """See `Sandbox.send_input`."""
        if self._notebook.busy:
            raise Refused("a notebook cell runs: it reads nothing that is typed")
        self._must_be_busy()
        self._shell.attend()
        if echo and not comes_back(await self._asked(MODES)):
            self._must_be_busy()  # it may have ended meanwhile
            emit(echo)
            self._shell.output.add(echo)
        if not await self._shell.type(data):
            raise Refused("the program does not read what is typed")

    async def close(self) -> None:
        """See `Sandbox.close`."""
        self._shell.close()
        self._notebook.close()
        self._files.close()
        if self._checkpoints.versions is not None:
            self._checkpoints.versions.close()
            self._checkpoints.versions = None
        if self._tracker is not None:
            self._tracker.close()
        self._checkpoints.told.leave()
        await self._machine.close()

    async def _setup_script(self) -> bytes | None:
        if self._settings.setup is None:
            return None
        return await asyncio.to_thread(read_file, self._settings.setup, TEXT)

    async def _set_up(self, script: bytes, progress: OnProgress) -> None:
        progress("running the setup script")
        try:
            await self._files.write(_SETUP, script)
        except OSError as error:
            raise SandboxUnavailable(f"The setup script cannot be put there ({error.strerror}).") from error
        await self._shell.begin(f"bash {_SETUP}; (s=$?; rm -f {_SETUP}; exit $s)")
        output = self._shell.output
        ended = await self._shell.follow(Patience(), lambda _: None)
        if not isinstance(ended, Finished) or ended.exit_code != 0:
            code = ended.exit_code if isinstance(ended, Finished) else -1
            last = output.take().decode("utf-8", "replace").strip().splitlines()[-_SETUP_LINES:]
            raise SandboxUnavailable(f"The setup script ended with exit code {code}: {' | '.join(last)}")
