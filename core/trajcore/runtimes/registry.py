"""The runtimes there are, by the name that a dialect gives. None is imported before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trajcore.plugins import Registry

if TYPE_CHECKING:
    from trajcore.runtimes.base import Runtime

DEFAULT_RUNTIME: Final = "openhands"
"""Whose wording is used where nothing is said."""


@dataclass(frozen=True)
class RuntimeKind:
    """A row of the registry."""

    name: str
    make: Callable[[], Runtime]
    """A runtime for a new world."""


def make_runtime(name: str) -> Runtime:
    """A runtime for a new world. Raises `BadInput` where there is none called so."""
    return RUNTIMES.get(name).make()


def register_runtime(name: str, make: Callable[[], Runtime]) -> None:
    """Add a runtime for the rest of the program, or put it in the place of the one called so."""
    RUNTIMES.register(RuntimeKind(name, make))


def _openhands() -> Runtime:
    from trajcore.runtimes.openhands.runtime import OpenHandsRuntime

    return OpenHandsRuntime()


def _plain() -> Runtime:
    from trajcore.runtimes.plain import PlainRuntime

    return PlainRuntime()


RUNTIMES: Final[Registry[RuntimeKind]] = Registry(
    "runtime",
    "trajtui.runtimes",
    {
        "openhands": lambda: RuntimeKind("openhands", _openhands),
        "plain": lambda: RuntimeKind("plain", _plain),
    },
)
"""By name. A package offers one as an entry point of this group: a call that makes a `RuntimeKind`."""
