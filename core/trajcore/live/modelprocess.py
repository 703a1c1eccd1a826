"""The process in which models are asked: one for the program, started at the first need and anew when lost.

The library that speaks with providers takes seconds to import, and prepares a request in the event loop that
calls it; some of it can hang. In a process of its own none of that holds up a screen, and it can be killed.
What goes over its pipes is said in `trajcore.live.serving`.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Any, Final

from trajcore.errors import in_words

Frame = dict[str, Any]

LAST: Final = frozenset({"ended", "checked", "about", "failed", "cancelled", "closed", "ready"})
"""One of these is in the last frame of an answer."""

_COMMAND: Final = (sys.executable, "-P", "-m", "trajcore.live.serving")
_PATIENCE: Final = 0.5
"""So many seconds it has to confirm that a request is over; else it hangs, and is killed."""
_TURN: Final = 0.005
"""So many seconds frames are given on in one turn of the event loop."""
_NEXT: Final = "The next message starts it anew."


class Gone(Exception):
    """The process has ended, or cannot be started; the text says how, in one line."""


class ModelProcess:
    """Asks in the process, for any event loop. Nothing is started before it is asked for."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def start(self) -> None:
        """Have the process started, if none is there, and its library imported. Returns at once."""
        self._living()

    async def ready(self) -> None:
        """Have it started, and wait until it can ask at once. Raises `Gone`.

        That its library cannot be imported is told by the first request.
        """
        async for _ in self._exchange("wait", {}):
            pass

    def ask(self, request: Frame, word: str = "ask") -> AsyncGenerator[Frame, None]:
        """The frames that come of a request, to the last. Raises `Gone` where the process ends before.

        `word` says what is asked for (`trajcore.live.serving`).

        A caller that leaves early, or is cancelled, ends the request, and gets away when that has ended.
        """
        return self._exchange(word, request)

    async def _exchange(self, word: str, request: Frame) -> AsyncGenerator[Frame, None]:
        child = self._living()
        number, inbox = child.expect()
        try:
            await asyncio.to_thread(child.send, {word: number, **request}, inbox)
            while not inbox.over:
                frame = await inbox.next()
                if "gone" in frame:
                    raise Gone(frame["gone"])
                yield frame
        finally:
            await child.leave(number, inbox)

    async def close_connections(self) -> None:
        """Have the connections closed that the library keeps open. Nothing where no process is there."""
        child = self._child
        if child is None or child.over:
            return
        number, inbox = child.expect()
        await child.leave(number, inbox, "close")

    def stop(self) -> None:
        """End the process, and wait for its end."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()

    @property
    def pid(self) -> int | None:
        """The id of the process; None where there is none."""
        child = self._child
        return None if child is None or child.over else child.pid

    def _living(self) -> _Child:
        with self._lock:
            if self._child is None or self._child.over:
                atexit.unregister(self.stop)
                atexit.register(self.stop)
                self._child = _Child(self._command)
            return self._child


class _Inbox:
    """What has come for one request, brought from the thread that reads to the event loop that asked."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._frames: deque[Frame] = deque()
        self._come = asyncio.Event()
        self._told = False
        self._turn = 0.0
        self.left = False
        """Whether nobody wants the answer any more."""
        self.over = False
        """Whether the last frame has come."""

    def put(self, frame: Frame) -> None:
        """Take a frame; called in any thread."""
        self._frames.append(frame)
        if not self._told:
            self._told = True
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._told = False
        self._come.set()

    async def next(self) -> Frame:
        """The next frame. However fast they come, others have their turns."""
        while not self._frames:
            self._come.clear()
            if not self._frames:
                await self._come.wait()
                self._turn = time.monotonic()
        if time.monotonic() - self._turn > _TURN:
            await asyncio.sleep(0)
            self._turn = time.monotonic()
        frame = self._frames.popleft()
        self.over = bool(frame.keys() & LAST) or "gone" in frame
        return frame

    async def to_end(self) -> None:
        """Wait for the last frame."""
        while not self.over:
            await self.next()


class _Child:
    """One process, and the thread that starts it, reads what it says, and sees it end."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._numbers = itertools.count(1)
        self._inboxes: dict[int, _Inbox] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._begun = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._why = ""
        self.over = False
        """Whether it takes no more requests."""
        self._thread = threading.Thread(target=self._live, name="model", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        self._begun.wait()
        return None if self._process is None else self._process.pid

    def expect(self) -> tuple[int, _Inbox]:
        """A number for a request, and where its answer comes."""
        number, inbox = next(self._numbers), _Inbox()
        with self._lock:
            self._inboxes[number] = inbox
            if self.over:
                inbox.put({"gone": self._why})
        return number, inbox

    def send(self, frame: Frame, inbox: _Inbox | None = None) -> None:
        """Write a frame, unless nobody wants what would come to `inbox`.

        Blocks while the process does not read. That it has ended is told to the inboxes.
        """
        line = _line(frame)
        self._begun.wait()
        with self._writing, suppress(OSError, ValueError):
            unwanted = inbox is not None and inbox.left
            if not unwanted and self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(line)
                self._process.stdin.flush()

    async def leave(self, number: int, inbox: _Inbox, word: str = "cancel") -> None:
        """End a request that is not over. A process that does not confirm that hangs, and is killed."""
        inbox.left = True  # What was not yet written never is: it would come behind its own end.
        try:
            if not inbox.over:
                sending = asyncio.get_running_loop().run_in_executor(None, self.send, {word: number})
                async with asyncio.timeout(_PATIENCE):
                    await inbox.to_end()
                await sending
        except TimeoutError:
            self.kill()
        except asyncio.CancelledError:
            self.kill()
            raise
        finally:
            with self._lock:
                self._inboxes.pop(number, None)

    def kill(self) -> None:
        """End the process now. Never blocks."""
        with self._lock:
            self.over = True
            self._why = self._why or f"The process that speaks with models did not answer any more. {_NEXT}"
            process = self._process
        if process is not None:
            process.kill()

    def wait(self) -> None:
        """Wait for its end."""
        self._thread.join(5)

    def _live(self) -> None:
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            self._begun.set()
            self._end(f"The process that speaks with models cannot be started: {in_words(error)}.")
            return
        with self._lock:
            self._process = process
            unwanted = self.over
        self._begun.set()
        if unwanted:
            process.kill()
        self._read(process)
        process.kill()
        self._end(_how(process.wait()))
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                frame = json.loads(line)
                number = frame.pop("to")
            except (ValueError, KeyError, AttributeError, TypeError):
                return
            with self._lock:
                inbox = self._inboxes.get(number)
            if inbox is not None:
                inbox.put(frame)

    def _end(self, why: str) -> None:
        with self._lock:
            self.over = True
            self._why = self._why or why
            inboxes = list(self._inboxes.values())
        for inbox in inboxes:
            inbox.put({"gone": self._why})


def _line(frame: Frame) -> bytes:
    """A frame as it is sent. Each message of a long history by itself: other threads have their turns."""
    parts = []
    for name, value in frame.items():
        if isinstance(value, list):
            parts.append(f'"{name}":[{",".join(json.dumps(one) for one in value)}]')
        else:
            parts.append(f'"{name}":{json.dumps(value)}')
    return f"{{{','.join(parts)}}}\n".encode()


def _how(code: int) -> str:
    """How the process has ended, for the user."""
    if code == -signal.SIGKILL:
        how = "was killed, perhaps because the machine had no memory left"
    elif code < 0:
        how = f"was ended by signal {-code} ({_name(-code)})"
    else:
        how = f"has ended by itself (exit code {code})"
    return f"The process that speaks with models {how}. {_NEXT}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


MODELS: Final = ModelProcess()
"""The one of this program: event loops come and go, and it takes seconds to be ready."""
