"""The raw connection with a command in a container: whole, ours alone, and refused in one plain line."""

from __future__ import annotations

import gc
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import SandboxSettings
from trajcore.sandbox.machines.docker.engine import GONE, start_exec
from trajcore.sandbox.machines.docker.machine import DockerMachine

ENGINE = "/var/run/docker.sock"


@pytest.fixture(params=["unix", "tcp"])
def late_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of this machine's engine, where the head of an upgrade comes with the first output."""
    local = request.param == "unix"
    path = str(tmp_path / "engine")
    server = socket.socket(socket.AF_UNIX) if local else socket.create_server(("127.0.0.1", 0))
    if local:
        server.bind(path)
        server.listen()
    threads = [threading.Thread(target=accept, args=(server, lambda each: threads.append(each)))]
    threads[0].start()
    yield f"unix://{path}" if local else f"tcp://127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    for thread in threads:
        thread.join()


def accept(server: socket.socket, keep: Callable[[threading.Thread], None]) -> None:
    while True:
        try:
            near, _ = server.accept()
        except OSError:
            return
        thread = threading.Thread(target=join, args=(near,))
        keep(thread)
        thread.start()


def join(near: socket.socket) -> None:
    with near, socket.socket(socket.AF_UNIX) as far:
        far.connect(ENGINE)
        while True:
            ready, _, _ = select.select([near, far], [], [])
            for one, other in ((near, far), (far, near)):
                if one not in ready:
                    continue
                data = one.recv(1 << 16)
                if data.startswith(b"HTTP/1.1 101"):
                    select.select([one], [], [], 5)
                    data += one.recv(1 << 16)
                if not data:
                    return
                other.sendall(data)


@pytest.mark.docker
async def test_output_that_comes_with_the_head_is_not_lost(
    late_engine: str, docker_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", late_engine)
    machine = DockerMachine(SandboxSettings(image=docker_image))
    try:
        await machine.start(lambda _: None)
        control = await machine.control()
        assert await control.read(10) == b"\x18\n"
        control.close()
    finally:
        await machine.close()


@pytest.mark.docker
async def test_nothing_of_the_library_is_left_to_be_collected(
    docker_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[object] = []
    machine = DockerMachine(SandboxSettings(image=docker_image))
    try:
        await machine.start(lambda _: None)
        gc.collect()
        monkeypatch.setattr("sys.unraisablehook", complaints.append)
        for stream in [await machine.terminal(), await machine.control()]:
            stream.close()
        gc.collect()
    finally:
        await machine.close()
    assert complaints == []


# An engine that refuses


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Callable[[bytes], SimpleNamespace]]:
    """A client of an engine that gives one answer, whatever it is asked."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "engine"))
    server.listen()
    threads: list[threading.Thread] = []

    def client(answer: bytes) -> SimpleNamespace:
        def serve() -> None:
            near, _ = server.accept()
            with near:
                near.recv(1 << 16)
                near.sendall(answer)

        threads.append(threading.Thread(target=serve))
        threads[0].start()
        api = SimpleNamespace(headers={}, base_url="http+docker://localhost", api_version="1.41")
        return SimpleNamespace(host=f"unix://{tmp_path / 'engine'}", api=api)

    yield client
    for thread in threads:
        thread.join()
    server.close()


@pytest.mark.parametrize("head", [b"101 UPGRADED\r\nUpgrade: tcp\r\n", b"200 OK\r\n"])
def test_the_descriptor_gives_what_follows_the_head(
    answering: Callable[[bytes], SimpleNamespace], head: bytes
) -> None:
    descriptor = start_exec(answering(b"HTTP/1.1 " + head + b"\r\nfirst output"), "x", tty=True)
    os.set_blocking(descriptor, True)
    assert os.read(descriptor, 100) == b"first output"
    os.close(descriptor)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'409 Conflict\r\nContent-Length: 24\r\n\r\n{"message":"not running"}', GONE),
        (b"404 Not Found\r\n\r\n", GONE),
        (b'500 No\r\nContent-Length: 18\r\n\r\n{"message":"full"}', "Docker refused: full"),
        (b"403 Forbidden\r\nContent-Length: 4\r\n\r\nplan", "Docker refused: plan"),
        (b"503 Later\r\n\r\n", "Docker refused: HTTP/1.1 503 Later"),
    ],
)
def test_a_refusal_is_one_plain_line(
    answering: Callable[[bytes], SimpleNamespace], answer: bytes, said: str
) -> None:
    with pytest.raises(SandboxUnavailable) as raised:
        start_exec(answering(b"HTTP/1.1 " + answer), "x", tty=False)
    assert str(raised.value) == said


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0\r\n", b"HTTP/1.1 \r\n\r\n"])
def test_no_answer_is_one_plain_line(answering: Callable[[bytes], SimpleNamespace], answer: bytes) -> None:
    with pytest.raises(
        SandboxUnavailable, match=r"^The Docker engine does not answer \([^\n]+\): start Docker"
    ):
        start_exec(answering(answer), "x", tty=False)


def test_no_engine_is_one_plain_line(tmp_path: Path) -> None:
    client = SimpleNamespace(host=f"unix://{tmp_path / 'none'}")
    with pytest.raises(SandboxUnavailable, match=r"\(No such file or directory\)"):
        start_exec(client, "x", tty=False)
