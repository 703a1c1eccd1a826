"""One interactive bash on a terminal, given one command at a time and followed to its end.

Knows nothing of agents: a runtime turns actions into commands, and what comes of them into observations.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import Emit, Patience, Pause
from trajcore.sandbox.machines.machine import Machine
from trajcore.sandbox.machines.stream import Stream
from trajcore.sandbox.shell.capture import Capture
from trajcore.sandbox.shell.markers import Begun, Died, Ended, Mark, Scanner, begin_mark, new_key
from trajcore.sandbox.shell.quoting import encoded
from trajcore.sandbox.shell.scripts import (
    shell_setup,
    typed,
    without_our_faults,
    without_our_level,
    without_our_lines,
    without_our_shell,
)

_STARTING: Final = 0.25
_TIMES_AGAIN: Final = 2
_START_PATIENCE: Final = 30.0
_TYPING_PATIENCE: Final = 10.0
"""Seconds in which a shell that waits for a command takes more of it."""
_UNREAD_PATIENCE: Final = 1.0
"""The same of a program that runs, which need not read at all."""
_LOST: Final = "The sandbox was lost: its shell does not answer. Restart it to go on."
_ENDED: Final = (
    "[The shell had ended, with exit code {}: a new one was started in {}, without its variables.]\n"
)
_INTERRUPT_PATIENCE: Final = 0.8
_QUIET: Final = 1.0
_TRACED: Final = b"T"
"""Of `$-`: what a DEBUG trap writes may be in what a function writes."""

UNSEEN: Final = -1
"""The exit code of a command whose end was not seen: its terminal was lost."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended. `restarted`: it took the shell with it, and a new one was started. `in_new_shell`:
    the one before it had ended by itself.
    """

    exit_code: int
    background: int = -1
    directory: str = ""
    restarted: bool = False
    in_new_shell: bool = False


@dataclass(slots=True)
class _Running:
    key: bytes
    lines: bytes
    typed: float = field(default_factory=time.monotonic)
    begun: bool = False
    before: Capture = field(default_factory=Capture)
    typed_again: bool = False
    in_new_shell: bool = False
    finished: Finished | None = None
    interrupted: float | None = None
    attended: bool = False
    output: Capture = field(default_factory=Capture)


class Shell:
    """A bash that lives as long as the sandbox; when a command ends it, the next one takes its place."""

    def __init__(self, machine: Machine) -> None:
        self.tells = ""
        """The file in which the shell tells of itself behind each command (`told`); empty: it does not."""
        self._machine = machine
        self.told = b""
        """The key of the last command, if the shell tells of itself behind it and nothing was done since."""
        self._stream: Stream | None = None
        self._scanner = Scanner()
        self._death_key = b""
        self._running: _Running | None = None
        self._late = Capture()
        self._failed = False
        self._options = b""
        self._ended: Finished | None = None
        self._notices = b""

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
        self._death_key = new_key()
        await self._send(self._death_key + b"\n")
        await self._set_up(keep_output=False)

    async def begin(self, command: str) -> None:
        """Type a command. Only one may run at a time.

        After a syntax error bash takes the next line's first word for an argument, unless a line was empty.
        """
        assert self._running is None
        self.told = b""
        key = new_key()
        lines = b"\n" * self._failed + typed(
            encoded(command), key, self._options, tells="" if _TRACED in self._options else self.tells
        )
        self._running = _Running(key, lines)
        self._say_it_ended(self._running)
        self._scanner.accept(key, self._death_key)
        await self._send_again_if_lost(self._running)

    async def follow(self, patience: Patience, emit: Emit) -> Finished | Pause:
        """Emit what the running command writes until it ends, or until patience does."""
        running = self._running
        assert running is not None
        self._deliver_late(emit)
        started = last = time.monotonic()
        asked = patience.satisfied is None
        while running.finished is None:
            limits = Patience() if running.attended else patience
            pause, wait = next_limit(limits, running.interrupted, started, last, asked)
            awaited = not (running.begun or running.interrupted)
            alone = begin_mark(running.key) if awaited else b""
            chunk = await self._read(None if wait is None else wait - time.monotonic(), alone)
            if chunk:
                last, asked = time.monotonic(), patience.satisfied is None
                await self._digest(chunk, running, emit)
            elif chunk is not None:
                await self._reopen(running)
            elif wait is not None and time.monotonic() >= wait:
                if running.attended and pause is not Pause.INTERRUPTED:
                    continue
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

    async def quietly(self, line: Callable[[bytes], bytes]) -> bool:
        """Type a line of our own between two commands, and wait for the end mark of the key it was made for.

        False when the shell does not answer. What others write meanwhile is given to the next command; so is
        the news that the shell has ended.
        """
        if self._running is not None or self._ended is not None or self._stream is None:
            return False
        key = new_key()
        self._scanner.accept(key, self._death_key)
        deadline = time.monotonic() + _START_PATIENCE
        written = Capture()
        answered = False
        try:
            await self._stream.write(b"\n" * self._failed + line(key), _TYPING_PATIENCE)
            while not answered and self._ended is None and (left := deadline - time.monotonic()) > 0:
                chunk = await self._read(left)
                if chunk == b"":
                    break
                for found in self._scanner.feed(chunk or b""):
                    if isinstance(found, bytes):
                        written.add(found)
                    elif isinstance(found, Ended):
                        answered = True
                        self._options = found.options
                    elif isinstance(found, Died):
                        await self._replace(found.exit_code)
        except OSError:
            pass  # the terminal is gone; the next command opens another
        self._late.add(without_our_lines(written.take()))
        return answered

    def owe(self, notices: bytes) -> None:
        """What the next command is to write at its end, because it was kept back before."""
        self._notices += notices

    async def renew(self) -> None:
        """Open a new terminal and shell, and know nothing of the old ones. Raises `SandboxUnavailable`."""
        self.close()
        self._forget()
        await self.start()

    def _forget(self) -> None:
        self._running = self._ended = None
        self._failed = False
        self._late.take()
        self.told = self._notices = b""

    async def revive(self) -> None:
        """The shell was killed by us: start the next one in the same terminal, and know nothing of the old.

        Raises `SandboxUnavailable`.
        """
        self._running = self._ended = None
        self._scanner.accept(self._death_key)
        deadline = time.monotonic() + _START_PATIENCE
        died = False
        while not died and (left := deadline - time.monotonic()) > 0 and (chunk := await self._read(left)):
            died = any(isinstance(found, Died) for found in self._scanner.feed(chunk))
        if not died:
            await self.renew()
            return
        await self._replace(0)
        self._forget()

    async def type(self, data: bytes) -> bool:
        """Type `data` into the running program. False when the terminal is full of what nobody reads.

        What did not go in is dropped then. Raises `SandboxUnavailable`.
        """
        if self._stream is None:
            raise SandboxUnavailable(_LOST)
        try:
            await self._stream.write(data, _UNREAD_PATIENCE)
        except TimeoutError:
            return False
        except OSError as error:
            raise SandboxUnavailable(_LOST) from error
        return True

    async def interrupt(self) -> None:
        """Type Ctrl-C; `follow` then gives up within a second if the program does not.

        Ctrl-C while bash is about to start a program can pass both by, so that one is repeated; on a machine
        with much to do the program may not have begun by then either.
        """
        running = self._running
        if running is None or self._stream is None:
            return
        now = time.monotonic()
        running.interrupted = running.interrupted or now  # who asks again waits no longer for it
        self._stream.nudge()
        await self.type(b"\x03")
        for _ in range(_TIMES_AGAIN if now - running.typed < _STARTING else 0):
            await asyncio.sleep(_STARTING)
            if self._running is not running or running.finished is not None:
                return
            await self.type(b"\x03")

    def attend(self) -> None:
        """Somebody is at the running command: however long it takes, they wait for it themselves."""
        if self._running is not None and self._stream is not None:
            self._running.attended = True
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
                running.output.add(without_our_shell(running.output.take()))
                await self._restart(running, found.exit_code)
                if running.finished is None:
                    self._deliver_late(emit)
            elif found.key == running.key:
                self._note(found, running, emit)

    def _pass_on(self, text: bytes, running: _Running, emit: Emit) -> None:
        if running.finished is not None:
            self._late.add(text)
        elif running.begun:
            emit(text)
            running.output.add(text)
        else:
            running.before.add(text)

    def _note(self, mark: Mark, running: _Running, emit: Emit) -> None:
        if isinstance(mark, Begun):
            running.begun = True
            rest = without_our_lines(running.before.take())
            if rest:
                emit(rest)
        elif isinstance(mark, Ended):
            background = int(mark.background) if mark.background.isdigit() else -1
            directory = mark.directory.decode("utf-8", "replace")
            self._tidy(running, mark)
            self._options = mark.options
            self.told = running.key if self.tells and mark.whole and _TRACED not in mark.options else b""
            if self._notices:
                emit(self._notices)
                running.output.add(self._notices)
                self._notices = b""
            code, new = mark.exit_code, running.in_new_shell
            running.finished = Finished(code, background, directory, in_new_shell=new)

    def _tidy(self, running: _Running, ended: Ended) -> None:
        """Take from an output what a shell wrote only because of how commands are typed here."""
        text = running.output.take()
        if ended.poor:
            text = without_our_faults(text, jobs=bool(ended.background))
        running.output.add(without_our_level(text, self._options + ended.options))

    async def _send_again_if_lost(self, running: _Running) -> None:
        """Type the command; if the terminal turns out to be gone, in a new one."""
        assert self._stream is not None
        try:
            await self._stream.write(running.lines, _TYPING_PATIENCE)
        except OSError:
            await self._reopen(running)

    async def _reopen(self, running: _Running) -> None:
        """The terminal is gone: open another. A command that had not begun is typed there."""
        rest = self._scanner.flush()
        if rest and running.begun:
            running.output.add(rest)
        self.close()
        await self.start()
        if running.begun or running.typed_again:
            running.finished = Finished(UNSEEN, directory=self._machine.directory, restarted=True)
            return
        running.typed_again = True
        self._scanner.accept(running.key, self._death_key)
        await self._send(running.lines)

    async def _restart(self, running: _Running, exit_code: int) -> None:
        """The shell has ended, and the running command with it; one that had not begun is typed once more."""
        await self._replace(exit_code)
        if running.begun or running.typed_again:
            running.finished, self._ended = self._ended, None
            return
        running.typed_again = True
        self._say_it_ended(running)
        self._scanner.accept(running.key, self._death_key)
        await self._send(running.lines)

    def _say_it_ended(self, running: _Running) -> None:
        """The shell has ended behind a command whose end was told: have that said with the next one."""
        ended, self._ended = self._ended, None
        if ended is not None:
            running.in_new_shell = True
            self._late.add(_ENDED.format(ended.exit_code, ended.directory).encode("utf-8", "replace"))

    async def _replace(self, exit_code: int) -> None:
        """The shell has ended: start the next one in the same terminal."""
        await self._send(b"\n" + self._death_key + b"\n")
        await self._set_up(keep_output=True)
        self._failed = False
        self._ended = Finished(exit_code, directory=self._machine.directory, restarted=True)

    async def _set_up(self, keep_output: bool) -> None:
        key = new_key()
        self._scanner.accept(key, self._death_key)
        await self._send(shell_setup(key))
        deadline = time.monotonic() + _START_PATIENCE
        while (left := deadline - time.monotonic()) > 0 and (chunk := await self._read(left)):
            for found in self._scanner.feed(chunk):
                if isinstance(found, Ended):
                    self._options = found.options
                    return
                if isinstance(found, Died):
                    raise SandboxUnavailable(_LOST)
                if keep_output and isinstance(found, bytes):
                    self._late.add(found)
        raise SandboxUnavailable(_LOST)

    def _deliver_late(self, emit: Emit) -> None:
        late = without_our_lines(self._late.take())
        if late:
            emit(late)

    async def _read(self, patience: float | None, unhurried: bytes = b"") -> bytes | None:
        if self._stream is None:
            raise SandboxUnavailable(_LOST)
        return await self._stream.read(patience, unhurried)

    async def _send(self, data: bytes) -> None:
        if self._stream is None:
            raise SandboxUnavailable(_LOST)
        try:
            await self._stream.write(data, _TYPING_PATIENCE)
        except OSError as error:
            raise SandboxUnavailable(_LOST) from error


def next_limit(
    patience: Patience, interrupted: float | None, started: float, last: float, asked: bool
) -> tuple[Pause, float | None]:
    """Which limit is reached next, and when (None: never); all moments are on the monotonic clock.

    `last` is when output last came; `asked` says that `satisfied` was asked since, or is not there.
    """
    limits = [
        (Pause.INTERRUPTED, interrupted, _INTERRUPT_PATIENCE),
        (Pause.AS_RECORDED, None if asked else last, _QUIET),
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
