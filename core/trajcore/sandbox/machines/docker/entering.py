"""The ways into a container: a terminal with our shell, and pipes to a bash beside it."""

from __future__ import annotations

import os
from typing import Any

from trajcore.sandbox.machines.docker.engine import is_here, start_exec
from trajcore.sandbox.machines.docker.terminal import is_given_up, is_taken, open_terminal
from trajcore.sandbox.machines.machine import BASH, COLUMNS, CONTROL, ENVIRONMENT, ROWS, TERMINAL
from trajcore.sandbox.machines.owner import VARIABLE, this_program
from trajcore.sandbox.machines.stream import FdStream, FramedStream, Stream


def terminal(client: Any, container: Any, directory: str) -> Stream:
    """A terminal in which our shell begins in `directory`: one of ours if that can be, else the engine's.

    Raises `SandboxUnavailable`, and what the library raises.
    """
    return _held_here(client, container, directory) or _by_engine(client, container, directory)


def control(client: Any, container: Any, directory: str) -> Stream:
    """Pipes to a bash in `directory`. Raises `SandboxUnavailable`, and what the library raises."""
    made = _prepared(client, container, directory, CONTROL, stdin=True)
    return FramedStream(FdStream(start_exec(client, made, tty=False)))


def _by_engine(client: Any, container: Any, directory: str) -> FdStream:
    made = _prepared(client, container, directory, TERMINAL, stdin=True, tty=True)
    stream = FdStream(start_exec(client, made, tty=True))
    try:
        client.api.exec_resize(made, height=ROWS, width=COLUMNS)
    except BaseException:
        stream.close()
        raise
    return stream


def _held_here(client: Any, container: Any, directory: str) -> FdStream | None:
    """A terminal without the engine in between; None where there is none to be had."""
    if not is_here(client):
        return None
    container.reload()
    try:
        master, name = open_terminal(container.attrs["State"]["Pid"], container.id)
    except OSError:
        return None
    try:
        # Whoever leads a session and has no terminal gets the first that it opens. Podman starts a command
        # that leads none: it goes, and of its end the engine may not tell.
        script = f"exec 0<>{name} 1>&0 2>&0\n{{ : </dev/tty; }} 2>/dev/null || exit\n{TERMINAL}"
        made = _prepared(client, container, directory, script)
        client.api.exec_start(made, detach=True)
        while not is_taken(master):
            if is_given_up(master) or not client.api.exec_inspect(made)["Running"]:
                os.close(master)
                return None
    except BaseException:
        os.close(master)
        raise
    return FdStream(master)


def _prepared(
    client: Any, container: Any, directory: str, script: str, *, stdin: bool = False, tty: bool = False
) -> str:
    """What carries out a script in the container once it is started."""
    made = client.api.exec_create(
        container.id,
        [*BASH, script],
        stdin=stdin,
        tty=tty,
        workdir=directory,
        environment={"TERM": ENVIRONMENT["TERM"], VARIABLE: this_program().word},
    )
    return str(made["Id"])
