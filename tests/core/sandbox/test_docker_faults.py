"""What is wrong with Docker is told with what mends exactly that: each cause by its own condition."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trajcore.sandbox.machines.docker import address
from trajcore.sandbox.machines.docker.engine import engine_answers
from trajcore.sandbox.machines.docker.faults import of_image


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine is named, and none is where engines usually are."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    monkeypatch.setattr(address, "_DEFAULT", f"unix://{tmp_path / 'docker.sock'}")
    monkeypatch.setattr(address, "_usual", list)


@pytest.fixture
def deaf(tmp_path: Path) -> Iterator[Path]:
    """A socket at which nobody listens any more."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "docker.sock"))
        server.listen()
        yield tmp_path / "docker.sock"


async def said() -> str:
    return await engine_answers() or ""


async def test_no_docker_at_all_is_to_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Docker is not installed here" in await said()


async def test_a_docker_that_has_no_socket_is_to_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "docker"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "start Docker" in await said()


async def test_a_socket_that_nobody_listens_at_is_of_an_engine_to_be_started(deaf: Path) -> None:
    subprocess.run([sys.executable, "-c", LEAVES, str(deaf) + "2"], check=True)
    Path(f"{deaf}2").replace(deaf)
    assert "(Connection refused): start Docker" in await said()


LEAVES = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()"
"""Leaves a socket behind."""

ASKS = """
import os, sys
from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.machines.docker import address
from trajcore.sandbox.machines.docker.engine import connect
import docker, requests
address._DEFAULT, address._usual = "unix://" + sys.argv[1], list
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    connect()
except SandboxUnavailable as error:
    print(error)
"""
"""Looks for an engine as somebody whom nothing belongs to; all is imported before."""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(("group", "mend"), [(1, "join the group"), (0, "is closed to you: use sudo")])
def test_a_socket_that_is_closed_to_the_user_is_no_engine_to_be_started(
    deaf: Path, group: int, mend: str
) -> None:
    for place in deaf.parents:
        if place != Path("/") and not place.stat().st_mode & 1:
            place.chmod(place.stat().st_mode | 0o111)
    os.chown(deaf, 0, group)
    deaf.chmod(0o660)
    done = subprocess.run(
        [sys.executable, "-c", ASKS, str(deaf)], capture_output=True, text=True, check=False, timeout=60
    )
    assert "(Permission denied)" in done.stdout, done.stderr
    assert mend in done.stdout
    assert "start Docker" not in done.stdout


@pytest.mark.parametrize("host", ["unix:///no/such/socket", "tcp://no.such.host.invalid:2375", "nonsense"])
async def test_a_wrong_address_is_named(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    assert f"DOCKER_HOST names it ({host}): correct it, or unset it" in await said()


@pytest.mark.parametrize(
    ("reason", "mend"),
    [
        ("dial tcp: lookup registry.example: no such host", "cannot be reached"),
        ("Get https://registry.example/v2/: net/http: request canceled (Client.Timeout exceeded)", "network"),
        ("write /var/lib/docker/tmp/x: no space left on device", "docker system prune"),
        ("pull access denied for x, repository does not exist or may require 'docker login'", "docker login"),
        ("manifest for x:y not found: manifest unknown", "see to its name"),
        ("something else", "name another with --image"),
    ],
)
def test_what_keeps_an_image_away_is_told_with_its_mend(reason: str, mend: str) -> None:
    assert mend in of_image(reason)
