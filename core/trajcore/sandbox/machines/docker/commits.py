"""Images that keep a container's files: taken, and let go."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from trajcore.errors import Refused, SandboxUnavailable
from trajcore.sandbox.machines.docker.engine import plain_errors, present, repository_and_tag
from trajcore.sandbox.machines.owner import LABEL

NAME: Final = "trajtui-checkpoint"
"""The repository of these images."""

WORLD: Final = "trajtui.world"
"""The label that says to which world an image belongs."""

_SHELL: Final = ("bash",)
"""What a container of an image does that has nothing of its own to do."""

_NAMED: Final = re.compile(r"[a-z0-9]+([._/:-]+[a-z0-9]+)*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")

_DEEPEST: Final = 40
_MOST_LAYERS: Final = 110


@dataclass(frozen=True, eq=False)
class Commit:
    """An image that holds a container's files, and what a container made from it needs besides."""

    image: str
    layers: int
    """Layers of the image; the engine allows about 125."""
    base: int
    """How many of them the first image of the chain has."""
    environment: Mapping[str, str]
    user: str


def keep(client: Any, container: Any, name: str, image: str) -> str:
    """Make an image of the user's of a container that was made from `image`; the answer is what it is called.

    It carries none of our labels, by which it would be taken for ours and removed. Raises `Refused`, and what
    the library raises.
    """
    repository, tag = repository_and_tag(name)
    if not _NAMED.fullmatch(repository) or not _TAG.fullmatch(tag):
        raise Refused(f"an image cannot be called {name!r}: name it as in repository:tag, in small letters")
    called = f"{repository}:{tag}"
    if present(client, called):
        raise Refused(f"there is an image {called} already: name a new one")
    is_ours = present(client, image)  # else it is a container of the user's, called by its own name
    config = (client.images.get(image) if is_ours else container).attrs.get("Config") or {}
    labels = container.attrs["Config"].get("Labels") or {}
    ours = {one: "" for one in labels if one == LABEL or one.startswith(f"{LABEL}.")}
    entry = config.get("Entrypoint") or []
    command = config.get("Cmd") or ([] if entry else list(_SHELL))
    conf = {"Labels": {**ours, WORLD: ""} if ours else {}, "Cmd": command, "Entrypoint": entry}
    container.commit(repository=repository, tag=tag, pause=True, conf=conf)
    return called


def drop(client: Any, images: Sequence[str]) -> None:
    """Remove images by what they are called. Never raises."""
    for image in images:
        with suppress(SandboxUnavailable), plain_errors():
            client.images.remove(image)


class Commits:
    """The commits of one world. Its calls block, and raise `SandboxUnavailable` unless they say otherwise."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._world = secrets.token_hex(8)
        self._labels = {**labels, WORLD: self._world}
        self._unwanted: set[str] = set()

    def take(self, client: Any, container: Any, made_from: Commit | None) -> Commit:
        """Keep a container, which stands still meanwhile. `made_from` is the commit it was made from."""
        with plain_errors("The container cannot be kept"):
            image = container.commit(
                repository=NAME, tag=self._tag(), pause=True, conf={"Labels": self._labels}
            )
            config = image.attrs["Config"]
            layers = len(image.attrs["RootFS"]["Layers"])
            base = layers - 1 if made_from is None else made_from.base
            environment = dict(entry.partition("=")[::2] for entry in config.get("Env") or [])
            commit = Commit(image.id, layers, base, environment, config.get("User") or "")
            if layers > min(base + _DEEPEST, _MOST_LAYERS) and layers > base + 1:
                return self._flattened(client, commit)
            return commit

    def size(self, client: Any, commit: Commit) -> int:
        """Bytes that the uppermost layer takes; 0 when the engine does not say. Never raises."""
        try:
            with plain_errors():
                history = client.api.history(commit.image)
        except SandboxUnavailable:
            return 0
        return int(history[0].get("Size") or 0) if history else 0

    def forget(self, client: Any, *commits: Commit) -> None:
        """Remove images; one that is still needed goes when it is not any more. Never raises."""
        self._unwanted.update(commit.image for commit in commits)
        for image in list(self._unwanted):
            if self._removed(client, image):
                self._unwanted.discard(image)

    def forget_all(self, client: Any) -> None:
        """Remove every image of this world; no container may be left that was made from one. Never raises."""
        try:
            with plain_errors():
                found = client.images.list(all=True, filters={"label": f"{WORLD}={self._world}"})
        except SandboxUnavailable:
            return
        left = [image.id for image in found]
        while left:  # those that others build on go after these
            still = [image for image in left if not self._removed(client, image)]
            if len(still) == len(left):
                return
            left = still

    def _removed(self, client: Any, image: str) -> bool:
        """Whether the image is gone."""
        try:
            with plain_errors():
                client.images.remove(image, force=True)
        except SandboxUnavailable:
            return not self._is_there(client, image)
        return True

    def _is_there(self, client: Any, image: str) -> bool:
        try:
            with plain_errors():
                client.images.get(image)
        except SandboxUnavailable:
            return False
        return True

    def _flattened(self, client: Any, commit: Commit) -> Commit:
        """The same files as one single layer, so that the chain can go on."""
        tag = self._tag()
        copied = client.containers.create(commit.image, ["true"], labels=self._labels)
        try:
            changes = [f'LABEL "{name}"="{value}"' for name, value in self._labels.items()]
            client.api.import_image_from_data(copied.export(), repository=NAME, tag=tag, changes=changes)
        finally:
            copied.remove(v=True, force=True)
        flat = client.images.get(f"{NAME}:{tag}")
        self.forget(client, commit)
        return Commit(flat.id, 1, 1, commit.environment, commit.user)

    def _tag(self) -> str:
        return f"{self._world}-{secrets.token_hex(4)}"
