"""`trajtui config`: the settings and where each came from, and changing one."""

from __future__ import annotations

from pathlib import Path

import click

from trajcore import load_config, set_config
from trajcore.text import safe_line


def show_settings(path: Path | None) -> None:
    """Print every setting, its value and its origin. Raises `BadInput`."""
    for setting in load_config({"config": path}).settings.values():
        name = f"{setting.key.section}.{setting.key.name}"
        click.echo(safe_line(f"{name:<32} {setting.shown() or '-':<32} {setting.origin}"))


def change_setting(key: str, value: str, path: Path | None) -> None:
    """Write one setting and say where. Raises `BadInput`."""
    target = set_config(key, value, path or load_config({}).path)
    click.echo(safe_line(f"set in {target}"))
