"""Which sandbox a run gets, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trajcore.errors import BadInput
from trajcore.sandbox.base import Sandbox, SandboxSettings
from trajcore.sandbox.registry import AUTO, SandboxKind, sandbox_kind

ASKED_FOR: Final = "it was asked for"


@dataclass(frozen=True)
class Choice:
    """A sandbox, not started yet, its row in the registry, and the reason for it in words."""

    sandbox: Sandbox
    kind: SandboxKind
    why: str


async def choose(name: str, settings: SandboxSettings) -> Choice:
    """The sandbox called `name`; for `auto`, the best that works here. Raises `BadInput`."""
    if settings.container is not None:
        if name not in (AUTO, "docker"):
            raise BadInput(f"--container is a container of docker's: leave --sandbox {name} out.")
        return _chosen("docker", settings, "a container was named")
    if name == AUTO:
        return await _best(settings)
    return _chosen(name, settings, ASKED_FOR)


async def _best(settings: SandboxSettings) -> Choice:
    """Docker where it has the image, else bubblewrap, else Docker with a pull, else nothing is executed."""
    from trajcore.sandbox.machines.docker.machine import has_image

    no_engine = await sandbox_kind("docker").works(settings)
    if no_engine is None and await has_image(settings.image):
        return _chosen("docker", settings, f"the Docker engine answers and has {settings.image}")
    obstacle = await sandbox_kind("bubblewrap").works(settings)
    if obstacle is None:
        lacking = (
            "no Docker engine answers" if no_engine else f"the Docker engine does not have {settings.image}"
        )
        return _chosen("bubblewrap", settings, f"{lacking}, and bubblewrap works")
    if no_engine is None and settings.fetch:
        return _chosen("docker", settings, f"bubblewrap does not work ({obstacle}); the image will be pulled")
    without = no_engine or f"The Docker engine does not have {settings.image}"
    return _chosen("recorded", settings, f"{_sentence(without)} Bubblewrap does not work ({obstacle}).")


def _chosen(name: str, settings: SandboxSettings, why: str) -> Choice:
    kind = sandbox_kind(name)
    return Choice(kind.make(settings), kind, why)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
