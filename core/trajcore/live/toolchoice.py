"""Which of its dialect's tools a live model is offered: as settings say, until the user chooses others."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from trajcore.errors import BadInput, meant
from trajcore.options import KEYS

if TYPE_CHECKING:
    from trajcore.config import Config
    from trajcore.dialects.toolmap import ToolMap

SECTION: Final = "agent"
"""The table of config.toml that switches tools, as OpenHands has it."""
_KEYS: Final = tuple(key.name for key in KEYS if key.section == SECTION)

_NAMED: Final = 8
"""So many keys that are of no use here are named, each with so many characters."""
_LONGEST: Final = 40
_NONE_LEFT: Final = "no tool of the live agent is on: leave it one (--live-tools, or [agent] in config.toml)"


class Wanted(Struct, frozen=True):
    """What settings say of the tools."""

    only: tuple[str, ...] | None = None
    """The names of those that are on; None: all but those that are switched `off`."""
    off: frozenset[str] = frozenset()
    """The keys of `[agent]` that are false."""
    unused: tuple[str, ...] = ()
    """Keys of it that ask for what is not done here."""

    @property
    def warning(self) -> str:
        """The same in a line; empty where there are none."""
        names = [name[:_LONGEST] for name in self.unused[:_NAMED]] + ["…"] * (len(self.unused) > _NAMED)
        return f"[{SECTION}] of config.toml: not done here: {', '.join(names)}" if names else ""


def wanted(found: Config, named: str | None) -> Wanted:
    """What settings say: the names that are `named` between commas, else the switches of config.toml."""
    if named is not None:
        only = tuple(dict.fromkeys(name.strip() for name in named.split(",") if name.strip()))
        return Wanted(only, unused=found.unused_of_agent)
    return Wanted(off=frozenset(key for key in _KEYS if not found.get(key)), unused=found.unused_of_agent)


def unused_keys(table: Any) -> tuple[str, ...]:
    """What a table `[agent]` asks for that is not done here: what is off, or empty, asks for nothing."""
    if not isinstance(table, dict):
        return ()
    return tuple(str(name) for name, value in table.items() if value and name not in _KEYS)


class LiveTools:
    """The tools that a live model can have, and those that it has: looked at before each of its replies."""

    def __init__(self, tools: ToolMap, wanted: Wanted) -> None:
        self._tools = tools
        self.fault = ""
        """Why the settings cannot be used, of no matter while no model is asked."""
        self._on: tuple[str, ...] = tuple(
            name for name, switch in tools.switches.items() if switch not in wanted.off
        )
        try:
            self.choose(self._on if wanted.only is None else wanted.only)
        except BadInput as error:
            self.fault = str(error)

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return self._tools.names

    @property
    def described(self) -> dict[str, str]:
        """What each of them is for, in a sentence."""
        functions = (schema["function"] for schema in self._tools.schemas())
        return {one["name"]: one["description"].partition(". ")[0].rstrip(".") for one in functions}

    @property
    def on(self) -> tuple[str, ...]:
        """Those that the model has, in the same order."""
        return self._on

    @property
    def offered(self) -> ToolMap:
        """What the model is offered now."""
        return self._tools.with_only(self._on)

    def choose(self, names: Collection[str]) -> None:
        """Have the model have these. Raises `BadInput` where one of them is none, or there are none."""
        unknown = [name for name in names if name not in self.names]
        if unknown:
            near = meant(unknown[0], self.names)
            raise BadInput(f"there is no tool {unknown[0]!r}: the tools are {', '.join(self.names)}.{near}")
        if not names:
            raise BadInput(_NONE_LEFT)
        self._on = tuple(name for name in self.names if name in names)
        self.fault = ""

    @property
    def line(self) -> str:
        """Those that are on, in words."""
        return "all tools" if self._on == self.names else f"tools: {', '.join(self._on)}"

    @property
    def short(self) -> str:
        """How many are on; empty where all are."""
        return "" if self._on == self.names else f"{len(self._on)} of {len(self.names)} tools"
