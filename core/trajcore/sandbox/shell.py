"""One interactive bash on a terminal, given one command at a time and followed to its end.

Knows nothing of OpenHands: `commands` turns actions into calls to this and answers into observations.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import Emit
from trajcore.sandbox.capture import Capture
from trajcore.sandbox.machine import Machine
from trajcore.sandbox.markers import Begun, Died, Ended, Mark, Scanner
from trajcore.sandbox.quoting import encoded
from trajcore.sandbox.scripts import shell_setup, typed
from trajcore.sandbox.stream import Stream

_INTERRUPT_PATIENCE: Final = 0.8
_START_PATIENCE: Final = 30.0
_LOST: Final = "The sandbox was lost: its shell does not answer. Restart it to go on."


class Pause(Enum):
    """Why a command is no longer waited for, though it still runs."""

    NO_CHANGE = "no new output"
    AS_RECORDED = "the recorded output is there"
    HARD = "took too long"
    INTERRUPTED = "was interrupted"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended. `restarted`: it took the shell with it, and a new one was started."""

    exit_code: int
    background: int = -1
    directory: str = ""
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds; None is for ever.

    `satisfied` is asked whenever there was no output for a second; if it says yes, that is enough.
    """

    no_change: float | None = None
    hard: float | None = None
    satisfied: Callable[[bytes], bool] | None = None


@dataclass(slots=True)
class _Running:
    key: bytes
    begun: bool = False
    before: bytes = b""
    finished: Finished | None = None
    interrupted: float | None = None
    output: Capture = field(default_factory=Capture)


class Shell:
    """A bash that lives as long as the sandbox; when a command ends it, the next one takes its place."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._stream: Stream | None = None
        self._scanner = Scanner()
        self._death_key = b""
        self._running: _Running | None = None
        self._late: list[bytes] = []
        self._failed = False

    @property
    def busy(self) -> bool:
        """Whether a command was typed whose end has not been reported yet."""
        return self._running is not None

    @property
    def output(self) -> Capture:
        """What the command wrote since this was last taken."""
        assert self._running is not None
        return self._running.output

    async def start(self) -> None:
        """Open the terminal and the first shell. Raises `SandboxUnavailable`."""
        self._stream = await self._machine.terminal()
        self._scanner = Scanner()
        self._death_key = _new_key()
        await self._send(self._death_key + b"\n")
        await self._set_up(keep_output=False)

    async def begin(self, command: str) -> None:
        """Type a command. Only one may run at a time.

        After a syntax error bash takes the next line's first word for an argument, unless a line was empty.
        """
        assert self._running is None
        self._running = _Running(_new_key())
        self._scanner.accept(self._running.key, self._death_key)
        await self._send(b"\n" * self._failed + typed(encoded(command), self._running.key))

    async def follow(self, patience: Patience, emit: Emit) -> Finished | Pause:
        """Emit what the running command writes until it ends, or until patience does."""
        running = self._running
        assert running is not None
        self._deliver_late(emit)
        started = last = time.monotonic()
        asked = patience.satisfied is None
        while running.finished is None:
            pause, wait = _time_left(patience, running, started, last, asked)
            chunk = await self._read(None if wait is None else wait - time.monotonic())
            if chunk:
                last, asked = time.monotonic(), patience.satisfied is None
                await self._digest(chunk, running, emit)
            elif chunk is not None:
                await self._restart(running, None, emit)
            elif wait is not None and time.monotonic() >= wait:
                if pause is Pause.AS_RECORDED and not self._satisfied(patience, running):
                    asked = True
                elif pause is not Pause.INTERRUPTED or running.begun:
                    running.interrupted = None
                    return pause
                else:  # the interrupt came before the typed line was read, and discarded it
                    running.finished = Finished(130)
        self._running = None
        self._failed = running.finished.exit_code != 0
        return running.finished

    async def type(self, data: bytes) -> None:
        """Type `data` into the running program."""
        await self._send(data)

    async def interrupt(self) -> None:
        """Type Ctrl-C; `follow` then gives up within a second if the program does not."""
        if self._running is None or self._stream is None:
            return
        self._running.interrupted = time.monotonic()
        await self._send(b"\x03")
        self._stream.nudge()

    def close(self) -> None:
        """Close the terminal."""
        if self._stream is not None:
            self._stream.close()

    def _satisfied(self, patience: Patience, running: _Running) -> bool:
        return patience.satisfied is not None and patience.satisfied(running.output.peek())

    async def _digest(self, chunk: bytes, running: _Running, emit: Emit) -> None:
        for found in self._scanner.feed(chunk):
            if isinstance(found, bytes):
                self._pass_on(found, running, emit)
            elif isinstance(found, Died):
                await self._restart(running, found.exit_code, emit)
            elif found.key == running.key:
                self._note(found, running, emit)

    def _pass_on(self, text: bytes, running: _Running, emit: Emit) -> None:
        if running.finished is not None:
            self._late.append(text)
        elif running.begun:
            emit(text)
            running.output.add(text)
        else:
            running.before += text

    def _note(self, mark: Mark, running: _Running, emit: Emit) -> None:
        if isinstance(mark, Begun):
            running.begun = True
            rest = _without_line_of(running.key, running.before)
            if rest:
                emit(rest)
        elif isinstance(mark, Ended):
            background = int(mark.background) if mark.background.isdigit() else -1
            directory = mark.directory.decode("utf-8", "replace")
            running.finished = Finished(mark.exit_code, background, directory)

    async def _restart(self, running: _Running, exit_code: int | None, emit: Emit) -> None:
        """Start the next shell: in the same terminal if that lives (`exit_code` is known), else in a new one."""
        if exit_code is None:
            rest = self._scanner.flush()
            if rest:
                self._pass_on(rest, running, emit)
            self.close()
            await self.start()
        else:
            await self._send(b"\n")
            await self._set_up(keep_output=True)
        code = -1 if exit_code is None else exit_code
        running.finished = Finished(code, directory="/workspace", restarted=True)

    async def _set_up(self, keep_output: bool) -> None:
        key = _new_key()
        self._scanner.accept(key, self._death_key)
        await self._send(shell_setup(key))
        deadline = time.monotonic() + _START_PATIENCE
        while True:
            chunk = await self._read(deadline - time.monotonic())
            if not chunk:
                raise SandboxUnavailable(_LOST)
            for found in self._scanner.feed(chunk):
                if isinstance(found, Ended):
                    return
                if isinstance(found, Died):
                    raise SandboxUnavailable(_LOST)
                if keep_output and isinstance(found, bytes):
                    self._late.append(found)

    def _deliver_late(self, emit: Emit) -> None:
        late, self._late = self._late, []
        for text in late:
            emit(text)

    async def _read(self, patience: float | None) -> bytes | None:
        if self._stream is None:
            raise SandboxUnavailable(_LOST)
        return await self._stream.read(patience)

    async def _send(self, data: bytes) -> None:
        if self._stream is None:
            raise SandboxUnavailable(_LOST)
        try:
            await self._stream.write(data)
        except OSError as error:
            raise SandboxUnavailable(_LOST) from error


def _without_line_of(key: bytes, text: bytes) -> bytes:
    """`text` without the lines that repeat what was typed."""
    return b"".join(line for line in text.splitlines(keepends=True) if key not in line) if text else b""


def _new_key() -> bytes:
    return secrets.token_hex(8).encode()


def _time_left(
    patience: Patience, running: _Running, started: float, last: float, asked: bool
) -> tuple[Pause, float | None]:
    """Which limit is reached next, and when (None: never)."""
    limits = [
        (Pause.INTERRUPTED, running.interrupted, _INTERRUPT_PATIENCE),
        (Pause.AS_RECORDED, None if asked else last, 1.0),
        (Pause.HARD, started, patience.hard),
        (Pause.NO_CHANGE, last, patience.no_change),
    ]
    reached = [
        (since + seconds, index)
        for index, (_, since, seconds) in enumerate(limits)
        if since is not None and seconds is not None
    ]
    if not reached:
        return Pause.HARD, None
    moment, index = min(reached)
    return limits[index][0], moment
