"""A world made by Docker: one long-lived container, entered through two attached streams."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import Report, SandboxSettings
from trajcore.sandbox.engine import (
    GONE,
    connect,
    engine_answers,
    has_image,
    plain_errors,
    present,
    pull,
    remove,
)
from trajcore.sandbox.scripts import BASH, COLUMNS, CONTROL, ENVIRONMENT, ROWS, TERMINAL
from trajcore.sandbox.stream import FdStream, FramedStream, Stream
from trajcore.sandbox.threads import finished_in_thread
from trajcore.sandbox.trees import pack_tree

__all__ = ["LABEL", "DockerMachine", "engine_answers", "has_image"]

LABEL: Final = "trajtui"
"""The label that every container of ours carries."""

_PIDS: Final = 4096
_MEMORY_SHARE: Final = 0.8
# As process 1 it reaps what others leave behind, and ends when it is told to.
_MAIN: Final = "trap 'exit 0' TERM INT; while :; do sleep 2147483647 & wait; done"

T = TypeVar("T")


class DockerMachine:
    """A container that is removed when the world is closed."""

    kind = "docker"
    directory = "/workspace"

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._client: Any = None
        self._container: Any = None

    @property
    def detail(self) -> str:
        """The image."""
        return self._settings.image

    async def start(self, report: Report) -> None:
        """See `Machine.start`."""
        self._client = await asyncio.to_thread(connect)
        if not await self._call(lambda: present(self._client, self.detail)):
            await self._pull(report)
        report("starting the container")
        await finished_in_thread(self._run)

    async def terminal(self) -> Stream:
        """See `Machine.terminal`."""
        return await self._call(lambda: self._enter(TERMINAL, tty=True))

    async def control(self) -> Stream:
        """See `Machine.control`."""
        return FramedStream(await self._call(lambda: self._enter(CONTROL, tty=False)))

    async def copy_in(self, directory: Path) -> None:
        """See `Machine.copy_in`."""
        try:
            await self._call(lambda: self._put(directory))
        except OSError as error:
            raise SandboxUnavailable(
                f"{directory}: cannot be copied into the container ({error})."
            ) from error

    async def close(self) -> None:
        """See `Machine.close`."""
        container, self._container = self._container, None
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(remove, client, container)

    async def _call(self, work: Callable[[], T]) -> T:
        with plain_errors():
            return await finished_in_thread(work)

    def _run(self) -> None:
        with plain_errors("The container cannot be made"):
            self._container = self._client.containers.create(self.detail, [*BASH, _MAIN], **self._options())
        with plain_errors("The container cannot be started"):
            self._container.start()

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "entrypoint": [],
            "environment": {
                name: value for name, value in ENVIRONMENT.items() if name not in ("PATH", "HOME")
            },
            "labels": {LABEL: "1", f"{LABEL}.pid": str(os.getpid())},
            "pids_limit": _PIDS,
            "mem_limit": int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * _MEMORY_SHARE),
            "security_opt": ["no-new-privileges"],
            "working_dir": "/workspace",
        }
        return options if self._settings.network else {**options, "network_mode": "none"}

    def _enter(self, script: str, tty: bool) -> FdStream:
        if self._container is None:
            raise SandboxUnavailable(GONE)
        api = self._client.api
        made = api.exec_create(
            self._container.id,
            [*BASH, script],
            stdin=True,
            tty=tty,
            workdir="/workspace",
            environment={"TERM": ENVIRONMENT["TERM"]},
        )
        attached = api.exec_start(made["Id"], tty=tty, socket=True)
        if tty:
            api.exec_resize(made["Id"], height=ROWS, width=COLUMNS)
        return FdStream(_descriptor(attached))

    def _put(self, directory: Path) -> None:
        with tempfile.TemporaryFile() as archive:
            pack_tree(directory, archive)
            archive.seek(0)
            self._container.put_archive("/workspace", archive)

    async def _pull(self, report: Report) -> None:
        report(f"pulling {self.detail}")
        loop = asyncio.get_running_loop()
        stop = threading.Event()

        def say(line: str) -> None:
            loop.call_soon_threadsafe(report, line)

        await finished_in_thread(lambda: pull(self._client, self.detail, say, stop), stop.set)


def _descriptor(attached: Any) -> int:
    """A descriptor of our own for the connection under `exec_start`'s answer."""
    connection = getattr(attached, "_sock", attached)
    if not isinstance(connection, socket.socket):
        raise SandboxUnavailable(
            "Docker engines reached over TLS are not supported. Use --sandbox bubblewrap."
        )
    descriptor = os.dup(connection.fileno())
    attached.close()
    connection.close()
    return descriptor
