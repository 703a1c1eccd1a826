"""An image for another processor says so; an engine in a virtual machine is not taken for this machine."""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Iterator

import docker
import pytest

from program import SAMPLES, trajtui
from trajcore.sandbox.machines.docker.address import Address

AARCH64 = (183).to_bytes(2, "little")
MACHINE = slice(18, 20)
"""Where an ELF file says which processor it is for."""


@pytest.fixture
def foreign(docker_image: str) -> Iterator[str]:
    """The test image, whose bash is for a processor that the engine has not."""
    client = docker.from_env()
    container = client.containers.create(docker_image, ["true"])
    try:
        chunks, _ = container.get_archive("/usr/bin/bash")
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            member = archive.getmembers()[0]
            program = bytearray(archive.extractfile(member).read())
        program[MACHINE] = AARCH64 if program[MACHINE] != AARCH64 else (62).to_bytes(2, "little")
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.addfile(member, io.BytesIO(program))
        container.put_archive("/usr/bin", packed.getvalue())
        made = container.commit("trajtui-foreign", "test")
    finally:
        container.remove(force=True)
    yield "trajtui-foreign:test"
    client.images.remove(made.id, force=True)
    client.close()


@pytest.mark.docker
def test_an_image_for_another_processor_says_so_and_what_to_do(foreign: str) -> None:
    done = trajtui("replay", SAMPLES / "demo.json", "--sandbox", "docker", "--image", foreign)
    assert done.returncode == 3
    *_, said = done.stderr.splitlines()
    assert "exec format error" in said
    assert f"{foreign} is for another processor than the engine's" in said
    assert "docker pull --platform linux/" in said


@pytest.mark.parametrize(
    ("host", "system", "here", "shares"),
    [
        ("unix:///var/run/docker.sock", "linux", True, True),
        ("unix:///var/run/docker.sock", "darwin", False, True),
        ("tcp://127.0.0.1:2375", "linux", False, False),
        ("ssh://somewhere", "darwin", False, False),
    ],
)
def test_only_on_linux_does_an_engine_at_a_socket_run_on_this_kernel(
    host: str, system: str, here: bool, shares: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert (Address(host).is_here, Address(host).shares_files) == (here, shares)
