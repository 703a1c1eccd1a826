"""Where the files of a container lie on this machine, if its engine is here and we may read them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from trajcore.sandbox.machines.machine import Layer

_MADE_BY_ENGINE: Final = frozenset({"hosts", "hostname", "resolv.conf"})


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
        layers.append(Layer(mount["Destination"], Path(mount.get("Source") or "")))
    if hosts := attributes.get("HostsPath"):
        layers.append(Layer("/etc", Path(hosts).parent, names=_MADE_BY_ENGINE))
    return tuple(layers) if all(_readable(layer) for layer in layers) else None


def _readable(layer: Layer) -> bool:
    return all(path.is_dir() and os.access(path, os.R_OK | os.X_OK) for path in (layer.upper, *layer.lowers))
