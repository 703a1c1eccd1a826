"""Speaking with the Docker engine; its library is imported only when one of these is called."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, parse_headers
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.machines.docker.address import Address, addresses
from trajcore.sandbox.machines.docker.faults import MEND, of_engine, of_image

if TYPE_CHECKING:
    from trajcore.sandbox.machines.docker.relay import Carry, Relay

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


@dataclass(frozen=True)
class ImageState:
    """Whether the engine has an image, and the machines that the image and the engine are for."""

    here: bool
    architecture: str = ""
    engine: str = ""
    fault: str = ""
    """Why nobody knows: no engine answers."""

    @property
    def runs(self) -> bool:
        """Whether the image is for the engine's machine, as far as both say."""
        return not self.architecture or not self.engine or self.architecture == self.engine


async def image_state(image: str) -> ImageState:
    """How it stands with an image. Never raises."""
    return await asyncio.to_thread(_image_state, image)


def _image_state(image: str) -> ImageState:
    from docker.errors import DockerException, ImageNotFound
    from requests.exceptions import RequestException

    try:
        client = connect()
    except SandboxUnavailable as error:
        return ImageState(False, fault=str(error))
    try:
        found = client.images.get(image)
        return ImageState(
            True, str(found.attrs.get("Architecture", "")), str(client.version().get("Arch", ""))
        )
    except ImageNotFound:
        return ImageState(False)
    except (DockerException, RequestException) as error:
        return ImageState(False, fault=f"The Docker engine does not answer ({first_line(error)}).")
    finally:
        client.close()


def build(directory: Path, name: str, say: Callable[[str], None], stop: threading.Event) -> None:
    """Build the image of the Dockerfile in a directory, until `stop` is set. Raises `SandboxUnavailable`."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    client = connect()
    try:
        lines = client.api.build(path=str(directory), tag=name, rm=True, forcerm=True, decode=True)
        failed = ""
        for line in lines:  # to its end, so that the connection is not left open
            if stop.is_set():
                return
            failed = failed or str(line.get("error", ""))
            if said := str(line.get("stream", "")).strip():
                say(f"building {directory.name}: {first_line(said)}")
        if failed:
            raise SandboxUnavailable(f"{directory} cannot be built ({first_line(failed)}).")
    except (DockerException, RequestException) as error:
        reason = first_line(getattr(error, "explanation", None) or error)
        raise SandboxUnavailable(f"{directory} cannot be built ({reason}).") from error
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
    """Whether what the engine of `client` runs is of this kernel: see `Address.is_here`."""
    return bool(client.is_here)


def shares_files(client: Any) -> bool:
    """Whether the engine of `client` finds files of this machine by their names."""
    return bool(client.shares_files)


def _client(address: Address) -> Any:
    import docker
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    _knock(address.host)
    host = _reachable(address)
    try:
        client = docker.DockerClient(base_url=host, timeout=_PATIENCE)
    except (DockerException, RequestException, OSError, ValueError) as error:
        raise _no_engine(address.host, error) from error
    try:
        client.ping()
    except (DockerException, RequestException, OSError) as error:
        client.close()
        raise _no_engine(address.host, error) from error
    client.is_here, client.shares_files, client.host = address.is_here, address.shares_files, host
    return client


def _knock(host: str) -> None:
    """See whether anybody listens where the engine should: the Docker library leaks a socket if not."""
    if not host.startswith("unix://"):
        return
    try:
        _local(host.removeprefix("unix://")).close()
    except OSError as error:
        raise _no_engine(host, error) from error


def _no_engine(host: str, error: Exception) -> SandboxUnavailable:
    return SandboxUnavailable(f"No Docker engine answers ({_reason(error)}): {of_engine(host, error)}")


def _reachable(address: Address) -> str:
    """The address itself, or of a socket here that leads there, where TLS or ssh is in between."""
    from trajcore.sandbox.machines.docker.relay import over_ssh, over_tls

    if address.host.startswith("ssh://"):
        return _relayed(address.host, lambda: over_ssh(address.host))
    tls = address.tls
    if tls is not None and not address.shares_files:
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
        raise _refusal(failed, error.status_code, error.explanation or error) from error
    except (DockerException, RequestException) as error:
        raise _no_answer(first_line(error)) from error


def _refusal(failed: str, status: int | None, reason: object) -> SandboxUnavailable:
    return SandboxUnavailable(GONE if status in (404, 409) else f"{failed}: {first_line(reason)}")


def _no_answer(reason: str) -> SandboxUnavailable:
    return SandboxUnavailable(f"The Docker engine does not answer ({reason}): {MEND}")


def start_exec(client: Any, exec_id: str, *, tty: bool) -> int:
    """Start an exec that was created. The answer is a descriptor of the raw connection with it.

    The caller owns and closes the descriptor. Raises `SandboxUnavailable`.

    The library can start it too, but its response keeps the socket, may have read the first output with the
    head, and since Python 3.13 complains when it is collected without the socket.
    """
    try:
        with _dial(client) as connection:
            connection.sendall(_upgrade(client, f"exec/{exec_id}/start", {"Detach": False, "Tty": tty}))
            with connection.makefile("rb", buffering=0) as answer:
                _read_head(answer)
            return connection.detach()
    except (OSError, HTTPException) as error:
        raise _no_answer(_reason(error)) from error


def _dial(client: Any) -> socket.socket:
    """A connection of our own to the engine of `client`. Raises `OSError`, `SandboxUnavailable`."""
    _, is_local, path = client.host.partition("unix://")
    if is_local:
        return _local(path)
    place = urlsplit(client.api.base_url)
    if place.scheme != "http":
        raise SandboxUnavailable(f"{client.host} cannot be attached to. Use --sandbox bubblewrap.")
    connection = socket.create_connection((place.hostname, place.port), timeout=_PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _local(path: str) -> socket.socket:
    """A connection to the socket at `path`. Raises `OSError`."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_PATIENCE)
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def _upgrade(client: Any, path: str, body: object) -> bytes:
    """The request that turns a connection into a raw one, with the headers of all requests of `client`."""
    content = json.dumps(body)
    headers = {
        **client.api.headers,
        "Host": "docker",
        "Connection": "Upgrade",
        "Upgrade": "tcp",
        "Content-Type": "application/json",
        "Content-Length": len(content),
    }
    prefix = urlsplit(client.api.base_url).path.rstrip("/")
    lines = [f"POST {prefix}/v{client.api.api_version}/{path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", content]).encode()


def _read_head(answer: socket.SocketIO) -> None:
    """Read the head of an answer, and no byte of what follows.

    Raises `SandboxUnavailable` on a refusal, `OSError` and `HTTPException` where there is no answer.
    """
    line = answer.readline().decode("latin-1")
    words = line.split()
    if len(words) < 2 or not words[0].startswith("HTTP/"):
        raise HTTPException("its answer is no HTTP" if words else "it ended the connection")
    headers = parse_headers(answer)
    if words[1] not in ("101", "200"):  # 200: where something on the way knows no upgrade
        content = answer.read(int(headers.get("Content-Length", 0)))
        raise _refusal("Docker refused", int(words[1]), _explanation(content) or line)


def _explanation(content: bytes) -> str:
    """What an answer's content says; empty where it says nothing."""
    try:
        return str(json.loads(content)["message"])
    except (ValueError, TypeError, KeyError):
        return content.decode("utf-8", "replace")


def present(client: Any, image: str) -> bool:
    """Whether the engine has `image`."""
    from docker.errors import ImageNotFound

    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def archive(container: Any, path: str) -> Iterable[bytes] | None:
    """A tar archive of a path in a container; None where nothing is there. Raises what the library raises."""
    from docker.errors import NotFound

    try:
        chunks, _ = container.get_archive(path)
    except NotFound:
        return None
    return cast("Iterable[bytes]", chunks)


def repository_and_tag(image: str) -> tuple[str, str]:
    """What an image is called, in its two parts; no tag is `latest`."""
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(image)
    return str(repository), str(tag or "latest")


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
        f"The image {image} is not here and cannot be pulled ({first_line(reason)}): {of_image(str(reason))}"
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
