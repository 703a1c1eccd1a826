"""`trajtui config`: the settings and where each came from, and changing one."""

from __future__ import annotations

from pathlib import Path

import click

from trajcore import config
from trajcore.config import set_value
from trajcore.text import safe_line


def show_settings(path: Path | None) -> None:
    """Print every setting, its value and its origin. Raises `BadInput`."""
    settings = config.load(path)
    for setting in settings.settings.values():
        name = f"{setting.key.section}.{setting.key.name}"
        click.echo(safe_line(f"{name:<32} {setting.shown() or '-':<32} {setting.origin}"))


def change_setting(key: str, value: str, path: Path | None) -> None:
    """Write one setting and say where. Raises `BadInput`."""
    target = set_value(key, value, path or config.load().path)
    click.echo(f"set in {target}")
