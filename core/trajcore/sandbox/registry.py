"""The sandboxes there are, one row each. Reading the names imports none of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

from trajcore.errors import BadInput, SandboxUnavailable
from trajcore.sandbox.base import Sandbox, SandboxSettings

if TYPE_CHECKING:
    from trajcore.sandbox.machines.machine import Machine

AUTO: Final = "auto"
"""What is asked for where the best that works is wanted."""

GROUP: Final = "trajtui.sandboxes"
"""The group of entry points in which other packages name their sandboxes: each loads a `SandboxKind`."""


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
    _registered[kind.name] = kind


def unregister_sandbox(name: str) -> None:
    """Take back `register_sandbox`. Raises `KeyError` where there was none."""
    del _registered[name]


def sandbox_names() -> tuple[str, ...]:
    """What may be asked for, `auto` first. Nothing is imported."""
    named = (entry.name for entry in entry_points(group=GROUP))
    return tuple(dict.fromkeys((AUTO, *_BUILT_IN, *named, *_registered)))


def sandbox_kind(name: str) -> SandboxKind:
    """The row called `name`; a package that names it is imported. Raises `BadInput`."""
    found = _registered.get(name) or _BUILT_IN.get(name)
    if found is not None:
        return found
    for entry in entry_points(group=GROUP, name=name):
        return _loaded(name, entry.load)
    raise BadInput(f"There is no sandbox '{name}': use one of {', '.join(sandbox_names())}.")


def is_walled(name: str) -> bool:
    """Whether the sandbox asked for keeps what runs in it away from this machine. Of `auto`'s, each does."""
    if name == AUTO:
        return True
    try:
        return sandbox_kind(name).walled
    except BadInput:  # said when it is chosen
        return True


def _loaded(name: str, load: Callable[[], object]) -> SandboxKind:
    try:
        found = load()
    except Exception as error:
        raise BadInput(f"The sandbox '{name}' cannot be loaded ({type(error).__name__}: {error}).") from error
    if not isinstance(found, SandboxKind):
        raise BadInput(f"The sandbox '{name}' cannot be loaded: its entry point is no SandboxKind.")
    return found


def _docker(settings: SandboxSettings) -> Sandbox:
    from trajcore.sandbox.machines.docker.machine import DockerMachine

    return on_machine(DockerMachine(settings), settings)


async def _no_docker(settings: SandboxSettings) -> str | None:
    from trajcore.sandbox.machines.docker.machine import engine_answers

    return await engine_answers()


async def _about_docker(settings: SandboxSettings, obstacle: str | None) -> Sequence[Fact]:
    from trajcore.sandbox.machines.docker.machine import has_image

    if obstacle is not None:
        return [Fact(False, "docker", obstacle)]
    here = await has_image(settings.image)
    state = "here" if here else "not here yet: it is pulled when asked for"
    return [
        Fact(True, "docker", "the engine answers"),
        Fact(here, "image", f"{settings.image} is {state}"),
    ]


def _bubblewrap(settings: SandboxSettings) -> Sandbox:
    from trajcore.sandbox.machines.bubblewrap.machine import BubblewrapMachine

    return on_machine(BubblewrapMachine(settings), settings)


async def _no_bubblewrap(settings: SandboxSettings) -> str | None:
    from trajcore.sandbox.machines.bubblewrap.machine import works

    return await works()


def _local(settings: SandboxSettings) -> Sandbox:
    from trajcore.sandbox.machines.host.machine import LocalMachine

    return on_machine(LocalMachine(settings), settings)


async def _about_local(settings: SandboxSettings, obstacle: str | None) -> Sequence[Fact]:
    from trajcore.sandbox.machines.host.confine import describe

    return [
        Fact(True, "local", "this machine without walls: only with --sandbox local"),
        Fact(True, "limits", await asyncio.to_thread(describe)),
    ]


def _recorded(settings: SandboxSettings) -> Sandbox:
    from trajcore.sandbox.recorded import RecordedSandbox

    return RecordedSandbox()


async def _no_facts(settings: SandboxSettings, obstacle: str | None) -> Sequence[Fact]:
    return []


_BUILT_IN: Final = {
    kind.name: kind
    for kind in (
        SandboxKind("docker", _docker, _no_docker, _about_docker),
        SandboxKind("bubblewrap", _bubblewrap, _no_bubblewrap),
        SandboxKind("local", _local, facts=_about_local, rewinds=False, walled=False),
        SandboxKind("recorded", _recorded, facts=_no_facts, executes=False),
    )
}
_registered: Final[dict[str, SandboxKind]] = {}
