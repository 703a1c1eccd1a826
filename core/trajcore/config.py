"""Settings, and where each came from: options, then the environment, then config.toml, then defaults.

The keys and the file are OpenHands' own (`config.toml`: `[core]`, `[llm]`, `[sandbox]`).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import platformdirs

from trajcore.errors import BadInput
from trajcore.options import KEYS, Key
from trajcore.storage import write_atomically

APP: Final = "trajtui"


@dataclass(frozen=True)
class Setting:
    """A value, and in words where it came from."""

    key: Key
    value: Any = field(repr=False)
    origin: str
    fault: str = ""
    """Why the value that stands there cannot be used, where that is of no matter before it is asked for."""

    def shown(self) -> str:
        """The value for people; a secret is masked."""
        if self.fault:
            return "unusable"
        if self.key.secret and self.value:
            return "********"
        return "" if self.value is None else str(self.value)


class Config:
    """All settings of one start, by name."""

    def __init__(self, settings: Mapping[str, Setting], path: Path | None) -> None:
        self.settings = settings
        self.path = path
        """The config.toml that was read, if there is one."""

    def get(self, name: str) -> Any:
        """The value of a setting. Raises `BadInput` where what stands there cannot be used."""
        setting = self.settings[name]
        if setting.fault:
            raise BadInput(setting.fault)
        return setting.value

    def save_path(self, recording: str) -> Path | None:
        """Where the run of `recording` is saved when the file asks for it; a directory gets its name."""
        value = self.get("save_trajectory_path")
        if not value:
            return None
        path = Path(value).expanduser()
        return path / f"{Path(recording).stem}.json" if path.is_dir() else path


def config_directory() -> Path:
    """Where the user's own config.toml is."""
    return Path(platformdirs.user_config_dir(APP))


def load(
    path: Path | None = None,
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Config:
    """Read the settings. `options` are what the user typed, by name; None means not typed.

    Raises `BadInput` naming the file and the key where something in it cannot be used. What is wrong
    with a model's settings is told by `Config.get`: most starts ask no model.
    """
    found = _find(path)
    tables = _read(found) if found else {}
    settings = {}
    for key in KEYS:
        try:
            settings[key.name] = _setting(key, tables, found, options or {}, environment)
        except BadInput as error:
            if key.section != "llm":
                raise
            settings[key.name] = Setting(key, key.default, str(found), fault=str(error))
    return Config(settings, found)


def _find(path: Path | None) -> Path | None:
    if path is not None:
        if not path.is_file():
            raise BadInput(f"{path}: no such config file.")
        return path
    for candidate in (Path("config.toml"), config_directory() / "config.toml"):
        if candidate.is_file():
            return candidate
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not valid UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not valid TOML: {error}.") from None


def _setting(
    key: Key,
    tables: Mapping[str, Any],
    path: Path | None,
    options: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Setting:
    if options.get(key.name) is not None:
        return Setting(key, options[key.name], "option")
    if key.variable and environment.get(key.variable):
        return Setting(key, converted(key, environment[key.variable], key.variable), key.variable)
    table = tables.get(key.section)
    if isinstance(table, dict) and key.name in table and table[key.name] != "":
        value = table[key.name]
        return Setting(key, converted(key, value, f"{path}, [{key.section}] {key.name}"), str(path))
    return Setting(key, key.default, "default")


_FROM_TEXT: Final[dict[type, Callable[[Any], Any]]] = {int: int, float: float, str: str}


def converted(key: Key, value: Any, where: str) -> Any:
    """`value` as the type of its setting. Raises `BadInput` naming `where` it stands."""
    if key.kind is list and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise BadInput(f"{where}: expected a list of regular expressions, got {value!r}.")
    if isinstance(value, key.kind) and not (key.kind is int and isinstance(value, bool)):
        return value
    if key.kind is bool and str(value).lower() in ("true", "1", "yes", "false", "0", "no"):
        return str(value).lower() in ("true", "1", "yes")
    usable = isinstance(value, str | int | float) and not isinstance(value, bool) and key.kind is not bool
    if key.kind is int and isinstance(value, float) and not value.is_integer():
        usable = False
    try:
        if usable:
            return _FROM_TEXT[key.kind](value)
    except ValueError:
        pass
    raise BadInput(f"{where}: expected {_KINDS[key.kind]}, got {_masked(key, value)}.")


_KINDS: Final = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    list: "a list",
}


def _masked(key: Key, value: Any) -> str:
    return "something else" if key.secret else repr(value)


# Changing one setting, its comments and order left alone


def find_key(name: str) -> Key:
    """The setting called `name`, with or without its section (`llm.model`, `model`). Raises `BadInput`."""
    for key in KEYS:
        if name in (key.name, f"{key.section}.{key.name}"):
            return key
    known = ", ".join(f"{key.section}.{key.name}" for key in KEYS)
    raise BadInput(f"there is no setting {name!r}; the settings are {known}.")


def set_config(name: str, value: str, path: Path | None) -> Path:
    """Write a setting to `path`, or to the user's own config.toml; answers where. Raises `BadInput`."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import Table

    key = find_key(name)
    # The user's own file may be a link, into where they keep their settings.
    target = path or (config_directory() / "config.toml").resolve()
    try:
        text = target.read_text(encoding="utf-8") if target.exists() else ""
        document = tomlkit.parse(text)
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise BadInput(f"{target} is not valid TOML: {error}.") from None
    table = document.setdefault(key.section, tomlkit.table())
    if not isinstance(table, Table):
        raise BadInput(f"{target}: {key.section} is not a table.")
    table[key.name] = converted(key, value, f"{key.section}.{key.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, [tomlkit.dumps(document).encode()])
    return target
