"""The runtimes there are, by the name that a dialect gives. None is imported before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trajcore.plugins import Registry
from trajcore.runtimes.habits import PERSISTENT, Habits

if TYPE_CHECKING:
    from trajcore.runtimes.base import Runtime


@dataclass(frozen=True)
class RuntimeKind:
    """A row of the registry."""

    name: str
    make: Callable[[Habits], Runtime]
    """A runtime for a new world, and for an agent of these habits."""


def make_runtime(name: str, habits: Habits = PERSISTENT) -> Runtime:
    """A runtime for a new world. Raises `BadInput` where there is none called so."""
    return RUNTIMES.get(name).make(habits)


def register_runtime(name: str, make: Callable[[Habits], Runtime]) -> None:
    """Add a runtime for the rest of the program, or put it in the place of the one called so."""
    RUNTIMES.register(RuntimeKind(name, make))


def _openhands(habits: Habits) -> Runtime:
    """Whose shell always persists."""
    from trajcore.runtimes.openhands.runtime import OpenHandsRuntime

    return OpenHandsRuntime()


def _openhands_v1(habits: Habits) -> Runtime:
    """Whose shell always persists, too."""
    from trajcore.runtimes.openhands_v1.runtime import OpenHandsV1Runtime

    return OpenHandsV1Runtime()


def _mini(habits: Habits) -> Runtime:
    from trajcore.runtimes.mini.runtime import MiniRuntime

    return MiniRuntime(habits)


def _swe_agent(habits: Habits) -> Runtime:
    from trajcore.runtimes.swe_agent.runtime import SweAgentRuntime

    return SweAgentRuntime(habits)


def _plain(habits: Habits) -> Runtime:
    from trajcore.runtimes.plain import PlainRuntime

    return PlainRuntime(habits)


RUNTIMES: Final[Registry[RuntimeKind]] = Registry(
    "runtime",
    "trajtui.runtimes",
    {
        "openhands": lambda: RuntimeKind("openhands", _openhands),
        "openhands_v1": lambda: RuntimeKind("openhands_v1", _openhands_v1),
        "mini": lambda: RuntimeKind("mini", _mini),
        "swe_agent": lambda: RuntimeKind("swe_agent", _swe_agent),
        "plain": lambda: RuntimeKind("plain", _plain),
    },
)
"""By name. A package offers one as an entry point of this group: a call that makes a `RuntimeKind`."""
