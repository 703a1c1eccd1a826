"""Speaking with the Docker engine; its library is imported only when one of these is called."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from trajcore.errors import SandboxUnavailable

MEND: Final = "start Docker, or use --sandbox bubblewrap."
"""What to do about an engine that does not answer."""

GONE: Final = "The container was stopped or removed. Restart the sandbox to go on."


async def engine_answers() -> str | None:
    """None if a Docker engine answers, else the reason why not."""
    try:
        client = await asyncio.to_thread(connect)
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
        client = connect()
    except SandboxUnavailable:
        return False
    try:
        return present(client, image)
    except (DockerException, RequestException):
        return False
    finally:
        client.close()


def connect() -> Any:
    """A client of the engine that the environment names. Raises `SandboxUnavailable`."""
    import docker
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    _knock()
    try:
        client = docker.from_env(timeout=60)
    except (DockerException, RequestException, OSError) as error:
        raise SandboxUnavailable(f"No Docker engine answers ({_reason(error)}): {MEND}") from error
    try:
        client.ping()
    except (DockerException, RequestException, OSError) as error:
        client.close()
        raise SandboxUnavailable(f"No Docker engine answers ({_reason(error)}): {MEND}") from error
    return client


def _knock() -> None:
    """See whether anybody listens where the engine should: the Docker library leaks a socket if not."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if not address.startswith("unix://"):
        return
    try:
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.connect(address.removeprefix("unix://"))
    except OSError as error:
        raise SandboxUnavailable(f"No Docker engine answers ({_reason(error)}): {MEND}") from error


@contextmanager
def plain_errors(failed: str = "Docker refused") -> Iterator[None]:
    """Turns what the engine answers into `SandboxUnavailable`, one plain line that begins with `failed`."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except APIError as error:
        if error.status_code in (404, 409):
            raise SandboxUnavailable(GONE) from error
        raise SandboxUnavailable(f"{failed}: {first_line(error.explanation or error)}") from error
    except (DockerException, RequestException) as error:
        raise SandboxUnavailable(
            f"The Docker engine does not answer ({first_line(error)}): {MEND}"
        ) from error


def present(client: Any, image: str) -> bool:
    """Whether the engine has `image`."""
    from docker.errors import ImageNotFound

    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def remove(client: Any, container: Any) -> None:
    """Remove a container (None: nothing to remove) and close the client. Never raises."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        if container is not None:
            container.remove(force=True)
    except (DockerException, RequestException, OSError):
        pass  # already gone, or the engine is
    finally:
        client.close()


def pull(client: Any, image: str, say: Callable[[str], None], stop: threading.Event) -> None:
    """Pull `image`, saying how far it is, until `stop` is set. Raises `SandboxUnavailable`."""
    from docker.errors import DockerException
    from docker.utils import parse_repository_tag
    from requests.exceptions import RequestException

    name, tag = parse_repository_tag(image)
    try:
        for line in client.api.pull(name, tag or "latest", stream=True, decode=True):
            if stop.is_set():
                return
            if "error" in line:
                raise _no_image(image, line["error"])
            say(_progress(image, line))
    except (DockerException, RequestException) as error:
        raise _no_image(image, getattr(error, "explanation", None) or error) from error


def _no_image(image: str, reason: object) -> SandboxUnavailable:
    return SandboxUnavailable(
        f"The image {image} is not here and cannot be pulled ({first_line(reason)}): "
        "name another with --image, or use --sandbox bubblewrap."
    )


def _progress(image: str, line: dict[str, Any]) -> str:
    parts = [str(line[key]) for key in ("id", "status", "progress") if line.get(key)]
    return f"pulling {image}: {' '.join(parts)}"


def _reason(error: Exception) -> str:
    """The innermost cause in a few words."""
    cause: BaseException = error
    while cause.__context__ is not None:
        cause = cause.__context__
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return first_line(text)


def first_line(error: object) -> str:
    """An error in one line."""
    return (str(error).strip().splitlines() or ["no reason given"])[0]
