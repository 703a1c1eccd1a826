"""How far the origin of each setting is trusted, and what a config.toml that merely lies there may not do.

A recording comes with a directory as often as not, and a config.toml in it is as foreign as the recording:
its harmless settings apply, those that reach further do not, until the user trusts the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

import platformdirs
from msgspec import Struct

from trajcore.errors import BadInput, in_words
from trajcore.masking import without_accounts
from trajcore.options import OPTIONS, Key, Reach, bytes_of
from trajcore.reading import SETTINGS, Missing, read_file
from trajcore.sandbox.base import DEFAULT_IMAGE, Resources
from trajcore.sandbox.machines.host.confine import memory_of
from trajcore.sandbox.registry import is_walled
from trajcore.storage import write_atomically
from trajcore.text import safe_line

APP: Final = "trajtui"

_LONGEST: Final = 60
"""So many characters of a value are shown."""


class Origin(Enum):
    """Where a setting comes from, and how far that is trusted (`trust`).

    A key goes to no address that is trusted less than it is.
    """

    OPTION = ("typed", 1)
    ENVIRONMENT = ("the environment", 1)
    NAMED = ("named with --config", 1)
    OWN = ("your own", 1)
    TRUSTED = ("trusted, as it is now: `trajtui config untrust` takes that back", 1)
    DEFAULT = ("default", 1)
    HERE = ("not trusted: `trajtui config trust` trusts it, as it is now", 0)

    def __init__(self, words: str, trust: int) -> None:
        self.words = words
        self.trust = trust


@dataclass(frozen=True)
class Setting:
    """A value, and in words where it came from (`origin`)."""

    key: Key
    value: Any
    origin: str
    fault: str = ""
    """Why the value that stands there cannot be used, where that is of no matter before it is asked for."""
    source: Origin = Origin.DEFAULT

    def __repr__(self) -> str:
        return f"Setting({self.key.name}={self.shown()!r}, {self.origin!r})"

    def shown(self) -> str:
        """The value for people; a secret, and an account in an address, is masked."""
        if self.fault:
            return "unusable"
        if self.key.secret and self.value:
            return "********"
        return "" if self.value is None else without_accounts(str(self.value))


class LeftOut(Struct, frozen=True):
    """A setting of a config.toml that is not trusted, and why it is not used."""

    file: Path
    setting: Setting
    why: str

    @property
    def line(self) -> str:
        """All of it in one line, with what to type where it is meant."""
        name = self.setting.key.written
        return (
            f"{self.file} is not trusted: {name} = {self.shown} is left out, {self.why} "
            f"(if it is meant: {self._instead}, or trajtui config trust)"
        )

    @property
    def shown(self) -> str:
        """The value that stands there, in few characters."""
        text = safe_line(self.setting.shown())
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

    @property
    def _instead(self) -> str:
        key = self.setting.key
        if key.instead:
            return key.instead
        for option in OPTIONS:
            if option.key == key.name:
                plain = re.fullmatch(r"\w[\w.-]{0,40}", self.shown)
                value = self.shown if plain and option.kind is not Path else option.metavar
                return f"{option.name} {value}" if option.metavar else option.name
        return key.variable or f"--config {self.file}"


# What each setting may not


class _Around(Struct, frozen=True):
    """What a rule looks at besides the value."""

    key: Key
    """The setting that the value is of."""
    directory: str
    """Where the file lies, without links."""
    settings: Mapping[str, Setting]

    def foreign(self, name: str) -> bool:
        """Whether a setting comes from the file."""
        return self.settings[name].source is Origin.HERE

    def value(self, name: str) -> str:
        return str(self.settings[name].value or "")


def path_of(value: str) -> Path:
    """A path as it stands in a config.toml; `~` is a home, where there is such a user."""
    return Path(os.path.expanduser(value))


def lies_within(path: Path, directory: str) -> bool:
    """Whether what a path leads to, all links followed, is in a directory."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(directory)
    except ValueError:  # a NUL
        return False


def _outside(value: Any, around: _Around) -> str:
    return "" if lies_within(path_of(value), around.directory) else "it leads outside its directory"


def _network(value: Any, around: _Around) -> str:
    return "it opens the network to the recording" if value else ""


def _container(value: Any, around: _Around) -> str:
    return "it lets the recording into a container of yours" if value else ""


def _mount(value: Any, around: _Around) -> str:
    return "it lets the recording change a directory of yours" if value else ""


def _sandbox(value: Any, around: _Around) -> str:
    return "" if is_walled(value) else "it runs the recording on this machine without walls"


def _unasked(value: Any, around: _Around) -> str:
    """What is asked for may become more, not less. OpenHands' own setting only ever makes it more."""
    asked_anyway = is_walled(around.value("kind") or around.settings["kind"].key.default)
    harmless = isinstance(value, bool) or value == "always" or (value == "risky" and asked_anyway)
    return "" if harmless else "a model could act without asking you"


def _verdict(value: Any, around: _Around) -> str:
    return "it changes what counts as equal" if value else ""


def _limit(value: Any, around: _Around) -> str:
    """A limit may be lowered."""
    if isinstance(value, int):
        lower = value <= around.key.default
    else:
        lower = bytes_of(value) <= memory_of(Resources())
    return "" if lower else "it lets the recording have more of this machine than it has by itself"


_PLAIN: Final = ("openai/", "hosted_vllm/", "litellm_proxy/")
"""Models that are reached with the given key at the given address, and with nothing else of the user's."""


def _account(value: Any, around: _Around) -> str:
    """Whose key it is sees what the model is told: with what the user puts in the sandbox, that is theirs.

    An image that the file names may be one of the user's, and hold what is not for others.
    """
    own = any(around.value(name) and not around.foreign(name) for name in ("workspace_base", "container"))
    own |= around.foreign("base_container_image") and around.value("base_container_image") != DEFAULT_IMAGE
    return "what you let the sandbox see would be told to an account that is not yours" if own else ""


def _address(value: Any, around: _Around) -> str:
    """An address of theirs is asked with a key of theirs, and with nothing that a library finds by itself."""
    key = around.settings["api_key"]
    if key.value and not around.foreign("api_key"):
        return f"the key of {key.origin} would go there"
    if not key.value or not around.value("model").startswith(_PLAIN):
        return "a key of yours could go there"
    return ""


def _model(value: Any, around: _Around) -> str:
    """The name of a model says to whom a key goes, unless the user has said where."""
    if "://" in value:
        return "a key of yours could go to the address in it"
    key = around.settings["api_key"]
    if not key.value or around.foreign("api_key"):
        return ""
    told = around.value("base_url") and not around.foreign("base_url")
    return "" if told and value.startswith(_PLAIN) else f"the key of {key.origin} would go to its provider"


def _request(value: Any, around: _Around) -> str:
    return "it says what goes to whom"


def _keyboard(value: Any, around: _Around) -> str:
    return "a key would do something else than you know of it" if value else ""


_RULES: Final[Mapping[Reach, Callable[[Any, _Around], str]]] = {
    Reach.FILES: _outside,
    Reach.SAVES: _outside,
    Reach.NETWORK: _network,
    Reach.CONTAINER: _container,
    Reach.MOUNT: _mount,
    Reach.WALLS: _sandbox,
    Reach.LIMIT: _limit,
    Reach.UNASKED: _unasked,
    Reach.VERDICT: _verdict,
    Reach.ACCOUNT: _account,
    Reach.ADDRESS: _address,
    Reach.REQUEST: _request,
    Reach.PROVIDER: _model,
    Reach.KEYBOARD: _keyboard,
}


def left_out(file: Path, settings: dict[str, Setting]) -> list[LeftOut]:
    """Take out of `settings` what a file that is not trusted may not bring about; what that was."""
    found = []
    for name, setting in list(settings.items()):
        if setting.source is not Origin.HERE or setting.value is None:
            continue
        rule = _RULES.get(setting.key.reach)
        around = _Around(setting.key, os.path.realpath(file.parent), settings)
        why = rule(setting.value, around) if rule else ""
        if why:
            found.append(LeftOut(file, setting, why))
            settings[name] = Setting(setting.key, setting.key.default, f"left out of {file}: {why}")
    return found


def untrusted(settings: Mapping[str, Setting]) -> dict[str, Setting]:
    """The settings as they would be if their file were not trusted."""
    of_a_file = (Origin.NAMED, Origin.OWN, Origin.TRUSTED)
    return {
        name: replace(setting, source=Origin.HERE) if setting.source in of_a_file else setting
        for name, setting in settings.items()
    }


# What the user has said of a file, by its real path and what is in it

TRUSTED: Final = "trusted"
DECLINED: Final = "declined"


def digest(data: bytes) -> str:
    """What tells whether a file is still the one that was looked at."""
    return hashlib.sha256(data).hexdigest()


def answer(file: Path, digest: str) -> str:
    """`TRUSTED`, `DECLINED`, or nothing: what the user has said of a file with this content."""
    said = _said(file)
    return said.get("answer", "") if said.get("digest") == digest else ""


def _said(file: Path) -> dict[str, str]:
    try:
        said = json.loads(read_file(_record(file), SETTINGS))
    except (BadInput, ValueError, RecursionError):
        return {}
    sound = isinstance(said, dict) and said.get("path") == os.path.realpath(file)
    return said if sound and said.get("answer") in (TRUSTED, DECLINED) else {}


def remember(file: Path, digest: str, answer: str) -> None:
    """Keep what the user says of a file as it is now. Raises `BadInput`."""
    record = _record(file)
    with contextlib.suppress(Missing):
        read_file(record, SETTINGS)  # what is no such record is not written into
    said = {"path": os.path.realpath(file), "digest": digest, "answer": answer}
    try:
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        record.touch(mode=0o600)
    except OSError as error:
        raise BadInput(f"{record} cannot be written: {in_words(error)}.") from None
    write_atomically(record, [json.dumps(said).encode()])


def forget(file: Path) -> bool:
    """Forget what the user has said of a file; whether it was trusted. Raises `BadInput`."""
    record, said = _record(file), _said(file)
    try:
        record.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"{record} cannot be removed: {in_words(error)}.") from None
    return said.get("answer") == TRUSTED


def _record(file: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.realpath(file))).hexdigest()
    return Path(platformdirs.user_state_dir(APP)) / "trust" / f"{name}.json"
