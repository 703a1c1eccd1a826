"""A private socket on this machine that leads to an engine behind TLS or ssh.

What comes in is carried there and back, so that everybody else only ever meets plain local sockets.
"""

from __future__ import annotations

import atexit
import selectors
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.machines.docker.address import Tls
from trajcore.sandbox.machines.owner import make_directory

_CHUNK: Final = 1 << 16
_PATIENCE: Final = 20.0
_SSH_PORT: Final = 22
_TLS_PORT: Final = 2376

Carry = Callable[[socket.socket], object]
"""Connects the engine with one accepted connection, which it owns, and returns when that has ended."""


class Relay:
    """Listens on a socket in a private directory, until the program ends."""

    def __init__(self, carry: Carry) -> None:
        self._carry = carry
        directory = make_directory()
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        self.path = directory / "engine"
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.path))
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            threading.Thread(target=self._carry, args=(connection,), daemon=True).start()


def over_ssh(host: str) -> Carry:
    """Carries to the engine of `ssh://[user@]host[:port]`, as the docker command line does."""
    place = urlsplit(host)
    if not place.hostname or place.hostname.startswith("-") or (place.username or "").startswith("-"):
        raise SandboxUnavailable(f"{host} names no machine: expected ssh://USER@HOST.")
    port = ["-p", str(place.port)] if place.port and place.port != _SSH_PORT else []
    user = ["-l", place.username] if place.username else []
    command = ["ssh", "-o", "BatchMode=yes", *user, *port, "--", place.hostname, "docker system dial-stdio"]

    def carry(connection: socket.socket) -> None:
        with connection:
            subprocess.run(
                command,
                stdin=connection.fileno(),
                stdout=connection.fileno(),
                stderr=subprocess.DEVNULL,
                check=False,
            )

    return carry


def over_tls(host: str, tls: Tls) -> Carry:
    """Carries to the engine of `tcp://host:port`. Raises `SandboxUnavailable`."""
    place = urlsplit(host)
    try:
        context = ssl.create_default_context(cafile=tls.authority if tls.verify else None)
        if not tls.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise SandboxUnavailable(f"The TLS files for {host} cannot be used ({error}).") from error

    def carry(connection: socket.socket) -> None:
        target = (place.hostname or "", place.port or _TLS_PORT)
        with connection:
            try:
                with (
                    socket.create_connection(target, timeout=_PATIENCE) as plain,
                    context.wrap_socket(plain, server_hostname=place.hostname) as engine,
                ):
                    _pump(connection, engine)
            except OSError:
                pass  # the engine ended the connection, or could not be reached: so does ours

    return carry


def _pump(near: socket.socket, far: ssl.SSLSocket) -> None:
    """Carry bytes both ways until one side ends. One thread: an SSL connection is not to be used by two."""
    far.setblocking(False)
    with selectors.DefaultSelector() as selector:
        selector.register(near, selectors.EVENT_READ)
        selector.register(far, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if far in ready and not _carry_back(far, near):
                return
            if near in ready:
                data = near.recv(_CHUNK)
                if not data:
                    return
                _send_all(far, data)


def _carry_back(far: ssl.SSLSocket, near: socket.socket) -> bool:
    """Hand on what has come; False at the end."""
    while True:
        try:
            data = far.recv(_CHUNK)
        except ssl.SSLWantReadError:
            return True
        if not data:
            return False
        near.sendall(data)


def _send_all(far: ssl.SSLSocket, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[far.send(left) :]
        except ssl.SSLWantWriteError:
            _wait(far, selectors.EVENT_WRITE)
        except ssl.SSLWantReadError:
            _wait(far, selectors.EVENT_READ)


def _wait(connection: socket.socket, event: int) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(connection, event)
        selector.select()
