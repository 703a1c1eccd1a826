"""A world made by Docker: one long-lived container, entered through two attached streams."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import Report, SandboxSettings
from trajcore.sandbox.scripts import BASH, COLUMNS, CONTROL, ENVIRONMENT, ROWS, TERMINAL
from trajcore.sandbox.stream import FdStream, FramedStream, Stream
from trajcore.sandbox.trees import pack_tree

LABEL: Final = "trajtui"
"""The label that every container of ours carries."""

_PIDS: Final = 4096
_MEMORY_SHARE: Final = 0.8
# As process 1 it reaps what others leave behind, and ends when it is told to.
_MAIN: Final = "trap 'exit 0' TERM INT; while :; do sleep 2147483647 & wait; done"
_MEND: Final = "start Docker, or use --sandbox bubblewrap."

T = TypeVar("T")


class DockerMachine:
    """A container that is removed when the world is closed."""

    kind = "docker"

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._client: Any = None
        self._container: Any = None
        self._closed = False

    @property
    def detail(self) -> str:
        """The image."""
        return self._settings.image

    async def start(self, report: Report) -> None:
        """See `Machine.start`."""
        self._client = await asyncio.to_thread(_connect)
        if not await self._call(lambda: _present(self._client, self.detail)):
            await self._pull(report)
        report("starting the container")
        starting = asyncio.ensure_future(asyncio.to_thread(self._run))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.wait([starting])  # a container half made can only be removed once it is made
            raise
        finally:
            if starting.done() and not starting.cancelled() and starting.exception() is None:
                self._container = starting.result()

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
            await asyncio.to_thread(_remove, client, container)

    async def _call(self, work: Callable[[], T]) -> T:
        from docker.errors import APIError, DockerException
        from requests.exceptions import RequestException

        try:
            return await asyncio.to_thread(work)
        except APIError as error:
            raise SandboxUnavailable(f"Docker refused: {error.explanation or error}") from error
        except (DockerException, RequestException) as error:
            raise SandboxUnavailable(
                f"The Docker engine does not answer ({_first_line(error)}): {_MEND}"
            ) from error

    def _run(self) -> Any:
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            container = self._client.containers.create(self.detail, list(_main_command()), **self._options())
        except (DockerException, RequestException) as error:
            raise SandboxUnavailable(f"The container cannot be made: {_first_line(error)}") from error
        try:
            container.start()
        except (DockerException, RequestException) as error:
            container.remove(force=True)
            raise SandboxUnavailable(f"The container cannot be started: {_first_line(error)}") from error
        return container

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
            raise SandboxUnavailable("The container is gone. Restart the sandbox to go on.")
        api = self._client.api
        made = api.exec_create(
            self._container.id,
            [*BASH, script],
            stdin=True,
            tty=tty,
            workdir="/workspace",
            environment=ENVIRONMENT_OF_EXEC,
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
        stopped = False

        def say(line: str) -> None:
            loop.call_soon_threadsafe(report, line)

        def pull() -> None:
            for line in self._client.api.pull(*_name_and_tag(self.detail), stream=True, decode=True):
                if stopped:
                    return
                if "error" in line:
                    raise SandboxUnavailable(f"The image {self.detail} cannot be pulled: {line['error']}")
                say(_progress(self.detail, line))

        try:
            await self._call(pull)
        except SandboxUnavailable as error:
            raise SandboxUnavailable(
                f"The image {self.detail} is not here and cannot be pulled: name another with --image, "
                f"or use --sandbox bubblewrap. ({error})"
            ) from error
        finally:
            stopped = True


ENVIRONMENT_OF_EXEC: Final = {"TERM": ENVIRONMENT["TERM"]}


async def engine_answers() -> str | None:
    """None if a Docker engine answers, else the reason why not."""
    try:
        client = await asyncio.to_thread(_connect)
    except SandboxUnavailable as error:
        return str(error)
    await asyncio.to_thread(client.close)
    return None


async def has_image(image: str) -> bool:
    """Whether the engine has `image`; False also when no engine answers."""
    return await asyncio.to_thread(_has_image, image)


def _has_image(image: str) -> bool:
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        client = _connect()
    except SandboxUnavailable:
        return False
    try:
        return _present(client, image)
    except (DockerException, RequestException):
        return False
    finally:
        client.close()


def _connect() -> Any:
    """A client of the engine that the environment names. Raises `SandboxUnavailable`."""
    import docker
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        client = docker.from_env(timeout=60)
    except (DockerException, RequestException, OSError) as error:
        raise SandboxUnavailable(f"No Docker engine answers ({_reason(error)}): {_MEND}") from error
    try:
        client.ping()
    except (DockerException, RequestException, OSError) as error:
        client.close()
        raise SandboxUnavailable(f"No Docker engine answers ({_reason(error)}): {_MEND}") from error
    return client


def _present(client: Any, image: str) -> bool:
    from docker.errors import ImageNotFound

    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def _remove(client: Any, container: Any) -> None:
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        if container is not None:
            container.remove(force=True)
    except (DockerException, RequestException, OSError):
        pass  # already gone, or the engine is
    finally:
        client.close()


def _main_command() -> list[str]:
    return [*BASH, _MAIN]


def _descriptor(attached: Any) -> int:
    """A descriptor of our own for the connection under `exec_start`'s answer."""
    connection = getattr(attached, "_sock", attached)
    if not isinstance(connection, socket.socket):
        raise SandboxUnavailable(
            "Docker engines reached over TLS are not supported. Use --sandbox bubblewrap."
        )
    descriptor = os.dup(connection.fileno())
    attached.close()
    return descriptor


def _name_and_tag(image: str) -> tuple[str, str | None]:
    from docker.utils import parse_repository_tag

    name, tag = parse_repository_tag(image)
    return name, tag or "latest"


def _progress(image: str, line: dict[str, Any]) -> str:
    parts = [str(line[key]) for key in ("id", "status", "progress") if line.get(key)]
    return f"pulling {image}: {' '.join(parts)}"


def _reason(error: Exception) -> str:
    """The innermost cause in a few words."""
    cause: BaseException = error
    while cause.__context__ is not None:
        cause = cause.__context__
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return _first_line(text)


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0]
