"""The bare host as a world: no walls. Only when named; what a step does is done to this machine."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from trajcore.errors import Refused, SandboxUnavailable
from trajcore.sandbox.base import OnProgress, SandboxSettings
from trajcore.sandbox.machines.diskguard import spared
from trajcore.sandbox.machines.host.confine import Confinement
from trajcore.sandbox.machines.host.entered import Entered
from trajcore.sandbox.machines.host.processes import kill_all, session_of, variable_of
from trajcore.sandbox.machines.machine import ENVIRONMENT, Layer, Snapshot
from trajcore.sandbox.machines.owner import VARIABLE, make_directory, this_program
from trajcore.sandbox.machines.stream import Stream
from trajcore.sandbox.trees.copying import LeftOut, copy_tree, remove_tree
from trajcore.sandbox.trees.members import Member, members_below
from trajcore.tasks import finished_in_thread

_GONE: Final = "The shell on this machine, or its helper, was killed. Restart it to go on."
_SECRET: Final = re.compile(
    r"KEY$|KEY_|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|_PAT$|_AUTH$|^SSH_|^GPG_|^DOCKER_|^KUBECONFIG$",
    re.IGNORECASE,
)
_LOGIN: Final = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_OF_OUR_TERMINAL: Final = frozenset(
    {"BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "PROMPT_COMMAND", "PS1", "PS2", "COLUMNS", "LINES", "TMUX"}
)


_NOT_HERE: Final = (
    "A sandbox on this machine itself needs Linux, whose /proc says which processes are to be ended. "
    "Use --sandbox docker or --sandbox recorded."
)


def obstacle() -> str | None:
    """Why this machine cannot be one's own sandbox, in words; None: it can."""
    return None if sys.platform.startswith("linux") else _NOT_HERE


class LocalMachine:
    """Shells on this machine, as this user, in a directory that is removed when the world is closed."""

    kind = "local"
    detail = ""
    keeps = False
    outside = ()

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._scratch: Path | None = None
        self._entered = Entered(_GONE)
        self._confinement = Confinement(settings.resources)
        self._mark = ""

    @property
    def directory(self) -> str:
        """See `Machine.directory`; empty before the start."""
        if self._settings.mount and self._settings.workspace is not None:
            return str(self._settings.workspace.absolute())
        return "" if self._scratch is None else str(self._scratch / "workspace")

    async def start(self, progress: OnProgress) -> None:
        """See `Machine.start`."""
        if fault := obstacle():
            raise SandboxUnavailable(fault)
        progress("starting a shell on this machine")
        try:
            self._make_scratch()
            self._mark = f"{this_program().word}:{secrets.token_hex(4)}"
            environment = {**clean_environment(os.environ), VARIABLE: self._mark}
            await self._entered.launch(
                self._confinement.wrapper(),
                first=self._confinement.script(),
                environment=environment,
                directory=Path(self.directory),
            )
        except OSError as error:
            raise SandboxUnavailable(f"No shell can be started here ({error}).") from error

    def _make_scratch(self) -> None:
        self._scratch = make_directory()
        (self._scratch / "workspace").mkdir()

    async def terminal(self) -> Stream:
        """See `Machine.terminal`. There is but one: a second call means that it was killed."""
        return self._entered.terminal()

    async def control(self) -> Stream:
        """See `Machine.control`."""
        return self._entered.control()

    async def layers(self) -> tuple[Layer, ...]:
        """See `Machine.layers`. Only the start directory is looked at, not the whole machine."""
        return (Layer(self.directory, Path(self.directory)),)

    async def copy_in(self, directory: Path) -> LeftOut:
        """See `Machine.copy_in`."""
        target = Path(self.directory)
        try:
            return await finished_in_thread(lambda: copy_tree(directory, target, spared(target)))
        except OSError as error:
            raise SandboxUnavailable(f"{directory}: cannot be copied ({error}).") from error

    def members(self, path: str, left_out: LeftOut) -> Iterator[Member]:
        """See `Exporting.members`."""
        if path == "/":
            raise Refused("the whole world of a local sandbox is this machine: name a directory of it")
        return members_below(Path("/"), path, left_out)

    async def snapshot(self) -> None:
        """See `Machine.snapshot`: this machine cannot be made what it was."""

    async def restore(self, snapshot: Snapshot, progress: OnProgress) -> None:
        """See `Machine.restore`."""
        raise SandboxUnavailable("There is no way back on this machine itself: restart.")

    async def forget(self, snapshot: Snapshot) -> None:
        """See `Machine.forget`."""

    async def close(self) -> None:
        """See `Machine.close`. Ends all that the steps have started, in the background too."""
        session, mark, self._mark = self._entered.pid, self._mark, ""
        await self._entered.close()
        if mark:
            await asyncio.to_thread(kill_all, lambda pid: _belongs(pid, session, mark))
        await asyncio.to_thread(self._confinement.close)
        scratch, self._scratch = self._scratch, None
        if scratch is not None:
            await asyncio.to_thread(remove_tree, scratch)


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what looks like a key or a login, and without what belongs to our terminal."""
    kept = {
        name: value
        for name, value in environment.items()
        if not _SECRET.search(name) and not _LOGIN.search(value) and name not in _OF_OUR_TERMINAL
    }
    return {**ENVIRONMENT, **kept, "TERM": ENVIRONMENT["TERM"], "PAGER": ENVIRONMENT["PAGER"]}


def _belongs(pid: int, session: int, mark: str) -> bool:
    return (session != 0 and session_of(pid) == session) or variable_of(pid, VARIABLE) == mark
