"""Speaking with the Docker engine; its library is imported only when one of these is called."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.machines.docker.address import Address, addresses

if TYPE_CHECKING:
    from trajcore.sandbox.machines.docker.relay import Carry, Relay

MEND: Final = "start Docker, or use --sandbox bubblewrap."
"""What to do about an engine that does not answer."""

_PATIENCE: Final = 60

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
    """A client of the engine: of the one that the user named, else of the first that answers.

    Raises `SandboxUnavailable`.
    """
    first: SandboxUnavailable | None = None
    for address in addresses():
        try:
            return _client(address)
        except SandboxUnavailable as error:
            first = first or error
    assert first is not None
    raise first


def is_here(client: Any) -> bool:
    """Whether the engine of `client` is on this machine and so sees its files."""
    return bool(client.is_here)


def _client(address: Address) -> Any:
    import docker
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    _knock(address.host)
    try:
        client = docker.DockerClient(base_url=_reachable(address), timeout=_PATIENCE)
    except (DockerException, RequestException, OSError, ValueError) as error:
        raise SandboxUnavailable(f"No Docker engine answers ({_reason(error)}): {MEND}") from error
    try:
        client.ping()
    except (DockerException, RequestException, OSError) as error:
        client.close()
        raise SandboxUnavailable(f"No Docker engine answers ({_reason(error)}): {MEND}") from error
    client.is_here = address.is_here
    return client


def _knock(host: str) -> None:
    """See whether anybody listens where the engine should: the Docker library leaks a socket if not."""
    if not host.startswith("unix://"):
        return
    try:
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.connect(host.removeprefix("unix://"))
    except OSError as error:
        raise SandboxUnavailable(f"No Docker engine answers ({_reason(error)}): {MEND}") from error


def _reachable(address: Address) -> str:
    """The address itself, or of a socket here that leads there, where TLS or ssh is in between."""
    from trajcore.sandbox.machines.docker.relay import over_ssh, over_tls

    if address.host.startswith("ssh://"):
        return _relayed(address.host, lambda: over_ssh(address.host))
    tls = address.tls
    if tls is not None and not address.is_here:
        return _relayed(address.host, lambda: over_tls(address.host, tls))
    return address.host


_relays: Final[dict[str, Relay]] = {}
_relays_lock: Final = threading.Lock()


def _relayed(host: str, carry: Callable[[], Carry]) -> str:
    from trajcore.sandbox.machines.docker.relay import Relay

    with _relays_lock:
        if host not in _relays:
            _relays[host] = Relay(carry())
        return f"unix://{_relays[host].path}"


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


def discard(container: Any) -> None:
    """Remove a container, and what only it has mounted. Never raises."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        container.remove(v=True, force=True)
    except (DockerException, RequestException, OSError):
        pass  # already gone, or the engine is


def find_container(client: Any, name: str) -> Any:
    """The container called so; None when there is none. Raises what the library raises."""
    from docker.errors import NotFound

    try:
        return client.containers.get(name)
    except NotFound:
        return None


def remove(client: Any, container: Any) -> None:
    """Remove a container (None: nothing to remove) and close the client. Never raises."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        if container is not None:
            container.remove(v=True, force=True)
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
