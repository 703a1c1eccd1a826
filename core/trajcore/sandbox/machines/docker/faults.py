"""Why no Docker engine answers, or an image cannot be had, and what mends exactly that."""

from __future__ import annotations

import errno
import grp
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Final

MEND: Final = "start Docker, or use --sandbox bubblewrap."
"""What to do about an engine that is there and does not answer."""

_OTHERWISE: Final = "or use --sandbox bubblewrap."
_PROGRAMS: Final = ("docker", "dockerd", "podman")

_OF_PULLS: Final = (
    (
        r"no such host|dial tcp|network is unreachable|timeout|temporary failure|connection refused"
        r"|server misbehaving|i/o timeout|tls handshake|deadline exceeded|client\.timeout",
        "the registry cannot be reached: see to the network of the Docker engine, or load the image from a "
        "file (docker load)",
    ),
    (
        r"no space left",
        "free some of the disk (docker system prune)",
    ),
    (
        r"toomanyrequests|rate limit",
        "wait, or log in (docker login)",
    ),
    (
        r"unauthorized|denied|authentication|not found|manifest unknown|does not exist|invalid reference",
        "see to its name, or log in where it is private (docker login); name another with --image",
    ),
)
"""What an engine says of a pull that failed, and what to do about it; the first that fits."""


def of_engine(host: str, error: BaseException) -> str:
    """What to do where no engine answers at `host`, for this reason."""
    cause = _innermost(error)
    number = cause.errno if isinstance(cause, OSError) else None
    if number in (errno.EACCES, errno.EPERM):
        return f"{_of_permission(host)}; {_OTHERWISE}"
    for variable in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        if os.environ.get(variable) and not (variable == "DOCKER_HOST" and _is_down(number)):
            return f"{variable} names it ({os.environ[variable]}): correct it, or unset it; {_OTHERWISE}"
    if number == errno.ENOENT and not any(map(shutil.which, _PROGRAMS)):
        return f"Docker is not installed here: https://docs.docker.com/engine/install, {_OTHERWISE}"
    return MEND


def of_image(reason: str) -> str:
    """What to do where an image cannot be pulled, for this reason."""
    mends = (mend for said, mend in _OF_PULLS if re.search(said, reason, re.IGNORECASE))
    return f"{next(mends, 'name another with --image')}; {_OTHERWISE}"


def _innermost(error: BaseException) -> BaseException:
    while error.__context__ is not None:
        error = error.__context__
    return error


def _is_down(number: int | None) -> bool:
    """Whether there is an address that nobody listens at: the engine is what has to be started."""
    return number == errno.ECONNREFUSED


def _of_permission(host: str) -> str:
    """How to be let in where the socket of an engine is closed to the user."""
    path = Path(host.removeprefix("unix://"))
    group = _group(path)
    if group is None or sys.platform == "darwin":
        return (
            f"{path} is closed to you: use sudo, or Docker without root (https://docs.docker.com/go/rootless)"
        )
    user = os.environ.get("USER") or "$USER"
    return (
        f"join the group `{group}` that may use it (sudo usermod -aG {group} {user}, then log in again), use "
        "sudo, or Docker without root (https://docs.docker.com/go/rootless)"
    )


def _group(path: Path) -> str | None:
    """The group that a socket is for; None where it is root's alone, or nobody can tell."""
    try:
        found = grp.getgrgid(path.stat().st_gid)
    except (OSError, KeyError):
        return "docker"  # the directory itself is closed: as Docker has it
    return None if found.gr_gid == 0 else found.gr_name
