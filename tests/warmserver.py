"""The server of `tests/warm.py`: imports a program, calls nothing of it, and forks a child for each request.

A child is given what a started process would be (standard streams, arguments, directory, environment, umask),
runs the installed script, and ends as the interpreter does. What the interpreter and the modules read of the
environment while they are loaded is noted: a request that has it otherwise is declined. The library of models
has a server of its own, which is forked off the first at the first request for it.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import re
import secrets
import selectors
import signal
import socket
import struct
import sys
import threading
import types
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO

import warm
from warm import PROGRAM

_OF_THE_START = re.compile(r"(?:PYTHON|LC_|LANG).*|.*_proxy", re.I)
"""The names of variables that the interpreter itself reads, and of those that are looked for among all."""
_LEFT = frozenset({"__main__", "kernel", "skills", "serving", "open", "serve"})
"""Modules that are programs of their own, or bring the screen or the library of models."""

_OF_A_REQUEST = (
    *("anyio._backends._asyncio", "openai.resources", "openai.lib.streaming.chat", "litellm._service_logger"),
    *("litellm.litellm_core_utils.default_encoding", "litellm.llms.fal_ai.cost_calculator"),
    *("litellm.proxy._types", "litellm.proxy.openai_files_endpoints.common_utils"),
)
"""What the library of models imports with the first request: it takes half of a second of each process."""


# What is read of the environment before a program runs

_PLAIN = type(os.environ)


class _Noting(_PLAIN):  # type: ignore[misc]
    """The environment, which notes what of it was asked for."""

    noted: set[str]

    def __getitem__(self, name: str) -> str:
        self.noted.add(name)
        return super().__getitem__(name)

    def __iter__(self) -> Any:
        raise AssertionError("all of the environment is read while modules are imported: what for?")

    def items(self) -> Any:
        """All of it, for what looks for proxies there."""
        assert sys._getframe(1).f_globals["__name__"] == "urllib.request", "all of the environment is read"
        return {name: _PLAIN.__getitem__(self, name) for name in _PLAIN.__iter__(self)}.items()


def _loaded(load: Callable[[], None]) -> dict[str, str | None]:
    """Load modules that are not to be looked through for garbage; what of the environment that has read."""
    importlib.import_module("zoneinfo")  # asks `HOME` for a directory of packages, which nobody here asks for
    names = {name for name in os.environ if _OF_THE_START.fullmatch(name)}
    before = dict(os.environ)
    os.environ.__class__, _Noting.noted = _Noting, names
    try:
        load()
    finally:
        os.environ.__class__ = _PLAIN
    gc.collect()
    gc.freeze()  # a fork shares them for as long as nobody touches them
    return {name: before.get(name) for name in names}


def _is_other(read: dict[str, str | None], environment: dict[str, str]) -> bool:
    names = {name for name in environment if _OF_THE_START.fullmatch(name)}
    return any(read.get(name) != environment.get(name) for name in names.union(read))


def _load_commands() -> None:
    for package in ("trajcore", "trajtui.commands"):
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if _LEFT.isdisjoint(found.name.split(".")):
                importlib.import_module(found.name)
    importlib.import_module("trajtui.cli")


def _load_models() -> None:
    from trajcore.live import serving

    warnings.simplefilter("ignore")
    serving.library()
    for name in _OF_A_REQUEST:
        with suppress(ImportError):
            importlib.import_module(name)


# Requests


class _Request:
    """What a child is to be. Raises `ValueError` where nobody has asked."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        asker = struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        told, self.descriptors, _, _ = socket.recv_fds(link, 1, 4)
        if asker[1] != os.getuid() or not told:
            raise ValueError("nobody has asked")
        with link.makefile("rb") as file:
            asked = json.loads(file.readline())
        self.arguments: list[str] = asked["arguments"]
        self.environment: dict[str, str] = asked["environment"]
        self.umask: int = asked["umask"]

    def become(self) -> None:
        """Have this process as one that was started."""
        place, *streams = self.descriptors
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.fchdir(place)
        os.close(place)
        os.umask(self.umask)
        os.environ.clear()
        os.environ.update(self.environment)
        sys.stdin = sys.__stdin__ = _stream(0, sys.stdin)
        sys.stdout = sys.__stdout__ = _stream(1, sys.stdout)
        sys.stderr = sys.__stderr__ = _stream(2, sys.stderr)
        sys.argv = self.arguments


def _stream(descriptor: int, before: TextIO) -> TextIO:
    """A standard stream as the interpreter makes it; how, it has decided for the one `before`."""
    writes, is_plain = descriptor > 0, isinstance(before.buffer, io.FileIO)
    buffer: Any = open(descriptor, "wb" if writes else "rb", 0 if is_plain else -1, closefd=False)  # noqa: SIM115
    (buffer if is_plain else buffer.raw).name = before.name
    made = io.TextIOWrapper(
        buffer, before.encoding, before.errors, newline="\n" if writes else None,
        line_buffering=not is_plain and (descriptor == 2 or buffer.isatty()), write_through=is_plain,
    )  # fmt: skip
    made.mode = before.mode  # type: ignore[misc]
    return made


class _Server:
    """Forks a child for each request, for as long as `owner` has another end.

    A child for the first request to `others` is to serve there. `until_unasked`: a child is killed when who
    has asked for it has ended.
    """

    def __init__(
        self,
        owner: socket.socket,
        listening: socket.socket,
        others: socket.socket | None = None,
        *,
        until_unasked: bool = False,
    ) -> None:
        self._all = [one for one in (owner, listening, others) if one is not None]
        self._owner, self._listening, self._others = owner, listening, others
        self._until_unasked = until_unasked
        self._events = selectors.DefaultSelector()
        self._running: dict[int, tuple[int, socket.socket]] = {}

    def serve(self, read: dict[str, str | None]) -> _Request | None:
        """Returns in children alone: the request, or None in what is to serve others."""
        for watched in self._all:
            self._events.register(watched, selectors.EVENT_READ)
        while True:
            for key, _ in self._events.select():
                if key.fileobj is self._owner:
                    os._exit(0)
                elif key.fileobj is self._listening:
                    request = _taken(self._listening, read)
                    if request is not None and self._started(request):
                        return request
                elif key.fileobj is self._others:
                    if not _fork():
                        self._leave()
                        self._listening.close()
                        return None
                    self._events.unregister(self._others)
                    self._all.remove(self._others)
                    self._others.close()
                elif key.fd in self._running:
                    self._ended(key.fd)
                elif key.data in self._running:
                    self._events.unregister(key.fileobj)
                    signal.pidfd_send_signal(key.data, signal.SIGKILL)

    def _started(self, request: _Request) -> bool:
        """Fork; whether this is the child."""
        if not (pid := _fork()):
            self._leave()
            for kept in (*self._all, request.link):
                kept.close()
            return True
        process = _told(request, pid)
        self._running[process] = pid, request.link
        self._events.register(process, selectors.EVENT_READ)
        if self._until_unasked:
            self._events.register(request.link, selectors.EVENT_READ, process)
        return False

    def _ended(self, process: int) -> None:
        self._events.unregister(process)
        pid, link = self._running.pop(process)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(process)
        with suppress(KeyError):
            self._events.unregister(link)
        with link, suppress(OSError):
            link.sendall(str(code).encode())

    def _leave(self) -> None:
        """Have what belongs to other children closed."""
        self._events.close()
        for process, (_, link) in self._running.items():
            os.close(process)
            link.close()


def _taken(listening: socket.socket, read: dict[str, str | None]) -> _Request | None:
    """A request that can be met; who has asked another one sees that nothing is answered."""
    link, _ = listening.accept()
    try:
        request = _Request(link)
    except (OSError, ValueError):
        link.close()
        return None
    if not _is_other(read, request.environment):
        return request
    link.close()
    for descriptor in request.descriptors:
        os.close(descriptor)
    return None


def _told(request: _Request, pid: int) -> int:
    """What the child can be waited for with, which who has asked is sent too."""
    for descriptor in request.descriptors:
        os.close(descriptor)
    process = os.pidfd_open(pid)
    with suppress(OSError):
        socket.send_fds(request.link, [str(pid).encode()], [process])
    return process


def _fork() -> int:
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "a thread would be lost in the fork"
    return os.fork()


# Children


def _run_commands() -> NoReturn:
    """Run the installed script."""
    sys.argv.insert(0, str(PROGRAM))
    sys.path[0] = str(PROGRAM.parent)
    main = types.ModuleType("__main__")
    main.__file__ = str(PROGRAM)
    sys.modules["__main__"] = main
    _end(lambda: exec(compile(PROGRAM.read_bytes(), PROGRAM, "exec"), main.__dict__))


def _run_models() -> NoReturn:
    """Run what `python -P -m trajcore.live.serving` runs."""
    from trajcore.live import serving

    os.setsid()
    del sys.path[0]
    _end(serving.main)


def _end(run: Callable[[], object]) -> NoReturn:
    """Run it and end as the interpreter does, except that its memory is not tidied."""
    code: Any = 0
    try:
        run()
    except SystemExit as end:
        code = end.code or 0
        if not isinstance(code, int):
            raise
    except Exception as error:  # noqa: BLE001
        below = error.__traceback__ and error.__traceback__.tb_next and error.__traceback__.tb_next.tb_next
        sys.excepthook(type(error), error, below)  # without what called the program here
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
    except (OSError, ValueError):
        sys.exit(code)  # the interpreter meets the same fault, and says so
    os._exit(code & 0xFF)


def _listening() -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.bind(f"\0trajtui-tests-{os.getpid()}-{secrets.token_hex(8)}")
    made.listen(64)
    return made


def main() -> None:
    owner = socket.socket(fileno=int(sys.argv[1]))
    commands, models = _listening(), _listening()
    read = _loaded(_load_commands)
    from trajcore.live.modelprocess import MODELS

    stand_in = sys.executable, "-I", "-S", warm.__file__, _name(models)
    interrupted = signal.getsignal(signal.SIGINT)
    if interrupted is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the children say what an interrupt is to them
    owner.sendall(f"{_name(commands)}\n".encode())
    request, run = _Server(owner, commands, models).serve(read), _run_commands
    if request is None:
        read |= _loaded(_load_models)
        request, run = _Server(owner, models, until_unasked=True).serve(read), _run_models
    signal.signal(signal.SIGINT, interrupted)
    assert request is not None
    MODELS._command = (*stand_in, *MODELS._command)
    request.become()
    run()


def _name(listening: socket.socket) -> str:
    """The address, with a letter for the zero that an argument cannot have."""
    return listening.getsockname().decode().replace("\0", "@")


if __name__ == "__main__":
    main()
