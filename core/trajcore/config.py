"""Settings, and where each came from: options, then the environment, then config.toml, then defaults.

The keys and the file are OpenHands' own (`config.toml`: `[core]`, `[llm]`, `[sandbox]`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from trajcore.errors import BadInput, in_words
from trajcore.live.toolchoice import SECTION, unused_keys
from trajcore.masking import hide, secrets_in_addresses, secrets_in_tables
from trajcore.options import KEYS, Key, Reach, find_key, within
from trajcore.reading import SETTINGS, Missing, read_file
from trajcore.storage import write_atomically
from trajcore.text import safe_line
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
from trajcore.values import converted

__all__ = ["APP", "Setting"]

_NAME: Final = "config.toml"
LLM: Final = "llm"
"""The section of the model."""


class Config:
    """All settings of one start, by name."""

    def __init__(
        self,
        settings: dict[str, Setting],
        path: Path | None,
        source: Origin,
        digest: str = "",
        unused: Sequence[str] = (),
        models: Mapping[str, Sequence[str]] | None = None,
        unused_of_agent: tuple[str, ...] = (),
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
        self.unused = tuple(unused)
        """Keys under `[llm]` that mean nothing here."""
        self.models = models or {}
        """The models that `[llm.NAME]` stands for, and the settings that each has of its own, by name."""
        self.unused_of_agent = unused_of_agent
        """Keys under `[agent]` that ask for what is not done here."""

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
    def unused_line(self) -> str:
        """What of `[llm]` is not used, in one line; empty where all is."""
        names = safe_line(", ".join(self.unused))
        return f"{self.path}: of [llm] not used here: {names}" if names else ""

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

        No key is written beside an address that somebody else may have put there. What is the user's
        wherever they work is in their own file, unless another one that is trusted says it.
        """
        key = find_key(name)
        if key.personal and self.settings[key.name].source not in (Origin.TRUSTED, Origin.NAMED):
            return None
        if self.source is Origin.HERE and key.secret:
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

    A `model` that is the NAME of an `[llm.NAME]` takes that, before what the environment says.
    `accepted` is the digest of a file that the user takes this once. Raises `BadInput` naming the file and
    the key where something in it cannot be used. What is wrong with a model's settings is told by
    `Config.get`: most starts ask no model.
    """
    found = _find(path)
    data = read_file(found, SETTINGS) if found else b""
    origin = _origin(found, digest(data), accepted, named=path is not None) if found else Origin.DEFAULT
    tables = _parsed(found, data) if found else {}
    own, own_tables = _not_hidden(found)
    models = _models(tables)
    typed = dict(options or {})
    chosen = None
    if typed.get("model") in models:
        name = typed.pop("model")
        chosen = _Chosen(name, models[name])
    settings = {}
    for key in KEYS:
        where = (tables, found, origin)
        if _says(own_tables, key) and _is_for_own(key, origin, said=_says(tables, key)):
            where = (own_tables, own, Origin.OWN)
        try:
            settings[key.name] = _setting(key, *where, typed, environment, chosen)
        except BadInput as error:
            if key.section != LLM:
                raise
            settings[key.name] = Setting(key, key.default, str(found), fault=str(error))
    hide(*_secrets(settings.values()), *_secrets_of(models.values()))
    unused = [*_unused(tables.get(LLM)), *_unused(chosen.table if chosen else None)]
    said = {name: [key.name for key in _OF_MODELS if key.written in table] for name, table in models.items()}
    unused_here = tuple(dict.fromkeys(unused))
    of_agent = unused_keys(tables.get(SECTION))
    return Config(settings, found, origin, digest(data), unused_here, said, of_agent)


_OF_MODELS: Final = tuple(key for key in KEYS if key.section == LLM)


@dataclass(frozen=True)
class _Chosen:
    """The `[llm.NAME]` that the user takes: what it does not say is as `[llm]` has it."""

    name: str
    table: Mapping[str, Any]


def _models(tables: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The tables under `[llm]` that are models of their own, as in OpenHands."""
    table = tables.get(LLM)
    known = {key.written for key in _OF_MODELS}
    said = table.items() if isinstance(table, dict) else ()
    return {name: value for name, value in said if isinstance(value, dict) and name not in known}


def _unused(table: Any) -> list[str]:
    """The keys of a model that are no settings here."""
    known = {key.written for key in _OF_MODELS}
    said = table.items() if isinstance(table, Mapping) else ()
    return [name for name, value in said if name not in known and not isinstance(value, dict)]


def _secrets(settings: Iterable[Setting]) -> Iterator[str]:
    """What of the settings nobody is to see."""
    for setting in settings:
        value = setting.value
        if isinstance(value, str):
            yield from [value] if setting.key.secret else secrets_in_addresses(value)
        elif isinstance(value, dict):
            yield from secrets_in_tables(value)


def _secrets_of(models: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What nobody is to see of models that are not asked now."""
    for table in models:
        for key in _OF_MODELS:
            value = table.get(key.written)
            if isinstance(value, str):
                yield from [value] if key.secret else secrets_in_addresses(value)
            yield from secrets_in_tables(value) if isinstance(value, dict) else ()


def _origin(file: Path, digest: str, accepted: str, *, named: bool) -> Origin:
    """What makes a config.toml trusted, if anything does."""
    if named:
        return Origin.NAMED
    if os.path.realpath(file) == os.path.realpath(config_directory() / _NAME):
        return Origin.OWN
    return Origin.TRUSTED if digest == accepted or answer(file, digest) == TRUSTED else Origin.HERE


def _not_hidden(found: Path | None) -> tuple[Path | None, dict[str, Any]]:
    """The user's own file where another one is read in its place, and what it says."""
    own = config_directory() / _NAME
    if found is None or os.path.realpath(found) == os.path.realpath(own) or not os.path.isfile(own):
        return None, {}
    return own, _parsed(own, read_file(own, SETTINGS))


def _is_for_own(key: Key, origin: Origin, *, said: bool) -> bool:
    """Whether the user's own file has the word of a setting, though another one is read.

    What the user wants to be asked about is not for a file to make less that is not trusted; and their
    keys are theirs wherever they work.
    """
    if origin is Origin.HERE:
        return key.personal or key.reach is Reach.UNASKED
    return key.personal and not said


def _says(tables: Mapping[str, Any], key: Key) -> bool:
    table = tables.get(key.section)
    return isinstance(table, dict) and table.get(key.written, "") != ""


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
    chosen: _Chosen | None,
) -> Setting:
    if options.get(key.name) is not None:
        return Setting(key, options[key.name], "option", source=Origin.OPTION)
    if key.section == LLM and chosen is not None and chosen.table.get(key.written, "") != "":
        where = f"{path}, [{LLM}.{chosen.name}]"
        value = converted(key, chosen.table[key.written], f"{where} {key.written}")
        return Setting(key, value, where, source=origin)
    if key.variable and environment.get(key.variable):
        value = converted(key, environment[key.variable], key.variable)
        return Setting(key, value, key.variable, source=Origin.ENVIRONMENT)
    if _says(tables, key):
        value = tables[key.section][key.written]
        value = converted(key, value, f"{path}, [{key.section}] {key.written}")
        return Setting(key, value, str(path), source=origin)
    return Setting(key, key.default, "default")


# Changing one setting, its comments and order left alone


def set_config(name: str, value: str, path: Path | None) -> Path:
    """Write a setting to `path`, or to the user's own config.toml; answers where. Raises `BadInput`.

    A file that was trusted as it was is trusted as it is then.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import InlineTable, Table

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
    inner = within(key, name) if key.kind is dict else ""
    if inner:
        members = table.setdefault(key.written, tomlkit.table())
        if not isinstance(members, Table | InlineTable):
            raise BadInput(f"{target}: {key.place} is not a table.")
        members[inner] = value
    else:
        table[key.written] = converted(key, value, key.place)
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
