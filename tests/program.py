"""The program as a process of its own: what a script that calls it sees."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import warm

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_trajectories"
PROGRAM = warm.PROGRAM


def trajtui(
    *arguments: str | Path,
    stdin: str | bytes = b"",
    directory: Path | None = None,
    seconds: float = 120,
    fresh: bool = False,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run `trajtui` to its end; its output is text, undecodable bytes stand as surrogates.

    It is forked off a server that has imported it (`tests/warm.py`). `fresh`: it is started.
    """
    given = stdin.encode("utf-8", "surrogateescape") if isinstance(stdin, str) else stdin
    pipes = [os.pipe() for _ in range(3)]
    theirs = pipes[0][0], pipes[1][1], pipes[2][1]
    with ThreadPoolExecutor(3) as pool:
        try:
            running = begin((PROGRAM, *arguments), theirs, directory, environment, fresh=fresh)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        with running:
            pool.submit(_feed, pipes[0][1], given)
            said = [pool.submit(_read, reading) for reading, _ in pipes[1:]]
            try:
                code = running.wait(seconds)
                output, errors = (one.result(seconds) for one in said)
            except BaseException:
                running.kill()
                raise
    return subprocess.CompletedProcess([PROGRAM, *arguments], code, output, errors)


def _feed(descriptor: int, given: bytes) -> None:
    with suppress(BrokenPipeError), open(descriptor, "wb") as file:
        file.write(given)


def _read(descriptor: int) -> str:
    with open(descriptor, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def begin(
    command: Sequence[str | Path],
    streams: tuple[int, int, int],
    directory: Path | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
    *,
    fresh: bool = False,
) -> warm.Forked | subprocess.Popen[bytes]:
    """Start a program with these standard streams: `trajtui` warm, where that is the same to it."""
    whole = {**os.environ, **environment}
    if command[0] == PROGRAM and not fresh and warm.IS_POSSIBLE:
        arguments = [os.fsdecode(one) for one in command[1:]]
        forked = warm.fork(warm.address(), arguments, streams, whole, directory or ".")
        if forked is not None:
            return forked
    taken = dict(zip(("stdin", "stdout", "stderr"), streams, strict=True))
    return subprocess.Popen(command, **taken, cwd=directory, env=whole)


def start(
    *arguments: str | Path, program: Sequence[str | Path] = (PROGRAM,), **environment: str
) -> subprocess.Popen[str]:
    """Start `trajtui` and leave it running, standard output and error readable."""
    return subprocess.Popen(
        [*program, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip


def on_terminal(
    *arguments: str | Path,
    directory: Path | None = None,
    program: Sequence[str | Path] = (PROGRAM,),
    fresh: bool = False,
    **environment: str,
) -> tuple[int, bytes]:
    """The exit code, and all that reached the terminal that standard output and error are."""
    ours, theirs = pty.openpty()
    nothing = os.open(os.devnull, os.O_RDONLY)
    received = bytearray()
    try:
        given = {"COLUMNS": "200", **environment}
        running = begin((*program, *arguments), (nothing, theirs, theirs), directory, given, fresh=fresh)
    finally:
        os.close(theirs)
        os.close(nothing)
    with running:
        try:
            while piece := os.read(ours, 1 << 16):
                received += piece
        except OSError:  # as Linux tells that nobody writes any more
            pass
        finally:
            os.close(ours)
        return running.wait(60), bytes(received)


def write(path: Path, events: Any) -> Path:
    """A file that holds `events` as JSON."""
    path.write_text(json.dumps(events, indent=4), encoding="utf-8")
    return path


def finish(id: int, text: str = "done") -> dict[str, Any]:
    """The agent's `finish`."""
    return {"id": id, "source": "agent", "action": "finish", "args": {"final_thought": text}}


def say(id: int, text: str, *, wait: bool = False) -> dict[str, Any]:
    """A message of the agent."""
    args = {"content": text, "image_urls": None, "wait_for_response": wait}
    return {"id": id, "source": "agent", "message": text, "action": "message", "args": args}
