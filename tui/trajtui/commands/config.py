"""`trajtui config`: the settings and where each came from, changing one, and trusting the file."""

from __future__ import annotations

from pathlib import Path

import click

from trajcore import load_config, options, set_config, trust_config, untrust_config
from trajcore.text import safe_line
from trajcore.views.trusting import Setting, file_line, what_is_let_in
from trajtui.preferences import check_theme


def show_settings(path: Path | None) -> None:
    """Print every setting, its value and its origin, and whether the file is trusted. Raises `BadInput`."""
    found = load_config({"config": path})
    found.save_path("a recording")
    for setting in found.settings.values():
        _show(setting.key.place, setting)
    for name, said in found.models.items():
        of_it = load_config({"config": path, "model": name}).settings
        for key in said:
            _show(f"llm.{name}.{of_it[key].key.written}", of_it[key])
    if found.path is not None:
        click.echo(safe_line(file_line(found)))
    if found.unused_line:
        click.echo(safe_line(found.unused_line))


def _show(name: str, setting: Setting) -> None:
    if setting.key.reach is options.Reach.KEYBOARD and setting.value:
        for action, keys in setting.value.items():
            _line(f"{name}.{action}", str(keys), setting.origin)
    else:
        _line(name, setting.shown() or "-", setting.origin)


def _line(name: str, value: str, origin: str) -> None:
    click.echo(safe_line(f"{name:<32} {value or '-':<32} {origin}"))


def change_setting(key: str, value: str, path: Path | None) -> None:
    """Write one setting and say where. Raises `BadInput`."""
    _check(key, value, path)
    target = set_config(key, value, path or load_config({}).place_of(key))
    click.echo(safe_line(f"set in {target}"))
    if path is None:
        for one in load_config({}).left_out:
            if key in (one.setting.key.name, one.setting.key.place):
                click.echo(safe_line(f"trajtui: {one.line}"), err=True)


def _check(name: str, value: str, path: Path | None) -> None:
    """Refuse what the screen could not use: a theme, or a key of an action. Raises `BadInput`."""
    key = options.find_key(name)
    if key.name == "theme":
        check_theme(value)
    action = options.within(key, name)
    if key.reach is options.Reach.KEYBOARD and action:
        from trajtui.actions.rebinding import rebound  # with the actions comes the screen

        rebound({**load_config({"config": path}).get(key.name), action: value})


def trust_file(file: Path) -> None:
    """Trust a config.toml as it is now, and say what that lets in. Raises `BadInput`."""
    found = trust_config(file)
    for line in what_is_let_in(found):
        click.echo(safe_line(line))
    click.echo(safe_line(f"{file} is trusted, for as long as it stays as it is"))


def untrust_file(file: Path) -> None:
    """Trust a config.toml no longer. Raises `BadInput`."""
    click.echo(safe_line(f"{file} is {'no longer' if untrust_config(file) else 'not'} trusted"))
