"""From what the user typed, the environment and config.toml to the settings of a session."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from trajcore import config
from trajcore.errors import BadInput
from trajcore.live.model import ModelSettings
from trajcore.replay.normalise import with_patterns
from trajcore.sandbox.base import DEFAULT_IMAGE, Limits, Resources, SandboxSettings
from trajcore.sandbox.registry import is_walled
from trajcore.session import SessionSettings
from trajcore.trajectory import Trajectory

_NAMES: Final = {
    "sandbox": "kind",
    "image": "base_container_image",
    "workspace": "workspace_base",
    "mount": "mount",
    "container": "container",
    "memory": "memory",
    "cpus": "cpus",
    "pids": "pids",
    "network": "use_host_network",
    "model": "model",
    "max_steps": "max_iterations",
}
"""Options of the command line, and the settings that they override."""

_LEAST_MEMORY: Final = 32 << 20
_FEWEST_PIDS: Final = 32


def load_config(options: Mapping[str, Any]) -> config.Config:
    """All settings for these options. Raises `BadInput`."""
    typed = {name: options.get(option) for option, name in _NAMES.items()}
    return config.load(options.get("config"), typed)


def session_settings(settings: config.Config, options: Mapping[str, Any]) -> SessionSettings:
    """The settings of a session. Raises `BadInput` where they name something that is not there."""
    workspace = settings.get("workspace_base")
    _check_named(settings, options)
    world = SandboxSettings(
        image=settings.get("base_container_image") or DEFAULT_IMAGE,
        workspace=_directory(Path(workspace).expanduser().absolute()) if workspace else None,
        mount=settings.get("mount"),
        container=settings.get("container"),
        resources=_resources(settings),
        network=bool(settings.get("use_host_network")),
        setup=_script(options["setup"]) if options.get("setup") else None,
        limits=Limits(no_change=settings.get("patience"), hard=float(settings.get("timeout"))),
    )
    model, fault = _model_settings(settings)
    return SessionSettings(
        settings.get("kind"),
        world,
        model,
        settings.get("max_iterations"),
        model_fault=fault,
        normalisers=with_patterns(settings.get("normalise")),
    )


def _check_named(settings: config.Config, options: Mapping[str, Any]) -> None:
    """Refuse what does not fit together, and what a file that merely lies here must not bring about.

    A recording comes with a directory as often as not: its config.toml does not reach for this machine.
    """
    if settings.get("mount") and not settings.get("workspace_base"):
        raise BadInput("--mount needs a directory: name it with --workspace DIR.")
    if settings.get("mount") and settings.get("container"):
        raise BadInput("--mount does not go with --container, which has the mounts it was made with.")
    if options.get("config") is not None or settings.path != Path("config.toml"):
        return
    kind = str(settings.get("kind"))
    for name, reaches, option in (
        ("kind", not is_walled(kind), f"--sandbox {kind}"),
        ("mount", settings.get("mount") is True, "--mount"),
    ):
        if reaches and settings.settings[name].origin == str(settings.path):
            raise BadInput(f"The config.toml here asks for {option}: type it yourself if that is meant.")


def _resources(settings: config.Config) -> Resources:
    memory, cpus, pids = settings.get("memory"), settings.get("cpus"), settings.get("pids")
    if cpus is not None and not cpus > 0:
        raise BadInput(f"cpus: expected a number above 0, got {cpus:g}.")
    if pids < _FEWEST_PIDS:
        raise BadInput(f"pids: a sandbox needs at least {_FEWEST_PIDS} processes, got {pids}.")
    return Resources(None if memory is None else _bytes(memory), cpus, pids)


def _bytes(text: str) -> int:
    """A size such as `512m` or `4g`, in bytes. Raises `BadInput`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", text.strip().lower())
    if found is None:
        raise BadInput(f"memory: expected a size such as 512m or 4g, got {text!r}.")
    size = int(float(found[1]) * 1024 ** " kmgt".index(found[2] or " "))
    if size < _LEAST_MEMORY:
        raise BadInput(f"memory: a sandbox needs at least {_LEAST_MEMORY >> 20}m, got {text}.")
    return size


def _model_settings(settings: config.Config) -> tuple[ModelSettings, str]:
    """The model, and what is wrong with its settings: of no matter while no model is asked."""
    try:
        model = ModelSettings(
            model=settings.get("model"),
            api_key=settings.get("api_key"),
            base_url=settings.get("base_url"),
            temperature=settings.get("temperature"),
        )
    except BadInput as error:
        return ModelSettings(), str(error)
    return model, ""


def open_trajectory(file: str, row: str | None = None) -> Trajectory:
    """The recording at a path, or (`-`) on standard input. Raises `BadInput`."""
    if file == "-":
        return Trajectory.from_bytes(sys.stdin.buffer.read(), "standard input", row)
    return Trajectory.open(Path(file), row)


def _directory(path: Path) -> Path:
    if not path.is_dir():
        raise BadInput(f"{path}: no such directory to work in.")
    return path


def _script(path: Path) -> Path:
    if not path.is_file():
        raise BadInput(f"{path}: no such setup script.")
    return path
