"""What a session is started with, and how that comes of options, the environment and config.toml."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from trajcore import config
from trajcore.errors import BadInput, meant
from trajcore.live.budget import Budget, budget_of
from trajcore.live.confirming import Confirm
from trajcore.live.modelsettings import ModelSettings, NamedModel
from trajcore.live.toolchoice import Wanted, wanted
from trajcore.options import KEYS, OPTIONS, Key, bytes_of, find_key, session_options
from trajcore.sandbox.base import DEFAULT_IMAGE, DEFAULT_QUICK_FILES, Limits, Resources, SandboxSettings
from trajcore.sandbox.registry import AUTO, is_walled, sandbox_kind
from trajcore.trust import Origin, path_of
from trajcore.values import converted
from trajcore.worlds.choice import NONE, Choice, choice_of

if TYPE_CHECKING:
    from trajcore.replay.normalise import Normaliser

_PLACES: Final = 8
"""So many places are kept to go back to where nothing is said, and there must be some."""
_FEWEST_PIDS: Final = 32
_BARE: Final = Choice(kind=NONE)
_ALL_TOOLS: Final = Wanted()
_PROMPTS: Final = {"recorded": False, "own": True}
_SHOWN: Final = 60
"""So many characters of a value that cannot be used are shown."""


class Delivery(Enum):
    """What becomes of a message that is typed in the middle of a recording."""

    INSERT = "insert"
    """It enters the run here; the replay can go on."""
    REPLACE = "replace"
    """It takes the place of the next recorded user message."""
    LIVE = "live"
    """It starts the live session from here."""


class SandboxChoice(Struct, frozen=True):
    """In what sandbox the runs from now on are to be, where that is chosen in a session."""

    kind: str
    """A name of the registry, or `auto`."""
    image: str = DEFAULT_IMAGE
    network: bool = False
    setup: Path | None = None


@dataclass(frozen=True)
class Settings:
    """What a session is started with."""

    sandbox: str = "auto"
    world: SandboxSettings = field(default_factory=SandboxSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    budget: Budget = field(default_factory=Budget)
    """What its live part may come to."""
    confirm: Confirm | None = None
    """Which actions of a model the user is asked about; None: as the sandbox needs it."""
    tools: Wanted = _ALL_TOOLS
    """Which tools a model has."""
    model_fault: str = ""
    """Why the model's settings cannot be used; told when a model is asked for."""
    models: Mapping[str, NamedModel] = field(default_factory=dict)
    """The models that config.toml has names for, by those."""
    model_unused: str = ""
    """What under `[llm]` means nothing here, in a line; told with the first that a model is asked for."""
    normalisers: Sequence[Normaliser] | None = None
    """What may vary between recorded and actual output; None: what is known to."""
    checkpoints: int = 0
    """How many moments of a run are kept to go back to; without any, going back replays from the start."""
    checkpoint_bytes: int = 0
    """What the checkpoints may take on disk; 0: a tenth of what is free there."""
    checkpoint_files: int = DEFAULT_QUICK_FILES
    """How many versions of files they may hold."""
    keep_breakpoints: bool = False
    """Whether breakpoints are read from, and kept in, the user's state directory."""
    save_to: Path | None = None
    """Where config.toml says that a recording is saved to, if it does."""
    warnings: tuple[str, ...] = ()
    """What the user is to be told at the start, a line each: what of config.toml is left out."""
    keep_journal: bool = False
    """Whether unsaved work is kept in the user's state directory, so that a crash loses none."""
    keep_branches: bool = False
    """Whether what a model does is kept there as a branch of the recording, from its first event on."""
    beginning: Choice = _BARE
    """In which world the run is to begin."""
    own_image: bool = False
    """Whether the user has typed the image, which is then taken whatever the recording names."""
    keep_choices: bool = False
    """Whether such a choice is kept in the user's state directory, to be offered again."""

    @property
    def walled(self) -> bool:
        """Whether what runs in the sandbox that is asked for is kept away from this machine."""
        return is_walled(self.sandbox)

    @property
    def sandbox_choice(self) -> SandboxChoice:
        """What of these settings can be chosen in a session."""
        return SandboxChoice(self.sandbox, self.world.image, self.world.network, self.world.setup)

    def in_sandbox(self, choice: SandboxChoice) -> Settings:
        """The same, in another sandbox. Raises `BadInput` where that is not there."""
        if choice.kind != AUTO:
            sandbox_kind(choice.kind)
        typed = choice.image != self.world.image
        world = replace(
            self.world,
            image=choice.image,
            fetch=self.world.fetch or typed,
            network=choice.network,
            setup=None if choice.setup is None else _script(choice.setup),
        )
        return replace(self, sandbox=choice.kind, world=world, own_image=self.own_image or typed)

    @property
    def confirmation(self) -> Confirm:
        """Which actions of a model the user is asked about first: without walls, all."""
        return self.confirm or (Confirm.RISKY if self.walled else Confirm.ALWAYS)


def load_config(options: Mapping[str, Any], accepted: str = "") -> config.Config:
    """All settings for these options, by the keywords of the table. Raises `BadInput`.

    `./config.toml` is not trusted (`Config.left_out` is what of it is not used), unless the user trusts it,
    or has `accepted` it, as its `digest` was, for this once; a file named as `config` is trusted.
    """
    typed = {option.key: options.get(option.keyword) for option in OPTIONS if option.key is not None}
    return config.load(options.get("config"), typed, accepted=accepted)


def set_config(name: str, value: str, path: Path | None) -> Path:
    """Write a setting to `path`, or to the user's own config.toml; answers where. Raises `BadInput`, also
    for a value that no session could use.
    """
    key = find_key(name)
    if key.kind is not dict:
        _check_value(key, converted(key, value, key.place))
    return config.set_config(name, value, path)


def _check_value(key: Key, value: Any) -> None:
    """Refuse what could not be used whatever else is set."""
    settings = {one.name: config.Setting(one, value if one is key else one.default, "") for one in KEYS}
    found = config.Config(settings, None, Origin.DEFAULT)
    if found.get("kind") != AUTO:
        sandbox_kind(found.get("kind"))
    _, fault = _model_settings(found)
    if fault:
        raise BadInput(fault)
    _resources(found)
    _confirm(found)
    _seconds(found, "patience")
    _seconds(found, "timeout")
    _normalisers(found.get("normalise"))
    choice_of(found.get("world"))
    budget_of(found.get("max_iterations"), found.get("max_budget_per_task"), found.get("max_time"))


def settings_from(found: config.Config, options: Mapping[str, Any]) -> Settings:
    """The settings of a session. Raises `BadInput` where they name something that is not there."""
    workspace = found.get("workspace_base")
    _check_named(found)
    world = SandboxSettings(
        image=found.get("base_container_image") or DEFAULT_IMAGE,
        fetch=found.settings["base_container_image"].source is not Origin.HERE,
        workspace=_directory(path_of(workspace).absolute()) if workspace else None,
        mount=found.get("mount"),
        container=found.get("container"),
        resources=_resources(found),
        network=bool(found.get("use_host_network")),
        setup=_script(options["setup"]) if options.get("setup") else None,
        limits=Limits(no_change=_seconds(found, "patience"), hard=_seconds(found, "timeout")),
    )
    model, fault = _model_settings(found)
    return Settings(
        found.get("kind"),
        world,
        model,
        budget_of(found.get("max_iterations"), found.get("max_budget_per_task"), found.get("max_time")),
        beginning=choice_of(
            found.get("world"),
            options.get("repo"),
            options.get("dockerfile"),
            options.get("map") or (),
            bool(options.get("pull")),
        ),
        own_image=found.settings["base_container_image"].source is Origin.OPTION,
        confirm=_confirm(found),
        tools=wanted(found, options.get("live_tools")),
        model_fault=fault,
        models=_models_of(found, options),
        model_unused=found.unused_line,
        normalisers=_normalisers(found.get("normalise")),
    )


def _models_of(found: config.Config, options: Mapping[str, Any]) -> dict[str, NamedModel]:
    """The models that a config.toml has names for, with the same options. Raises `BadInput`."""
    accepted = found.digest if found.source is Origin.TRUSTED else ""
    named = found.path if found.source is Origin.NAMED else None
    models = {}
    for name in found.models:
        of_it = load_config({**options, "config": named, "model": name}, accepted)
        settings, fault = _model_settings(of_it)
        lines = tuple(one.line for one in of_it.left_out if one.setting.key.section == config.LLM)
        models[name] = NamedModel(settings, fault, lines)
    return models


def keeping_places(settings: Settings, found: config.Config) -> Settings:
    """The same, with places of the run that are kept to go back to. Raises `BadInput`."""
    return replace(
        settings,
        checkpoints=found.get("checkpoints"),
        checkpoint_bytes=found.get("checkpoint_bytes"),
        checkpoint_files=found.get("checkpoint_files"),
    )


def returning(settings: Settings) -> Settings:
    """The same for a session that is gone back in whatever they say, and tells what each step changed."""
    world = replace(settings.world, track_files=True)
    return replace(settings, world=world, checkpoints=settings.checkpoints or _PLACES)


def _normalisers(patterns: Sequence[str]) -> Sequence[Normaliser] | None:
    """What may vary, with the user's own patterns where there are some. Raises `BadInput` for a bad one."""
    if not patterns:
        return None
    from trajcore.replay.normalise import with_patterns

    return with_patterns(patterns)


def settings_of(
    settings: Settings | None, options: Mapping[str, Any], name: str, *, places: bool = False
) -> Settings:
    """The settings of a session from the arguments of a Python call; those that are `settings` already stay.

    Without them the `options` count, then the environment and config.toml. `name` is what the recording is
    called; with `places` the session keeps some to go back to, as config.toml says. Raises `TypeError` where
    both are given, and as `checked_options` and `settings_from`.
    """
    if settings is not None:
        if options:
            raise TypeError(f"settings= and {next(iter(options))}= do not go together")
        return settings
    typed = checked_options(options)
    here = load_config(typed)
    save_to = here.save_path(name)
    found = settings_from(here, typed)
    found = keeping_places(found, here) if places else found
    return replace(found, save_to=save_to, warnings=here.warnings)


def checked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords of a Python call as the command line would give them; None means not given.

    Raises `TypeError` for a keyword that is none, and `BadInput` for a value that cannot be one.
    """
    known = {option.keyword: option for option in session_options()}
    unknown = [name for name in options if name not in known]
    if unknown:
        raise TypeError(f"there is no option {unknown[0]!r}: the options are {', '.join(known)}")
    keys = {key.name: key for key in KEYS}
    taken: dict[str, Any] = {}
    for name, value in options.items():
        option = known[name]
        if value is None:
            continue
        if option.kind is Path:
            taken[name] = Path(value)
        elif option.key is not None:
            taken[name] = converted(keys[option.key], value, name)
        elif option.repeated:
            taken[name] = tuple(map(str, (value,) if isinstance(value, str) else value))
        else:
            taken[name] = option.kind(value)
    return taken


def _check_named(found: config.Config) -> None:
    """Refuse what does not fit together."""
    if found.get("mount") and not found.get("workspace_base"):
        raise BadInput("--mount needs a directory: name it with --workspace DIR.")
    if found.get("mount") and found.get("container"):
        raise BadInput("--mount does not go with --container, which has the mounts it was made with.")


def _resources(found: config.Config) -> Resources:
    memory, cpus, pids = found.get("memory"), found.get("cpus"), found.get("pids")
    if cpus is not None and not 0 < cpus < inf:
        raise BadInput(f"cpus: expected a number above 0, got {cpus:g}.")
    if pids < _FEWEST_PIDS:
        raise BadInput(f"pids: a sandbox needs at least {_FEWEST_PIDS} processes, got {pids}.")
    return Resources(None if memory is None else bytes_of(memory), cpus, pids)


def _confirm(found: config.Config) -> Confirm | None:
    """What is asked for: as typed; else all, where OpenHands' own setting says so; else as ours does."""
    said = found.get("confirm")
    if found.get("confirmation_mode") and found.settings["confirm"].source is not Origin.OPTION:
        return Confirm.ALWAYS
    if said is None:
        return None
    try:
        return Confirm(said)
    except ValueError:
        raise _none_of("confirm", said, [one.value for one in Confirm]) from None


def _seconds(found: config.Config, name: str) -> float:
    seconds = float(found.get(name))
    if not seconds > 0:
        raise BadInput(f"{name}: expected a number of seconds above 0, got {seconds:g}.")
    return seconds


def _model_settings(found: config.Config) -> tuple[ModelSettings, str]:
    """The model, and what is wrong with its settings: of no matter while no model is asked."""
    try:
        values = {key.written: found.get(key.name) for key in KEYS if key.section == config.LLM}
        for name, check in _OF_MODELS.items():
            check.of(name, values[name])
        own_prompt = _own_prompt(found)
    except BadInput as error:
        return ModelSettings(), str(error)
    return ModelSettings(**values, own_prompt=own_prompt), ""


class _Check(Struct, frozen=True):
    """What a value has to be."""

    what: str
    holds: Callable[[Any], bool]

    def of(self, name: str, value: Any) -> None:
        """Raises `BadInput`."""
        if value is not None and not self.holds(value):
            raise BadInput(f"{name}: expected {self.what}, got {str(value)[:_SHOWN]}.")


_TOKENS: Final = _Check("a number of tokens above 0", lambda value: value > 0)
_WAIT: Final = _Check("a number of seconds, 0 or more", lambda value: value >= 0)
_PRICE: Final = _Check("a number of dollars, 0 or more", lambda value: value >= 0)
_OF_MODELS: Final = {
    "max_output_tokens": _TOKENS,
    "max_input_tokens": _TOKENS,
    "timeout": _Check("a number of seconds above 0", lambda value: value > 0),
    "num_retries": _Check("1 or more", lambda value: value >= 1),
    "retry_multiplier": _WAIT,
    "retry_min_wait": _WAIT,
    "retry_max_wait": _WAIT,
    "input_cost_per_token": _PRICE,
    "output_cost_per_token": _PRICE,
    # It becomes part of a host's name.
    "aws_region_name": _Check(
        "a region such as eu-west-1", lambda value: re.fullmatch(r"[a-z0-9-]+", value) is not None
    ),
}
"""What is wrong with some settings of a model before anybody is asked."""


def _own_prompt(found: config.Config) -> bool:
    """Whether the recorded system prompt is not wanted. Raises `BadInput`."""
    said: str = found.get("system_prompt")
    if said not in _PROMPTS:
        raise _none_of("system_prompt", said, _PROMPTS)
    return _PROMPTS[said]


def _none_of(name: str, said: str, known: Iterable[str]) -> BadInput:
    said, words = said[:_SHOWN], list(known)
    return BadInput(f"{name}: expected one of {', '.join(words)}, got {said!r}.{meant(said, words)}")


def _directory(path: Path) -> Path:
    if not os.path.isdir(path):
        raise BadInput(f"{path}: no such directory to work in.")
    return path


def _script(path: Path) -> Path:
    if not os.path.isfile(path):
        raise BadInput(f"{path}: no such setup script.")
    return path
