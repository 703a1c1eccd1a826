"""The runtimes there are, by the name that a dialect gives. None is imported before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from trajcore.errors import BadInput

if TYPE_CHECKING:
    from trajcore.runtimes.base import Runtime

DEFAULT_RUNTIME: Final = "openhands"
"""Whose wording is used where a dialect names no runtime."""

Factory = Callable[[], "Runtime"]
"""Makes a runtime for a new world."""


def make_runtime(name: str) -> Runtime:
    """A runtime for a new world. Raises `BadInput` where there is none called so."""
    factory = _factories.get(name)
    if factory is None:
        raise BadInput(f"There is no runtime '{name}': use one of {', '.join(_factories)}.")
    return factory()


def register_runtime(name: str, factory: Factory) -> None:
    """Add a runtime for the rest of the program, or put it in the place of the one called so."""
    _factories[name] = factory


def _openhands() -> Runtime:
    from trajcore.runtimes.openhands.runtime import OpenHandsRuntime

    return OpenHandsRuntime()


def _plain() -> Runtime:
    from trajcore.runtimes.plain import PlainRuntime

    return PlainRuntime()


_factories: Final[dict[str, Factory]] = {"openhands": _openhands, "plain": _plain}
