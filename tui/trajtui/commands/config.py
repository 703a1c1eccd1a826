"""`trajtui config`: the settings and where each came from, changing one, and trusting the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from trajcore import load_config, options, set_config, trust_config, untrust_config
from trajcore.text import safe_line
from trajcore.views.trusting import Setting, file_line, what_is_let_in
from trajtui.commands import paint
from trajtui.manner import done, tell_object, warn
from trajtui.preferences import check_theme


def show_settings(path: Path | None, *, as_json: bool) -> None:
    """Print every setting, its value and its origin, and whether the file is trusted. Raises `BadInput`."""
    found = load_config({"config": path})
    found.save_path("a recording")
    rows = [row for setting in found.settings.values() for row in _rows(setting.key.place, setting)]
    for name, said in found.models.items():
        of_it = load_config({"config": path, "model": name}).settings
        for key in said:
            rows.extend(_rows(f"llm.{name}.{of_it[key].key.written}", of_it[key]))
    notes = [line for line in (file_line(found) if found.path else "", found.unused_line) if line]
    if as_json:
        settings = [{"name": name, "value": value or None, "origin": origin} for name, value, origin in rows]
        file = None if found.path is None else str(found.path)
        tell_object({"file": file, "settings": settings, "notes": list(map(safe_line, notes))})
        return
    for row in rows:
        click.echo(paint.setting(*row))
    for line in notes:
        done(line)


def _rows(name: str, setting: Setting) -> Iterator[tuple[str, str, str]]:
    """A setting by name, value and origin, safe to draw; of a table of keys, each that is in it."""
    values = {name: setting.shown() or ""}
    if setting.key.reach is options.Reach.KEYBOARD and setting.value:
        values = {f"{name}.{action}": str(keys) for action, keys in setting.value.items()}
    for each, value in values.items():
        yield safe_line(each), safe_line(value), safe_line(setting.origin)


def change_setting(key: str, value: str, path: Path | None, *, as_json: bool) -> None:
    """Write one setting and say where. Raises `BadInput`."""
    _check(key, value, path)
    target = set_config(key, value, path or load_config({}).place_of(key))
    left_out = [
        one.line
        for one in (load_config({}).left_out if path is None else ())
        if key in (one.setting.key.name, one.setting.key.place)
    ]
    if as_json:
        tell_object({"set": key, "file": str(target), "left_out": list(map(safe_line, left_out))})
        return
    done(f"set in {target}")
    for line in left_out:
        warn(safe_line(line))


def _check(name: str, value: str, path: Path | None) -> None:
    """Refuse what the screen could not use: a theme, or a key of an action. Raises `BadInput`."""
    key = options.find_key(name)
    if key.name == "theme":
        check_theme(value)
    action = options.within(key, name)
    if key.reach is options.Reach.KEYBOARD and action:
        from trajtui.actions.rebinding import rebound  # with the actions comes the screen

        rebound({**load_config({"config": path}).get(key.name), action: value})


def trust_file(file: Path, *, as_json: bool) -> None:
    """Trust a config.toml as it is now, and say what that lets in. Raises `BadInput`."""
    lines = [safe_line(line) for line in what_is_let_in(trust_config(file))]
    if as_json:
        tell_object({"file": str(file), "trusted": True, "lets_in": lines})
        return
    for line in lines:
        done(line)
    done(f"{file} is trusted, for as long as it stays as it is")


def untrust_file(file: Path, *, as_json: bool) -> None:
    """Trust a config.toml no longer. Raises `BadInput`."""
    was = untrust_config(file)
    if as_json:
        tell_object({"file": str(file), "trusted": False, "was_trusted": was})
    else:
        done(f"{file} is {'no longer' if was else 'not'} trusted")
