"""From what the user typed, the environment and config.toml to the settings of a session."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from trajcore import config
from trajcore.errors import BadInput
from trajcore.live.model import ModelSettings
from trajcore.replay.normalise import with_patterns
from trajcore.sandbox.base import DEFAULT_IMAGE, Limits, SandboxSettings
from trajcore.session import SessionSettings
from trajcore.trajectory import Trajectory

_NAMES: Final = {
    "sandbox": "kind",
    "image": "base_container_image",
    "workspace": "workspace_base",
    "network": "use_host_network",
    "model": "model",
    "max_steps": "max_iterations",
}
"""Options of the command line, and the settings that they override."""


def load_config(options: Mapping[str, Any]) -> config.Config:
    """All settings for these options. Raises `BadInput`."""
    typed = {name: options.get(option) for option, name in _NAMES.items()}
    return config.load(options.get("config"), typed)


def session_settings(settings: config.Config, options: Mapping[str, Any]) -> SessionSettings:
    """The settings of a session. Raises `BadInput` where they name something that is not there."""
    workspace = settings.get("workspace_base")
    world = SandboxSettings(
        image=settings.get("base_container_image") or DEFAULT_IMAGE,
        workspace=_directory(Path(workspace)) if workspace else None,
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
        raise BadInput(f"{path}: no such directory to copy into /workspace.")
    return path


def _script(path: Path) -> Path:
    if not path.is_file():
        raise BadInput(f"{path}: no such setup script.")
    return path
