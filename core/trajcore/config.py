"""Settings, and where each came from: options, then the environment, then config.toml, then defaults.

The keys and the file are OpenHands' own (`config.toml`: `[core]`, `[llm]`, `[sandbox]`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import platformdirs

from trajcore.errors import BadInput
from trajcore.live.toolchoice import SECTION, unused_keys
from trajcore.masking import hide, secrets_in_addresses, without_accounts
from trajcore.options import KEYS, Key, Reach
from trajcore.reading import SETTINGS, Missing, read_file
from trajcore.storage import in_words, write_atomically
from trajcore.trust import (
    APP,
    TRUSTED,
    LeftOut,
    Origin,
    Setting,
    answer,
    digest,
    forget,
    left_out,
    lies_within,
    path_of,
    remember,
)

__all__ = ["APP", "Setting"]

_NAME: Final = "config.toml"


class Config:
    """All settings of one start, by name."""

    def __init__(
        self,
        settings: dict[str, Setting],
        path: Path | None,
        source: Origin,
        digest: str = "",
        unused: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        """The config.toml that was read, if there is one."""
        self.source = source
        """Whether it is trusted, and why."""
        self.digest = digest
        """What tells whether it is still the one that was read."""
        trusted = path is None or source is not Origin.HERE
        self.left_out = [] if trusted or path is None else left_out(path, settings)
        """What of it is not used, as it is not trusted."""
        self.settings = settings
        self.unused = unused
        """Keys of its `[agent]` that ask for what is not done here."""

    def get(self, name: str) -> Any:
        """The value of a setting. Raises `BadInput` where what stands there cannot be used."""
        setting = self.settings[name]
        if setting.fault:
            raise BadInput(setting.fault)
        return setting.value

    def save_path(self, recording: str) -> Path | None:
        """Where the run of `recording` is saved when the file asks for it; a directory gets its name.

        A file that is not trusted has nothing written but trajectories, in its directory.
        """
        setting = self.settings["save_trajectory_path"]
        if not setting.value:
            return None
        path = path_of(setting.value)
        path = path / f"{Path(recording).stem}.json" if os.path.isdir(path) else path
        why = "" if self.path is None or setting.source is not Origin.HERE else _not_written(path, self.path)
        if self.path is not None and why:
            self.left_out.append(LeftOut(self.path, setting, why))
            return None
        return path

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for each setting that is left out."""
        return tuple(one.line for one in self.left_out)

    @property
    def warning(self) -> str:
        """The same in one short line; empty where nothing is left out."""
        names = ", ".join(one.setting.key.name for one in self.left_out)
        return f"{self.path} is not trusted, left out: {names} (trajtui config says why)" if names else ""

    def place_of(self, name: str) -> Path | None:
        """The file to write a setting to; None: the user's own. Raises `BadInput`.

        No key is written beside an address that somebody else may have put there.
        """
        if self.source is Origin.HERE and find_key(name).secret:
            raise BadInput(
                f"{self.path} is not trusted, and would say where the key is sent: set LLM_API_KEY, "
                "or trust the file first (trajtui config trust)."
            )
        return self.path


def _not_written(path: Path, file: Path) -> str:
    """Why a file that is not trusted may not have a run saved there; empty where it may."""
    from trajcore.formats.base import RowNeeded
    from trajcore.trajectory import Trajectory

    if not lies_within(path, os.path.realpath(file.parent)):
        return "it leads outside its directory"
    if not os.path.lexists(path):
        return ""
    try:
        if os.path.isfile(path):
            Trajectory.open(path)
            return ""
    except RowNeeded:
        return ""
    except BadInput:
        pass
    return "what is there is no trajectory"


def config_directory() -> Path:
    """Where the user's own config.toml is."""
    return Path(platformdirs.user_config_dir(APP))


def load(
    path: Path | None = None,
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] = os.environ,
    accepted: str = "",
) -> Config:
    """Read the settings. `options` are what the user typed, by name; None means not typed.

    `accepted` is the digest of a file that the user takes this once. Raises `BadInput` naming the file and
    the key where something in it cannot be used. What is wrong with a model's settings is told by
    `Config.get`: most starts ask no model.
    """
    found = _find(path)
    data = read_file(found, SETTINGS) if found else b""
    origin = _origin(found, digest(data), accepted, named=path is not None) if found else Origin.DEFAULT
    tables = _parsed(found, data) if found else {}
    own, own_tables = _not_hidden(origin)
    settings = {}
    for key in KEYS:
        where = (tables, found, origin)
        if key.reach is Reach.UNASKED and _says(own_tables, key):
            where = (own_tables, own, Origin.OWN)
        try:
            settings[key.name] = _setting(key, *where, options or {}, environment)
        except BadInput as error:
            if key.section != "llm":
                raise
            settings[key.name] = Setting(key, key.default, str(found), fault=str(error))
    hide(*_secrets(settings.values()))
    return Config(settings, found, origin, digest(data), unused_keys(tables.get(SECTION)))


def _secrets(settings: Iterable[Setting]) -> Iterator[str]:
    """What of the settings nobody is to see."""
    for setting in settings:
        value = setting.value
        if isinstance(value, str):
            yield from [value] if setting.key.secret else secrets_in_addresses(value)


def _origin(file: Path, digest: str, accepted: str, *, named: bool) -> Origin:
    """What makes a config.toml trusted, if anything does."""
    if named:
        return Origin.NAMED
    if os.path.realpath(file) == os.path.realpath(config_directory() / _NAME):
        return Origin.OWN
    return Origin.TRUSTED if digest == accepted or answer(file, digest) == TRUSTED else Origin.HERE


def _not_hidden(origin: Origin) -> tuple[Path | None, dict[str, Any]]:
    """The user's own file where one that is not trusted is read in its place, and what it says.

    What the user wants to be asked about is not for that file to make less.
    """
    own = config_directory() / _NAME
    if origin is not Origin.HERE or not os.path.isfile(own):
        return None, {}
    return own, _parsed(own, read_file(own, SETTINGS))


def _says(tables: Mapping[str, Any], key: Key) -> bool:
    table = tables.get(key.section)
    return isinstance(table, dict) and table.get(key.name, "") != ""


def _find(path: Path | None) -> Path | None:
    if path is not None:
        if not os.path.isfile(path):
            raise BadInput(f"{path}: no such config file.")
        return path
    for candidate in (Path(_NAME), config_directory() / _NAME):
        if os.path.isfile(candidate):
            return candidate
    return None


def _parsed(path: Path, data: bytes) -> dict[str, Any]:
    import tomllib  # most have no file to read

    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not valid UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not valid TOML: {error}.") from None
    except RecursionError:
        raise BadInput(f"{path} is nested too deep.") from None
    except ValueError:  # as Python says of very many digits
        raise BadInput(f"{path} has a number in it that is too long.") from None


def _setting(
    key: Key,
    tables: Mapping[str, Any],
    path: Path | None,
    origin: Origin,
    options: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Setting:
    if options.get(key.name) is not None:
        return Setting(key, options[key.name], "option", source=Origin.OPTION)
    if key.variable and environment.get(key.variable):
        value = converted(key, environment[key.variable], key.variable)
        return Setting(key, value, key.variable, source=Origin.ENVIRONMENT)
    if _says(tables, key):
        value = tables[key.section][key.name]
        value = converted(key, value, f"{path}, [{key.section}] {key.name}")
        return Setting(key, value, str(path), source=origin)
    return Setting(key, key.default, "default")


_LARGEST_NUMBER: Final = 10**12
"""Of what is counted or waited for; more cannot be asked of a machine."""
_LONGEST: Final = 200
"""So many characters of a value that cannot be used are shown."""


def _number(kind: type[int | float], value: Any) -> int | float:
    """Raises `ValueError`, `OverflowError`."""
    number = kind(value)
    if not abs(number) <= _LARGEST_NUMBER:  # nan is not, either
        raise ValueError
    return number


def _flag(value: Any) -> bool:
    """Raises `ValueError`, `KeyError`."""
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[str(value).lower()]


_FROM_TEXT: Final[dict[type, Callable[[Any], Any]]] = {
    bool: _flag,
    int: partial(_number, int),
    float: partial(_number, float),
    str: str,
}


def converted(key: Key, value: Any, where: str) -> Any:
    """`value` as the type of its setting. Raises `BadInput` naming `where` it stands."""
    if key.kind is list and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise BadInput(f"{where}: expected a list of regular expressions, got {_masked(key, value)}.")
    if key.kind is list:
        return value
    usable = isinstance(value, str | int | float) and (key.kind is bool or not isinstance(value, bool))
    if key.kind is int and isinstance(value, float) and not value.is_integer():
        usable = False
    try:
        if usable:
            return _FROM_TEXT[key.kind](value)
    except (ValueError, KeyError, OverflowError):
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
    if key.secret:
        return "something else"
    try:
        text = without_accounts(repr(value))
    except ValueError:  # very many digits
        return "a number that is too long"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


# Changing one setting, its comments and order left alone


def find_key(name: str) -> Key:
    """The setting called `name`, with or without its section (`llm.model`, `model`). Raises `BadInput`."""
    for key in KEYS:
        if name in (key.name, f"{key.section}.{key.name}"):
            return key
    known = ", ".join(f"{key.section}.{key.name}" for key in KEYS)
    raise BadInput(f"there is no setting {name!r}; the settings are {known}.")


def set_config(name: str, value: str, path: Path | None) -> Path:
    """Write a setting to `path`, or to the user's own config.toml; answers where. Raises `BadInput`.

    A file that was trusted as it was is trusted as it is then.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import Table

    key = find_key(name)
    # The user's own file may be a link, into where they keep their settings.
    target = path or (config_directory() / _NAME).resolve()
    try:
        before = read_file(target, SETTINGS)
    except Missing:
        before = b""
    trusted = answer(target, digest(before)) == TRUSTED
    try:
        document = tomlkit.parse(before.decode())
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise BadInput(f"{target} is not valid TOML: {error}.") from None
    table = document.setdefault(key.section, tomlkit.table())
    if not isinstance(table, Table):
        raise BadInput(f"{target}: {key.section} is not a table.")
    table[key.name] = converted(key, value, f"{key.section}.{key.name}")
    data = tomlkit.dumps(document).encode()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, [data])
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {in_words(error)}.") from None
    if trusted:
        remember(target, digest(data), TRUSTED)
    return target


# Trusting a file


def trust_config(file: Path) -> Config:
    """Trust a config.toml as it is now, and for as long as it stays so; what it says. Raises `BadInput`."""
    found = load(file)
    remember(file, found.digest, TRUSTED)
    return found


def untrust_config(file: Path) -> bool:
    """Trust a config.toml no longer; whether it was trusted. Raises `BadInput`."""
    return forget(file)
