"""Which sandbox a run gets, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trajcore.errors import BadInput
from trajcore.sandbox.base import Sandbox, SandboxSettings
from trajcore.sandbox.machines.bubblewrap import machine as bubblewrap
from trajcore.sandbox.machines.docker import machine as docker
from trajcore.sandbox.machines.host import machine as local
from trajcore.sandbox.recorded import RecordedSandbox
from trajcore.sandbox.shellsandbox import ShellSandbox

NAMES: Final = ("auto", "docker", "bubblewrap", "local", "recorded")
"""What may be asked for."""


@dataclass(frozen=True)
class Choice:
    """A sandbox, not started yet, and the reason for it in words."""

    sandbox: Sandbox
    why: str


async def choose(name: str, settings: SandboxSettings) -> Choice:
    """The sandbox called `name`; for `auto`, the best that works here. Raises `BadInput`."""
    if settings.container is not None:
        if name not in ("auto", "docker"):
            raise BadInput(f"--container is a container of docker's: leave --sandbox {name} out.")
        return Choice(_made("docker", settings), "a container was named")
    if name == "auto":
        return await _best(settings)
    if name not in NAMES:
        raise BadInput(f"There is no sandbox '{name}': use one of {', '.join(NAMES)}.")
    return Choice(_made(name, settings), "it was asked for")


async def _best(settings: SandboxSettings) -> Choice:
    no_engine = await docker.engine_answers()
    if no_engine is None and await docker.has_image(settings.image):
        return Choice(_made("docker", settings), f"the Docker engine answers and has {settings.image}")
    obstacle = await bubblewrap.works()
    if obstacle is None:
        lacking = (
            "no Docker engine answers" if no_engine else f"the Docker engine does not have {settings.image}"
        )
        return Choice(_made("bubblewrap", settings), f"{lacking}, and bubblewrap works")
    if no_engine is None:
        return Choice(
            _made("docker", settings), f"bubblewrap does not work ({obstacle}); the image will be pulled"
        )
    return Choice(
        _made("recorded", settings), f"{_sentence(no_engine)} Bubblewrap does not work ({obstacle})."
    )


def _made(name: str, settings: SandboxSettings) -> Sandbox:
    if name == "docker":
        return ShellSandbox(docker.DockerMachine(settings), settings)
    if name == "bubblewrap":
        return ShellSandbox(bubblewrap.BubblewrapMachine(settings), settings)
    if name == "local":
        return ShellSandbox(local.LocalMachine(settings), settings)
    return RecordedSandbox()


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
