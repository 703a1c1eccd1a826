"""Podman, which speaks Docker's language: its own service, storage of its own, the program at its socket."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from program import SAMPLES, trajtui
from terminal import Terminal
from trajcore.sandbox.machines.host.processes import kill_all

IMAGE = "localhost/trajtui-podman:test"

pytestmark = [pytest.mark.docker, pytest.mark.long]


@pytest.fixture(scope="module")
def podman(docker_image: str) -> Iterator[str]:
    """The address of an engine that has the test image."""
    if shutil.which("podman") is None or os.geteuid() != 0:
        pytest.skip("needs podman, and root")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{place}/graph"\nrunroot = "{place}/run"\n'
        )
        # Podman asks for more open files than a container on this machine may be allowed.
        files = min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        (place / "containers.conf").write_text(
            f'[containers]\ndefault_ulimits = ["nofile={files}:{files}", "nproc=4096:4096"]\n'
            '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        )
        ours = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(place / "storage.conf"),
            "CONTAINERS_CONF": str(place / "containers.conf"),
        }
        saved, socket = place / "image.tar", place / "engine"
        subprocess.run(["docker", "save", "-o", saved, docker_image], check=True)
        told = subprocess.run(
            ["podman", "load", "-q", "-i", saved], env=ours, check=True, capture_output=True, text=True
        )
        subprocess.run(["podman", "tag", told.stdout.split()[-1], IMAGE], env=ours, check=True)
        saved.unlink()
        service = subprocess.Popen(
            ["podman", "system", "service", "--time=0", f"unix://{socket}"],
            env=ours, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _listening(socket, service)
            yield f"unix://{socket}"
        finally:
            service.terminate()
            service.wait(30)
            subprocess.run(["podman", "rm", "-af", "-t", "0"], env=ours, check=False, capture_output=True)
            # Who watches over a command in a container outlives it; the storage is mounted over itself.
            kill_all(lambda pid: name.encode() in _command(pid))
            subprocess.run(["umount", "-l", place / "graph/overlay"], check=False, capture_output=True)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _listening(socket: Path, service: subprocess.Popen[bytes]) -> None:
    """Wait until the service is there."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOCKER_HOST", f"unix://{socket}")
        while trajtui("doctor").stdout.partition("the engine answers")[1] == "":
            assert service.poll() is None


def test_a_replay(podman: str) -> None:
    done = trajtui(
        "replay",
        SAMPLES / "demo.json",
        "--sandbox",
        "docker",
        "--image",
        IMAGE,
        DOCKER_HOST=podman,
        seconds=60,
    )
    assert done.stdout.splitlines()[-1] == "7 steps: 7 equal"
    assert done.returncode == 0


def test_a_mounted_directory(podman: str, tmp_path: Path) -> None:
    done = trajtui(
        "replay", SAMPLES / "demo.json", "--sandbox", "docker", "--image", IMAGE, "--workspace", tmp_path,
        "--mount", DOCKER_HOST=podman, seconds=60,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "7 steps: 7 equal"
    assert (tmp_path / "words/check.sh").stat().st_uid == tmp_path.stat().st_uid


@pytest.mark.terminal
def test_there_and_back_on_the_screen(podman: str, terminal: Terminal, tmp_path: Path) -> None:
    recording = Path(shutil.copy(SAMPLES / "demo.json", tmp_path))
    terminal.environ(DOCKER_HOST=podman)
    terminal.start(recording, "--sandbox", "docker", "--image", IMAGE)
    terminal.wait("REPLAY PAUSED", seconds=60)
    terminal.press("c")
    terminal.wait("REPLAY FINISHED", seconds=60)
    terminal.press("S")
    terminal.wait("back before event 16", seconds=60)
    terminal.press("S")
    terminal.wait("6/7", seconds=60)
    terminal.press("c")
    terminal.wait("REPLAY FINISHED", seconds=60)
    terminal.press("q")
    terminal.wait("[exit 0]")
