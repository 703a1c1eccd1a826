"""The sandboxes there are, one row each. Reading the names imports none of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from trajcore.errors import BadInput, SandboxUnavailable, meant
from trajcore.plugins import Registry
from trajcore.sandbox.base import Sandbox, SandboxSettings

if TYPE_CHECKING:
    from trajcore.sandbox.machines.machine import Machine

AUTO: Final = "auto"
"""What is asked for where the best that works is wanted."""


@dataclass(frozen=True)
class Fact:
    """One line of `trajtui doctor`."""

    good: bool
    what: str
    text: str


async def _always(settings: SandboxSettings) -> str | None:
    return None


@dataclass(frozen=True)
class SandboxKind:
    """A row of the registry: how a sandbox is made, and what is true of all that are made so."""

    name: str
    make: Callable[[SandboxSettings], Sandbox]
    """A sandbox, not started. Raises `BadInput` where the settings do not fit."""
    obstacle: Callable[[SandboxSettings], Awaitable[str | None]] = _always
    """Why it does not work here, in words; None: it does."""
    facts: Callable[[SandboxSettings, str | None], Awaitable[Sequence[Fact]]] | None = None
    """What doctor says, given the obstacle; None: whether it works."""
    rewinds: bool = True
    """Whether it can be taken back to an earlier moment."""
    walled: bool = True
    """Whether what runs in it is kept away from this machine; where not, the user is asked first."""
    executes: bool = True
    """Whether actions are carried out; where not, what was recorded is served."""

    async def works(self, settings: SandboxSettings) -> str | None:
        """Why it does not work here, in words; None: it does. Never raises."""
        try:
            return await self.obstacle(settings)
        except (OSError, SandboxUnavailable) as error:
            return str(error)

    async def describe(self, settings: SandboxSettings) -> Sequence[Fact]:
        """What doctor says of it."""
        obstacle = await self.works(settings)
        if self.facts is not None:
            return await self.facts(settings, obstacle)
        return [Fact(obstacle is None, self.name, obstacle or "works")]


def on_machine(machine: Machine, settings: SandboxSettings) -> Sandbox:
    """The sandbox on a machine: a shell, files, notebook, checkpoints and changed files come with it."""
    from trajcore.sandbox.shellsandbox import ShellSandbox

    return ShellSandbox(machine, settings)


def register_sandbox(kind: SandboxKind) -> None:
    """Add a sandbox for the rest of the program, or put it in the place of the one called so."""
    SANDBOXES.register(kind)


def sandbox_names() -> tuple[str, ...]:
    """What may be asked for, `auto` first. Nothing is imported."""
    return (AUTO, *SANDBOXES.names())


def sandbox_kind(name: str) -> SandboxKind:
    """The row called `name`; a package that offers it is imported. Raises `BadInput`."""
    try:
        return SANDBOXES.get(name)  # what is built in is found without a look at the packages
    except BadInput:
        names = sandbox_names()
        if name in names:
            raise
        known = ", ".join(names)
        raise BadInput(f"There is no sandbox '{name}': use one of {known}.{meant(name, names)}") from None


def is_walled(name: str) -> bool:
    """Whether the sandbox asked for keeps what runs in it away from this machine. Of `auto`'s, each does."""
    if name == AUTO:
        return True
    try:
        return sandbox_kind(name).walled
    except BadInput:  # said when it is chosen
        return True


def _docker(settings: SandboxSettings) -> Sandbox:
    from trajcore.sandbox.machines.docker.machine import DockerMachine

    return on_machine(DockerMachine(settings), settings)


async def _no_docker(settings: SandboxSettings) -> str | None:
    from trajcore.sandbox.machines.docker.machine import engine_answers

    return await engine_answers()


async def _about_docker(settings: SandboxSettings, obstacle: str | None) -> Sequence[Fact]:
    from trajcore.sandbox.machines.docker import disks
    from trajcore.sandbox.machines.docker.machine import has_image

    if obstacle is not None:
        return [Fact(False, "docker", obstacle)]
    here = await has_image(settings.image)
    watched, disk = await asyncio.to_thread(disks.describe)
    state = "here" if here else "not here yet: it is pulled when asked for"
    return [
        Fact(True, "docker", "the engine answers"),
        Fact(here, "image", f"{settings.image} is {state}"),
        Fact(watched, "disk", disk),
    ]


def _bubblewrap(settings: SandboxSettings) -> Sandbox:
    from trajcore.sandbox.machines.bubblewrap.machine import BubblewrapMachine

    return on_machine(BubblewrapMachine(settings), settings)


async def _no_bubblewrap(settings: SandboxSettings) -> str | None:
    from trajcore.sandbox.machines.bubblewrap.machine import works

    return await works()


async def _about_bubblewrap(settings: SandboxSettings, obstacle: str | None) -> Sequence[Fact]:
    from trajcore.sandbox.machines.bubblewrap import seccomp

    if obstacle is not None:
        return [Fact(False, "bubblewrap", obstacle)]
    lacking = seccomp.obstacle()
    state = "on: bubblewrap refuses the system calls that Docker does"
    return [
        Fact(True, "bubblewrap", "works"),
        Fact(
            lacking is None, "filter", state if lacking is None else f"no filter of system calls: {lacking}"
        ),
    ]


def _local(settings: SandboxSettings) -> Sandbox:
    from trajcore.sandbox.machines.host.machine import LocalMachine

    return on_machine(LocalMachine(settings), settings)


async def _no_local(settings: SandboxSettings) -> str | None:
    from trajcore.sandbox.machines.host import machine

    return machine.obstacle()


async def _about_local(settings: SandboxSettings, obstacle: str | None) -> Sequence[Fact]:
    from trajcore.sandbox.machines.host.confine import describe

    if obstacle is not None:
        return [Fact(False, "local", obstacle)]
    return [
        Fact(True, "local", "this machine without walls: only with --sandbox local"),
        Fact(True, "limits", await asyncio.to_thread(describe)),
    ]


def _recorded(settings: SandboxSettings) -> Sandbox:
    from trajcore.sandbox.recorded import RecordedSandbox

    return RecordedSandbox()


def _itself(row: SandboxKind) -> SandboxKind:
    return row


async def _no_facts(settings: SandboxSettings, obstacle: str | None) -> Sequence[Fact]:
    return []


_ROWS: Final = (
    SandboxKind("docker", _docker, _no_docker, _about_docker),
    SandboxKind("bubblewrap", _bubblewrap, _no_bubblewrap, _about_bubblewrap),
    SandboxKind("local", _local, _no_local, _about_local, rewinds=False, walled=False),
    SandboxKind("recorded", _recorded, facts=_no_facts, executes=False),
)

SANDBOXES: Final[Registry[SandboxKind]] = Registry(
    "sandbox", "trajtui.sandboxes", {row.name: partial(_itself, row) for row in _ROWS}
)
"""By name. A package offers one as an entry point of this group: a call that makes a `SandboxKind`."""
