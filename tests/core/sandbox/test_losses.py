"""A full disk, an engine that goes away, a container that is killed: one plain line, and R goes on."""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acting import execute
from documents import message, ran, run
from needs import IMAGE
from trajcore.errors import SandboxUnavailable
from trajcore.events.actions import RunAction, RunArgs
from trajcore.replay.states import State
from trajcore.sandbox.base import SandboxSettings
from trajcore.sandbox.choose import choose
from trajcore.sandbox.machines.bubblewrap import machine as bubblewrap
from trajcore.sandbox.machines.diskguard import DiskGuard, Room, room
from trajcore.sandbox.machines.docker import entering
from trajcore.sandbox.machines.docker import machine as docker
from trajcore.sandbox.machines.docker.disks import written_to
from trajcore.sandbox.shellsandbox import ShellSandbox
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

pytestmark = pytest.mark.asyncio

ONE_LINE = r"^[^\n]+$"


async def answer(sandbox: Any, command: str) -> Any:
    return await execute(sandbox, RunAction(args=RunArgs(command=command)), None, lambda _: None)


# A full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A directory for temporary files with room for six megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m,nr_inodes=1500,mode=1777", "none", disk], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.bubblewrap
async def test_a_command_that_fills_the_disk_fails_and_the_next_one_goes_on(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    sandbox = (await choose("bubblewrap", SandboxSettings())).sandbox
    try:
        await sandbox.start(lambda _: None)
        filled = await answer(sandbox, "head -c 20M /dev/zero > filled")
        assert filled.extras.metadata.exit_code != 0
        assert "No space left on device" in filled.content
        assert (await answer(sandbox, "rm filled; echo lives > file; cat file")).content == "lives"
    finally:
        await sandbox.close()
    assert list(small_disk.iterdir()) == []


@pytest.mark.bubblewrap
async def test_a_command_that_would_fill_this_machines_disk_is_stopped(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    machine = bubblewrap.BubblewrapMachine(SandboxSettings())
    machine._guard = DiskGuard(reserve=2 << 20)
    sandbox = ShellSandbox(machine, SandboxSettings())
    try:
        await sandbox.start(lambda _: None)
        assert (await answer(sandbox, "echo little > file; cat file")).content == "little"
        with pytest.raises(SandboxUnavailable, match="stopped before it filled"):
            await answer(sandbox, "for i in $(seq 60); do head -c 100K /dev/zero >> filled; sleep 0.05; done")
    finally:
        await sandbox.close()
    assert list(small_disk.iterdir()) == []


async def test_what_is_left_on_a_disk(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    assert room(tmp_path).size == pytest.approx(disk.f_bavail * disk.f_frsize, rel=0.5)
    assert room(tmp_path / "missing").size == room(tmp_path / "missing").files == float("inf")


MACHINES = [
    pytest.param(bubblewrap.BubblewrapMachine, marks=pytest.mark.bubblewrap),
    pytest.param(docker.DockerMachine, marks=pytest.mark.docker),
]
FILLED = "for i in $(seq 60); do head -c 100K /dev/zero >> filled; sleep 0.05; done"
CROWDED = "for i in $(seq 60); do touch $(seq -f $i-%g 20); sleep 0.05; done"


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("command", [FILLED, CROWDED], ids=["bytes", "files"])
@pytest.mark.sampled(2)
async def test_a_mounted_disk_is_not_filled_either(machine: Any, command: str, small_disk: Path) -> None:
    work = small_disk / "work"
    work.mkdir()
    settings = SandboxSettings(image=IMAGE, workspace=work, mount=True)
    made = machine(settings)
    made._guard = DiskGuard(reserve=2 << 20, files=700)
    sandbox = ShellSandbox(made, settings)
    try:
        await sandbox.start(lambda _: None)
        assert (await answer(sandbox, "echo little > file; cat file")).content == "little"
        with pytest.raises(SandboxUnavailable, match=f"stopped before it filled the disk of {work}"):
            await answer(sandbox, command)
    finally:
        await sandbox.close()
    assert room(small_disk).size >= 1 << 20
    assert room(small_disk).files >= 200


@pytest.mark.docker
async def test_the_engines_disk_is_not_filled(docker_image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is large: what is left of it is told smaller than it is."""
    settings = SandboxSettings(image=docker_image)
    machine = docker.DockerMachine(settings)
    sandbox = ShellSandbox(machine, settings)
    places: list[Path] = []
    monkeypatch.setattr(docker, "written_to", lambda *known: places.extend(written_to(*known)) or places)
    try:
        await sandbox.start(lambda _: None)
        [layer] = places
        assert room(layer).size < float("inf")
        kept = await sandbox.checkpoint()
        assert kept is not None
        machine._guard._reserve = Room(room(layer).size - (20 << 20), 0)
        monkeypatch.setattr(DiskGuard, "_reserved", lambda self, _: self._reserve)
        machine._guard.begin(places, machine._stop)
        with pytest.raises(SandboxUnavailable, match="stopped before it filled the disk of"):
            await answer(sandbox, "for i in $(seq 100); do head -c 4M /dev/zero >> filled; sleep 0.05; done")
        with pytest.raises(SandboxUnavailable, match="stopped before it filled the disk of"):
            await answer(sandbox, "echo on")
        machine._guard._reserve = Room(0, 0)
        await sandbox.restore(kept, lambda _: None)
        assert (await answer(sandbox, "ls; echo back")).content == "back"
    finally:
        await sandbox.close()


@pytest.mark.parametrize("kind", [pytest.param("bubblewrap", marks=pytest.mark.bubblewrap), "local"])
async def test_a_workspace_that_does_not_fit(
    kind: str, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "large").write_bytes(bytes(8 << 20))
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    sandbox = (await choose(kind, SandboxSettings(workspace=source))).sandbox
    with pytest.raises(SandboxUnavailable, match=r"cannot be copied.*No space left on device.*"):
        await sandbox.start(lambda _: None)
    assert list(small_disk.iterdir()) == []


# An engine, a container


def session(tmp_path: Path) -> Session:
    events = [message(0, "go"), run(1, "echo one"), ran(2, 1, "one"), run(3, "echo two"), ran(4, 3, "two")]
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(events))
    return Session(Trajectory.open(path), Settings("docker", SandboxSettings(image=IMAGE)))


async def step(session: Session) -> State:
    session.step()
    await session.idle()
    return session.state


def remove_containers() -> int:
    """Remove all containers of this process, through the engine's own socket; how many there were."""
    import docker

    client = docker.DockerClient("unix:///var/run/docker.sock")
    mine = client.api.containers(all=True, filters={"label": f"trajtui.pid={os.getpid()}"})
    for one in mine:
        client.api.remove_container(one["Id"], force=True)
    client.close()
    return len(mine)


@pytest.mark.docker
async def test_a_container_killed_behind_our_back_is_an_error_and_restart_goes_on(
    docker_image: str, tmp_path: Path
) -> None:
    debugged = session(tmp_path)
    try:
        assert await step(debugged) is State.PAUSED
        assert remove_containers() == 1
        assert await step(debugged) is State.ERROR
        assert isinstance(debugged.failure, SandboxUnavailable)
        assert "\n" not in str(debugged.failure)
        assert len(debugged.run.results) == 1
        debugged.restart()
        await debugged.idle()
        debugged.resume()
        await debugged.idle()
        assert debugged.state is State.PAUSED
        assert debugged.summary() == "2 steps: 2 equal"
    finally:
        await debugged.close()


class Door:
    """A socket in front of the engine's, that can be shut and opened again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.open()

    def open(self) -> None:
        self._path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self._path))
        self._listening.listen()
        self._run(self._accept, self._listening)

    def _run(self, work: Any, *arguments: Any) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments))
        self._threads[-1].start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect("/var/run/docker.sock")
            self._open += [near, engine]
            self._run(self._carry, near, engine)
            self._run(self._carry, engine, near)

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def shut(self) -> None:
        for one in (self._listening, *self._open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join()
        for one in (self._listening, *self._open):
            one.close()
        self._open, self._threads = [], []


async def left_behind(debugged: Session, door: Door) -> int:
    """How many containers are still there when all is closed; they are removed."""
    await debugged.close()
    door.shut()
    left = remove_containers()
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()  # docker's library leaves a socket open when it finds nobody at its other end
    return left


def no_terminal(pid: int, container: str) -> tuple[int, str]:
    raise OSError("nobody here reaches it")


@pytest.mark.docker
async def test_a_terminal_that_is_held_here_does_not_need_the_engine(
    docker_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root reaches the terminals of a container")
    door = Door(tmp_path / "engine.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    debugged = session(tmp_path)
    try:
        assert await step(debugged) is State.PAUSED
        door.shut()
        assert await step(debugged) is State.PAUSED
    finally:
        await left_behind(debugged, door)


@pytest.mark.docker
async def test_an_engine_that_goes_away_is_an_error_and_restart_goes_on_when_it_is_back(
    docker_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "open_terminal", no_terminal)
    door = Door(tmp_path / "engine.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    debugged = session(tmp_path)
    try:
        assert await step(debugged) is State.PAUSED
        door.shut()
        assert await step(debugged) is State.ERROR
        assert isinstance(debugged.failure, SandboxUnavailable)
        assert "\n" not in str(debugged.failure)
        door.open()
        debugged.restart()
        await debugged.idle()
        assert await step(debugged) is State.PAUSED
    finally:
        left = await left_behind(debugged, door)
    assert left <= 1  # the one that could not be removed while the engine was away
