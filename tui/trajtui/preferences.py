"""What of the settings is for the screen alone: the user's own keys, and the theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trajcore import BadInput, errors
from trajcore.views.layout import theme_chosen

if TYPE_CHECKING:
    from trajcore.views.trusting import Config
    from trajtui.actions.table import UserAction

_LONGEST: Final = 60


@dataclass(frozen=True)
class ThemeWanted:
    """The name of a theme, empty for ours, and the config.toml that says so; empty where it was chosen."""

    name: str
    file: str = ""


def theme_wanted(config: Config) -> ThemeWanted:
    """The theme that config.toml names, else the one that was chosen last. Raises `BadInput`."""
    name = config.get("theme")
    if not name:
        return ThemeWanted(theme_chosen())
    file = config.settings["theme"].origin
    check_theme(name, f"{file}, ")
    return ThemeWanted(name, file)


def check_theme(name: str, where: str = "") -> None:
    """Refuse the name of no theme, with those that there are. Raises `BadInput`."""
    from trajtui import themes  # with them comes the screen

    known = themes.offered()
    if name not in known:
        raise BadInput(
            f"{where}[trajtui] theme: there is no {name[:_LONGEST]!r}; there are {', '.join(known)}."
            f"{errors.meant(name, known)}"
        )


def actions_wanted(config: Config) -> Sequence[UserAction]:
    """What can be done on the screen, with the user's own keys. Raises `BadInput`."""
    from trajtui.actions.table import ACTIONS  # with it comes the screen

    keys = config.get("keys")
    if not keys:
        return ACTIONS
    from trajtui.actions.rebinding import rebound

    try:
        return rebound(keys)
    except BadInput as error:
        file = config.settings["keys"].origin
        raise BadInput("\n".join(f"{file}, {line}" for line in str(error).split("\n"))) from None
