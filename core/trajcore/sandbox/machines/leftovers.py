"""What programs of ours left behind that ended without a chance to clean up: found, told of, removed.

Only what names an owner that is known to be dead is touched; what belongs to a living program, another
user, another machine or nobody stays.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.machines.docker.engine import connect, plain_errors
from trajcore.sandbox.machines.host.cgroups import left_groups, remove_group
from trajcore.sandbox.machines.host.processes import kill_all, running, variable_of
from trajcore.sandbox.machines.owner import LABEL, VARIABLE, directories, read_labels, read_word
from trajcore.sandbox.trees.copying import remove_tree


@dataclass(frozen=True)
class Leftover:
    """One thing that its owner can no longer remove."""

    kind: str
    """`process`, `container`, `image`, `directory` or `control group`."""
    name: str
    remove: Callable[[], object]
    """Removes it. Raises `SandboxUnavailable` or `OSError` where that cannot be done."""


@contextmanager
def found(*, docker: bool) -> Iterator[list[Leftover]]:
    """What is left, in the order in which it is to be removed; with `docker`, the engine is asked too.

    An engine that does not answer has nothing of ours. Never raises.
    """
    client = None
    left = _processes()
    try:
        if docker:
            try:
                client = connect()
                left += _in_engine(client)
            except SandboxUnavailable:
                pass
        yield [*left, *_directories(), *_groups()]
    finally:
        if client is not None:
            client.close()


def clean(*, docker: bool) -> list[Leftover]:
    """Remove what is left; the answer is what really was removed. Never raises."""
    removed = []
    with found(docker=docker) as left:
        for one in left:
            try:
                one.remove()
            except (SandboxUnavailable, OSError):
                continue  # somebody else removes it just now, or it is still in use
            removed.append(one)
    return removed


def clean_in_background(*, docker: bool) -> None:
    """Remove what is left while others go on. The program's end does not wait for it."""
    threading.Thread(target=lambda: clean(docker=docker), name="leftovers", daemon=True).start()


def sentence(left: list[Leftover]) -> str:
    """How many of what, for example `1 container and 2 directories`; empty for nothing."""
    plurals = {"process": "processes", "directory": "directories"}
    counted = []
    for kind in ("process", "container", "image", "directory", "control group"):
        number = sum(one.kind == kind for one in left)
        if number:
            counted.append(f"{number} {kind if number == 1 else plurals.get(kind, f'{kind}s')}")
    return " and ".join([", ".join(counted[:-1]), counted[-1]] if len(counted) > 1 else counted)


def _processes() -> list[Leftover]:
    """Those of worlds without walls; processes in containers end with their container."""
    left = []
    for mark in {variable_of(pid, VARIABLE) for pid in running()}:
        word, colon, _ = mark.partition(":")
        owner = read_word(word) if colon else None
        if owner is not None and owner.is_dead:
            left.append(Leftover("process", f"started by {owner.pid}", _killing(mark)))
    return left


def _killing(mark: str) -> Callable[[], object]:
    return lambda: kill_all(lambda pid: variable_of(pid, VARIABLE) == mark)


def _in_engine(client: Any) -> list[Leftover]:
    ours = {"label": f"{LABEL}=1"}
    api = client.api
    with plain_errors():
        containers = api.containers(all=True, filters=ours)
        images = api.images(filters=ours)
    return [
        *(
            Leftover(
                "container", one["Id"][:12], _refusable(api.remove_container, one["Id"], v=True, force=True)
            )
            for one in containers
            if _is_left(one)
        ),
        *(
            Leftover("image", one["Id"].removeprefix("sha256:")[:12], _refusable(api.remove_image, one["Id"]))
            for one in images
            if _is_left(one)
        ),
    ]


def _is_left(described: dict[str, Any]) -> bool:
    owner = read_labels(described.get("Labels") or {})
    return owner is not None and owner.is_dead


def _refusable(remove: Callable[..., object], *arguments: str, **options: bool) -> Callable[[], object]:
    def attempt() -> None:
        with plain_errors():
            remove(*arguments, **options)

    return attempt


def _directories() -> list[Leftover]:
    return [
        Leftover("directory", str(path), partial(_removed, path))
        for path, owner in directories()
        if owner.is_dead
    ]


def _groups() -> list[Leftover]:
    return [
        Leftover("control group", str(path), partial(remove_group, path))
        for path, owner in left_groups()
        if owner.is_dead
    ]


def _removed(path: Path) -> None:
    remove_tree(path)
    if os.path.exists(path):
        raise OSError(f"{path} could not be removed whole")
