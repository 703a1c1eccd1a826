"""What every sandbox can do. Nothing here knows of replay, models or documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from trajcore.events.base import Action, Observation

Emit = Callable[[bytes], None]
"""Receives output as it comes, exactly the bytes that the command wrote."""

Report = Callable[[str], None]
"""Receives one line on how far a long operation is, for example "starting the container"."""

DEFAULT_IMAGE: Final = "nikolaik/python-nodejs:python3.12-nodejs22"
"""The image OpenHands uses."""


@dataclass(frozen=True)
class Limits:
    """How long a command may take, in seconds, and what is made of it then (both end in exit code -1).

    `no_change`: without new output. `hard`: altogether, when the action names no timeout of its own.
    `previous`: how long a command that still runs is given to end, when the next one shows that it had
    ended by then.
    """

    no_change: float = 10.0
    hard: float = 120.0
    previous: float = 30.0


@dataclass(frozen=True)
class SandboxSettings:
    """How a sandbox is set up."""

    image: str = DEFAULT_IMAGE
    workspace: Path | None = None
    """A directory copied into the sandbox's /workspace before the first step."""
    network: bool = False
    setup: Path | None = None
    """A shell script run before the first step."""
    limits: Limits = field(default_factory=Limits)


class Sandbox(Protocol):
    """One world in which actions are executed, from `start` to `close`."""

    @property
    def kind(self) -> str:
        """`docker`, `bubblewrap` or `recorded`."""

    @property
    def detail(self) -> str:
        """What else identifies it: the image, for docker; may be empty."""

    @property
    def executes(self) -> bool:
        """Whether actions are really executed; a sandbox that does not serves recorded observations."""

    async def start(self, report: Report) -> None:
        """Make the world ready. Raises `SandboxUnavailable` with what to do about it."""

    async def execute(self, action: Action, recorded: Observation | None, emit: Emit) -> Observation | None:
        """Carry out one action and return what came back, without id, cause or timestamp.

        `recorded` is what came back when the trajectory was recorded: a sandbox that executes uses it
        only to know how long to wait for a command that never returned in time. None means that this
        sandbox has no answer (nothing was recorded, or the kind of action cannot be executed here).
        Raises `SandboxUnavailable` when the world was lost.
        """

    async def interrupt(self) -> None:
        """Interrupt the running command, as Ctrl-C does; `execute` then returns within a second."""

    async def close(self) -> None:
        """Remove every trace of the world. Never raises; may be called twice, and in any state."""
