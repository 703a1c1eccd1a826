"""Real sandboxes for tests.

Each test that takes `world` or `fresh` runs in docker and in bubblewrap; one that takes `everywhere` runs on
the bare host too, and must do nothing there that could harm it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from acting import execute
from needs import IMAGE, need_bubblewrap, need_docker
from toymachine import TOY
from trajcore.events.actions import EditAction, EditArgs, ReadAction, ReadArgs, RunAction, RunArgs
from trajcore.events.base import Observation
from trajcore.events.observations import CommandMetadata, RunExtras, RunObservation
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.sandbox.machines.bubblewrap import machine as bubblewrap
from trajcore.sandbox.machines.docker import machine as docker
from trajcore.sandbox.machines.host import machine as local
from trajcore.sandbox.registry import SANDBOXES, SandboxKind, register_sandbox
from trajcore.sandbox.shellsandbox import ShellSandbox

NEEDS = {"docker": need_docker, "bubblewrap": need_bubblewrap, "local": lambda: None}
MACHINES = {
    "docker": docker.DockerMachine,
    "bubblewrap": bubblewrap.BubblewrapMachine,
    "local": local.LocalMachine,
}
KINDS = [
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
]


def settings(**changes) -> SandboxSettings:
    return SandboxSettings(**{"image": IMAGE, "limits": Limits(no_change=1.5, hard=20.0), **changes})


def made(kind: str, chosen: SandboxSettings) -> ShellSandbox:
    return ShellSandbox(MACHINES[kind](chosen), chosen)


@pytest.fixture
def toy() -> Iterator[SandboxKind]:
    """A sandbox named `toy`: a directory and a bash, which goes back in no time. It has no walls."""
    register_sandbox(TOY)
    yield TOY
    SANDBOXES.unregister(TOY.name)


@dataclass
class World:
    """A started sandbox and what it has emitted."""

    sandbox: ShellSandbox
    kind: str
    chunks: list[tuple[float, bytes]] = field(default_factory=list)

    def emit(self, data: bytes) -> None:
        self.chunks.append((time.monotonic(), data))

    @property
    def home(self) -> str:
        """Where the shell starts."""
        return self.sandbox._machine.directory

    @property
    def emitted(self) -> bytes:
        return b"".join(data for _, data in self.chunks)

    async def run(
        self, command: str, recorded: Observation | None = None, limit: float | None = None, **args
    ) -> RunObservation:
        self.chunks.clear()
        action = RunAction(args=RunArgs(command=command, **args), timeout=limit)
        observation = await execute(self.sandbox, action, recorded, self.emit)
        assert isinstance(observation, RunObservation)
        return observation

    @staticmethod
    def recording(content: str, exit_code: int, suffix: str = "") -> RunObservation:
        metadata = CommandMetadata(exit_code=exit_code, suffix=suffix)
        return RunObservation(content=content, extras=RunExtras(command="", metadata=metadata))

    async def ends(self, command: str, **args) -> tuple[int, str]:
        observation = await self.run(command, **args)
        return observation.extras.metadata.exit_code, observation.content

    async def out(self, command: str) -> str:
        observation = await self.run(command)
        assert observation.extras.metadata.exit_code == 0, observation
        return observation.content

    async def edit(self, command: str, path: str, **args) -> str:
        action = EditAction(args=EditArgs(command=command, path=path, **args))
        observation = await execute(self.sandbox, action, None, self.emit)
        assert observation is not None
        return observation.content

    async def view(self, path: str, view_range: list[int] | None = None) -> str:
        action = ReadAction(args=ReadArgs(path=path, impl_source="oh_aci", view_range=view_range))
        observation = await execute(self.sandbox, action, None, self.emit)
        assert observation is not None
        return observation.content


async def _started(kind: str) -> World:
    NEEDS[kind]()
    sandbox = made(kind, settings())
    await sandbox.start(lambda _: None)
    return World(sandbox, kind)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """`docker` or `bubblewrap`; the test makes its own sandbox with `build`."""
    return request.param


@pytest_asyncio.fixture(loop_scope="module")
async def build(kind: str) -> AsyncIterator[Callable[..., ShellSandbox]]:
    """Makes sandboxes of the kind, with changed settings; they are closed after the test."""
    NEEDS[kind]()
    built: list[ShellSandbox] = []

    def one(**changes) -> ShellSandbox:
        built.append(made(kind, settings(**changes)))
        return built[-1]

    yield one
    for sandbox in built:
        await sandbox.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=KINDS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """One sandbox for all tests of a module; tests must leave its shell usable."""
    started = await _started(request.param)
    yield started
    await started.sandbox.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[*KINDS, "local"])
async def everywhere(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """As `world`, on the bare host too."""
    started = await _started(request.param)
    yield started
    await started.sandbox.close()


@pytest_asyncio.fixture(loop_scope="module", params=KINDS)
async def fresh(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A sandbox for one test."""
    started = await _started(request.param)
    yield started
    await started.sandbox.close()


@pytest_asyncio.fixture(loop_scope="module", params=[*KINDS, "local"])
async def fresh_everywhere(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A sandbox for one test, on the bare host too."""
    started = await _started(request.param)
    yield started
    await started.sandbox.close()
