"""A process of the host that stands for a world: a bash on a terminal, and pipes to others beside it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.machines.host.keyring import without_keys
from trajcore.sandbox.machines.machine import BASH, COLUMNS, CONTROL, CONTROLS, ROWS, TERMINAL
from trajcore.sandbox.machines.stream import FdStream, Stream
from trajcore.tasks import finished

# Opening the terminal makes it the controlling one of the new session, so that Ctrl-C is a signal.
_ON_TERMINAL: Final = """
if [ -e /proc/self/fd/0 ]; then exec 0<>/proc/self/fd/0; else exec 0<>"$(tty)"; fi
exec 1>&0 2>&0
"""
_KEYS: Final = (signal.SIGINT, signal.SIGQUIT)
"""What keys send. This program may have been started to ignore them, as in the background of a script."""


class Entered:
    """One process, the leader of a session of its own, and the ways into it."""

    def __init__(self, gone: str) -> None:
        """`gone` is what is said when the process has ended, or its helpers have."""
        self._gone = self._ended = gone
        self._process: subprocess.Popen[bytes] | None = None
        self._terminal: Stream | None = None
        self._controls: list[Stream] = []

    @property
    def pid(self) -> int:
        """The process, which is also its session's and its first group's id; 0 before `launch`."""
        return 0 if self._process is None else self._process.pid

    @property
    def stands(self) -> bool:
        """Whether the process runs, and there is a way into it that nobody took yet."""
        return self._process is not None and self._process.poll() is None and bool(self._controls)

    async def launch(
        self,
        wrapper: list[str],
        *,
        first: str = "",
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        inherited: Sequence[int] = (),
        keys: bool = True,
    ) -> None:
        """Start `wrapper` with a bash at its end, which runs the script `first` before all else.

        It gets the descriptors `inherited` too; without `keys`, none of those that the kernel keeps for this
        program. Raises `OSError` where that cannot be done.
        """
        self._gone = self._ended
        master, slave = os.openpty()
        self._terminal = FdStream(master)
        inside: list[tuple[int, int]] = []
        for _ in range(CONTROLS):
            requests_out, requests_in = os.pipe()
            answers_out, answers_in = os.pipe()
            self._controls.append(FdStream(answers_out, requests_in))
            inside.append((requests_out, answers_in))
        theirs = [fd for pair in inside for fd in pair]
        try:
            fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

            def start() -> None:
                self._process = subprocess.Popen(
                    [*wrapper, *BASH, _script(inside, first)],
                    stdin=slave, stdout=slave, stderr=slave, bufsize=0,
                    pass_fds=(*theirs, *inherited), start_new_session=True, env=environment, cwd=directory,
                )  # fmt: skip

            with heeded_by_children():
                start() if keys else await finished(without_keys(start))
        finally:
            for fd in (slave, *theirs):
                os.close(fd)

    def terminal(self) -> Stream:
        """The terminal. There is but one: a second call raises `SandboxUnavailable`."""
        stream, self._terminal = self._terminal, None
        return self._there(stream)

    def control(self) -> Stream:
        """The next pair of pipes. Raises `SandboxUnavailable` when all are taken."""
        return self._there(self._controls.pop(0) if self._controls else None)

    def kill(self, why: str) -> None:
        """End the process and its group now; `why` is what is said from then on."""
        self._gone = why
        if self._process is not None and self._process.poll() is None:
            _kill_group(self._process.pid)

    async def close(self) -> None:
        """Kill the process and its group, close what nobody took. May be called twice, and in any state."""
        for stream in (self._terminal, *self._controls):
            if stream is not None:
                stream.close()
        self._terminal, self._controls = None, []
        process, self._process = self._process, None
        if process is not None:
            if process.poll() is None:
                _kill_group(process.pid)
            await asyncio.to_thread(process.wait)

    def _there(self, stream: Stream | None) -> Stream:
        if stream is None:
            raise SandboxUnavailable(self._gone)
        return stream


def _kill_group(leader: int) -> None:
    """All that it started belongs to it, unless it took itself out."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except OSError:
        pass  # it has ended


def _script(pipes: list[tuple[int, int]], first: str) -> str:
    """A control bash on each pair of pipes, in the background; the terminal's shells in front."""
    closed = " ".join(f"{requests}<&- {answers}>&-" for requests, answers in pipes)
    controls = [f"({CONTROL}) <&{requests} >&{answers} {closed} 2>/dev/null &" for requests, answers in pipes]
    return "\n".join([_ON_TERMINAL, first, *controls, f"exec {closed}", TERMINAL])


@contextmanager
def heeded_by_children() -> Iterator[None]:
    """Programs started meanwhile heed Ctrl-C, also where this one ignores it: a shell cannot undo that."""
    ignored = [one for one in _KEYS if signal.getsignal(one) is signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        ignored = []
    for one in ignored:
        signal.signal(one, lambda *_: None)  # what is handled here is not ignored by a new program
    try:
        yield
    finally:
        for one in ignored:
            signal.signal(one, signal.SIG_IGN)
