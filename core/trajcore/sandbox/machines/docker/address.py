"""Where a Docker engine may be: what the environment, docker's contexts and this system's habits say."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trajcore.errors import BadInput, SandboxUnavailable
from trajcore.reading import SETTINGS, read_file

_DEFAULT: Final = "unix:///var/run/docker.sock"


@dataclass(frozen=True)
class Tls:
    """The files with which an engine and we know each other, as far as they are there."""

    authority: Path | None
    certificate: Path | None
    key: Path | None
    verify: bool
    """Whether the engine has to prove who it is."""


@dataclass(frozen=True)
class Address:
    """An engine's address, as `DOCKER_HOST` spells it, and how it is spoken to over TLS, if it is."""

    host: str
    tls: Tls | None = None

    @property
    def shares_files(self) -> bool:
        """Whether the engine finds files of this machine by their names."""
        return self.host.startswith("unix://")

    @property
    def is_here(self) -> bool:
        """Whether what the engine runs is of this kernel, its processes and disks seen from here.

        On macOS the engine has a kernel of its own, in a virtual machine.
        """
        return self.shares_files and sys.platform.startswith("linux")


def addresses() -> list[Address]:
    """Where to look for an engine, the best first. Raises `SandboxUnavailable`.

    Where the user named one (`DOCKER_HOST`, `DOCKER_CONTEXT`, `docker context use`), only there.
    """
    if os.environ.get("DOCKER_HOST"):
        return [_of_environment()]
    named = _of_context()
    return [named] if named is not None else [Address(_DEFAULT), *_usual()]


def _of_environment() -> Address:
    verify = bool(os.environ.get("DOCKER_TLS_VERIFY"))
    place = os.environ.get("DOCKER_CERT_PATH")
    tls = _files_in(Path(place) if place else _settings(), verify=verify) if verify or place else None
    return Address(os.environ["DOCKER_HOST"], tls)


def _of_context() -> Address | None:
    """The engine of the current docker context, None for the default one."""
    name = os.environ.get("DOCKER_CONTEXT") or _read(_settings() / "config.json").get("currentContext")
    if not name or name == "default":
        return None
    key = hashlib.sha256(str(name).encode()).hexdigest()
    contexts = _settings() / "contexts"
    endpoints = _read(contexts / "meta" / key / "meta.json").get("Endpoints")
    endpoint = endpoints.get("docker") if isinstance(endpoints, dict) else None
    if not isinstance(endpoint, dict) or not endpoint.get("Host"):
        raise SandboxUnavailable(
            f"The docker context '{name}' names no engine: set DOCKER_HOST, or choose another with "
            "`docker context use`."
        )
    files = contexts / "tls" / key / "docker"
    tls = _files_in(files, verify=not endpoint.get("SkipTLSVerify")) if os.path.isdir(files) else None
    return Address(str(endpoint["Host"]), tls)


def _settings() -> Path:
    """Where docker's command line keeps its settings."""
    return Path(os.environ.get("DOCKER_CONFIG") or _home() / ".docker")


def _read(path: Path) -> dict[str, Any]:
    """A file of docker's settings; empty where there is none that can be read."""
    try:
        found = json.loads(read_file(path, SETTINGS))
    except (BadInput, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _files_in(directory: Path, *, verify: bool) -> Tls:
    def there(name: str) -> Path | None:
        return directory / name if os.path.isfile(directory / name) else None

    return Tls(there("ca.pem"), there("cert.pem"), there("key.pem"), verify)


def _usual() -> list[Address]:
    """Sockets of engines without root and of Podman, which speaks the same language, where there are any."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    paths = [
        Path(runtime, "docker.sock"),
        _home() / ".docker" / "run" / "docker.sock",
        Path(runtime, "podman", "podman.sock"),
        Path("/run/podman/podman.sock"),
    ]
    return [Address(f"unix://{path}") for path in paths if _is_socket(path)]


def _home() -> Path:
    """The user's, also of one who has no name here."""
    return Path(os.path.expanduser("~"))


def _is_socket(path: Path) -> bool:
    try:
        return path.is_socket()
    except OSError:  # a directory above is closed to us
        return False
