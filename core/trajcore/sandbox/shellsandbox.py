"""The sandbox that executes: a machine, a shell in it, its files, and the actions they carry out."""

from __future__ import annotations

import asyncio
from typing import Final

from trajcore.errors import BadInput, SandboxUnavailable
from trajcore.events.actions import EditAction, ReadAction, RunAction, RunIpythonAction, WriteAction
from trajcore.events.base import Action, Observation
from trajcore.sandbox.base import Checkpoint, Emit, FileChanges, OnProgress, SandboxSettings, Visitor
from trajcore.sandbox.checkpoints import Checkpointer
from trajcore.sandbox.files.documents import Documents
from trajcore.sandbox.files.files import Files
from trajcore.sandbox.machines.leftovers import clean_in_background
from trajcore.sandbox.machines.machine import Machine
from trajcore.sandbox.notebook.notebook import Notebook
from trajcore.sandbox.shell.commands import Commands, Identity
from trajcore.sandbox.shell.shell import Shell
from trajcore.sandbox.shell.waiting import Finished, Patience
from trajcore.sandbox.tracking.filechanges import Tracker
from trajcore.sandbox.tracking.findtracker import FindTracker
from trajcore.sandbox.tracking.layertracker import LayerTracker
from trajcore.sandbox.visit import visit

_SETUP: Final = "/tmp/.trajtui-setup"
_SETUP_LINES: Final = 5


class ShellSandbox:
    """A `Sandbox` on any machine."""

    executes = True

    def __init__(self, machine: Machine, settings: SandboxSettings) -> None:
        self._machine = machine
        self._settings = settings
        self._files = Files(machine)
        self._shell = Shell(machine)
        self._commands = Commands(self._shell, settings.limits)
        self._documents = Documents(self._files, lambda: self._commands.directory)
        self._notebook = Notebook(machine, self._files, lambda: self._commands.directory, settings.limits)
        self._checkpoints = Checkpointer(
            machine, self._shell, self._files, self._commands, self._documents.editor
        )
        self._lock = asyncio.Lock()
        self._tracker: Tracker | None = None

    @property
    def kind(self) -> str:
        """See `Sandbox.kind`."""
        return self._machine.kind

    @property
    def detail(self) -> str:
        """See `Sandbox.detail`."""
        return self._machine.detail

    @property
    def files(self) -> Files:
        """The files inside the sandbox."""
        return self._files

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
        self._commands.directory = self._machine.directory
        if self._settings.workspace is not None and not self._settings.mount:
            progress("copying the workspace")
            left_out = await self._machine.copy_in(self._settings.workspace)
            if said := left_out.sentence():
                progress(f"not copied: {said}")
        await self._shell.start()
        await self._files.start()
        name = await self._files.output('echo "$(id -un) $HOSTNAME"')
        self._commands.identity = Identity(*name.split(" ", 1))
        if script is not None:
            await self._set_up(script, progress)
        await self.forget_changes()

    async def execute(self, action: Action, recorded: Observation | None, emit: Emit) -> Observation | None:
        """See `Sandbox.execute`."""
        async with self._lock:
            if isinstance(action, RunAction):
                return await self._commands.run(action, recorded, emit)
            if isinstance(action, RunIpythonAction):
                return await self._notebook.run(action, emit)
            if isinstance(action, ReadAction):
                return await self._documents.read(action)
            if isinstance(action, WriteAction):
                return await self._documents.write(action)
            if isinstance(action, EditAction):
                return await self._documents.edit(action)
            return None

    async def checkpoint(self) -> Checkpoint | None:
        """See `Sandbox.checkpoint`."""
        if self._shell.busy:
            return None
        async with self._lock:
            return await self._checkpoints.take()

    async def restore(self, checkpoint: Checkpoint, progress: OnProgress) -> None:
        """See `Sandbox.restore`."""
        async with self._lock:
            self._notebook.close()
            await self._checkpoints.restore(checkpoint, progress)
            await self.forget_changes()

    async def forget(self, checkpoint: Checkpoint) -> None:
        """See `Sandbox.forget`."""
        await self._checkpoints.forget(checkpoint)

    async def visit(self, visitor: Visitor) -> None:
        """See `Sandbox.visit`."""
        async with self._lock:
            await visit(self._shell, self._files, visitor)

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
        if layers is None:
            self._tracker = FindTracker(self._files, directory)
        else:
            self._tracker = LayerTracker(layers, directory)
        await self._tracker.start()

    async def interrupt(self) -> None:
        """See `Sandbox.interrupt`."""
        await (self._notebook if self._notebook.busy else self._shell).interrupt()

    async def close(self) -> None:
        """See `Sandbox.close`."""
        self._shell.close()
        self._notebook.close()
        self._files.close()
        await self._machine.close()

    async def _setup_script(self) -> bytes | None:
        if self._settings.setup is None:
            return None
        try:
            return await asyncio.to_thread(self._settings.setup.read_bytes)
        except OSError as error:
            raise BadInput(f"{self._settings.setup}: cannot be read ({error.strerror}).") from error

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
