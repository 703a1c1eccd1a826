"""What the options of a command with a session come to: settings, and arguments of the engine's function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace as with_changes
from typing import TYPE_CHECKING, Any

from trajcore import Settings, keeping_places, load_config, settings_from
from trajcore import options as table
from trajcore.text import safe_line
from trajtui.manner import warn

if TYPE_CHECKING:
    from trajcore.views.trusting import Config


def configured(options: Mapping[str, Any]) -> Config:
    """config.toml under the options; what of it is left out is said. Raises `BadInput`."""
    config = load_config(options)
    warn_of(config)
    return config


def warn_of(config: Config) -> None:
    """Say what is left out of config.toml, as far as it has been asked by now."""
    for line in config.warnings:
        warn(safe_line(line))


def settings_to_go_back(options: Mapping[str, Any]) -> Settings:
    """The settings of a session that is taken back to places of its run. Raises `BadInput`."""
    config = configured(options)
    return with_changes(keeping_places(settings_from(config, options), config), keep_choices=True)


def passed_on(function: Callable[..., Any], command: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options that a function takes under the same name.

    The others of the command are in the settings, or are about printing.
    """
    taken = inspect.signature(function).parameters
    named = (one.keyword for one in table.OPTIONS if command in one.commands)
    return {name: options[name] for name in named if name in taken}
