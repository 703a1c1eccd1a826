"""Where a container's files lie on the disks of the engine's machine, and how large they are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.machines.diskguard import room
from trajcore.sandbox.machines.docker.engine import connect, is_here, plain_errors
from trajcore.sandbox.machines.machine import BASH, Layer

_ARGUMENTS: Final = 100_000
"""Bytes of the arguments of one command."""
_SIZES: Final = 'stat -c "%s %f %d:%i" -- "$@" 2>/dev/null'
_REGULAR: Final = 0o10
_REMOVED: Final = 2
_MOST_FOLDERS: Final = 5_000
_MADE_BY_ENGINE: Final = frozenset({"hosts", "hostname", "resolv.conf"})
_ATTRIBUTES: Final = ("user.", "system.posix_acl")


def written_to(client: Any, container: Any) -> list[Path]:
    """Directories of this machine that the container writes to: its own layer, volumes, what is mounted.

    Raises what the library raises.
    """
    attributes = container.attrs
    places = [one.get("Source") for one in attributes.get("Mounts") or [] if one.get("RW", True)]
    return [Path(place) for place in (_layer(attributes) or _top(client), *places) if place]


def _layer(attributes: Mapping[str, Any]) -> str:
    """Where what the container itself writes lies; empty where the engine does not say."""
    data = (attributes.get("GraphDriver") or {}).get("Data") or {}
    return str(data.get("UpperDir") or data.get("MergedDir") or "")


def _top(client: Any) -> str:
    return str(client.info().get("DockerRootDir") or "")


def describe() -> tuple[bool, str]:
    """Whether the disk of the engine that answers is watched, and how that is, in words. Never raises."""
    try:
        client = connect()
        try:
            with plain_errors():
                left = room(Path(_top(client))).size if is_here(client) else inf
        finally:
            client.close()
    except SandboxUnavailable as error:
        return False, str(error)
    if left == inf:
        return False, "the engine's disk is not seen from here: a run that fills it is not stopped"
    return True, f"{left / 1e9:.1f} GB of the engine's disk are left: a run that would fill it is stopped"


def written_size(client: Any, container: Any) -> int:
    """Bytes of the files that the container wrote, holes too: so much a commit of it writes.

    Raises what the library raises.
    """
    [described] = client.api.containers(all=True, size=True, filters={"id": container.id}) or [{}]
    size = int(described.get("SizeRw") or 0)
    if not (container.attrs.get("GraphDriver") or {}).get("Data"):
        # An engine on containerd's storage leaves holes out of what it tells. What runs inside can lie of
        # them: what is believed then ends when the disk is full, and the engine takes it back.
        size = max(size, sum(_sizes_inside(container)))
    return size


def _sizes_inside(container: Any) -> Iterator[int]:
    changed = [one["Path"] for one in container.diff() or [] if one["Kind"] != _REMOVED]
    seen = set()
    for paths in _portions(changed):
        _, output = container.exec_run([*BASH, _SIZES, "stat", *paths])
        for line in output.decode("utf-8", "replace").splitlines():
            size, mode, inode = line.split()
            if int(mode, 16) >> 12 == _REGULAR and inode not in seen:
                seen.add(inode)
                yield int(size)


def _portions(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many at a time as one command takes."""
    portion: list[str] = []
    length = 0
    for path in paths:
        if portion and length + len(path.encode("utf-8", "surrogateescape")) > _ARGUMENTS:
            yield portion
            portion, length = [], 0
        portion.append(path)
        length += len(path.encode("utf-8", "surrogateescape")) + 1
    if portion:
        yield portion


@dataclass
class Seen:
    """What in a container's layer a commit does not hold."""

    attributes: bool = False
    """Whether there are extended attributes, beside capabilities."""
    times: bool = False
    """Whether there are times with fractions of a second."""


def look_at(layer: Path) -> Seen:
    """What is to be seen from here: of a layer that we may not read, only that times may have fractions."""
    if not os.access(layer, os.R_OK | os.X_OK):
        return Seen(times=True)
    seen = Seen()
    for number, (folder, _, names) in enumerate(os.walk(layer)):
        for name in names:
            _look_at(f"{folder}/{name}", seen)
        if (seen.attributes and seen.times) or number > _MOST_FOLDERS:
            break
    return seen


def _look_at(path: str, seen: Seen) -> None:
    try:
        stated = os.lstat(path)
        if not stat.S_ISREG(stated.st_mode):
            return
        seen.times = seen.times or stated.st_mtime_ns % 10**9 != 0
        seen.attributes = seen.attributes or any(
            name.startswith(_ATTRIBUTES) for name in os.listxattr(path, follow_symlinks=False)
        )
    except OSError:
        return  # it went while we looked


def container_layers(attributes: Mapping[str, Any], engine: Mapping[str, Any]) -> tuple[Layer, ...] | None:
    """The directories of a container, as the engine describes the container and itself.

    None where they are not to be had, or are kept in another way than plain overlays.
    """
    driver = attributes.get("GraphDriver") or {}
    if driver.get("Name") != "overlay2" or ["Native Overlay Diff", "true"] not in engine.get(
        "DriverStatus", []
    ):
        return None
    data = driver.get("Data") or {}
    upper, lowers = data.get("UpperDir"), data.get("LowerDir")
    if not upper or not lowers:
        return None
    layers = [Layer("/", Path(upper), tuple(map(Path, lowers.split(":"))))]
    for mount in attributes.get("Mounts") or []:
        is_own = mount.get("Type") == "volume"
        layers.append(Layer(mount["Destination"], Path(mount.get("Source") or ""), kept=is_own))
    if hosts := attributes.get("HostsPath"):
        layers.append(Layer("/etc", Path(hosts).parent, names=_MADE_BY_ENGINE))
    return tuple(layers) if all(_readable(layer) for layer in layers) else None


def _readable(layer: Layer) -> bool:
    return all(
        os.path.isdir(path) and os.access(path, os.R_OK | os.X_OK) for path in (layer.upper, *layer.lowers)
    )
