"""A two-way stream of bytes over file descriptors, for one reader and one writer on the event loop."""

from __future__ import annotations

import asyncio
import os
from typing import Final, Protocol

_CHUNK: Final = 1 << 16
_KEPT: Final = 1 << 20


class Stream(Protocol):
    """Bytes in, bytes out."""

    async def read(self, patience: float | None = None, unhurried: bytes = b"") -> bytes | None:
        """The next bytes; empty at the end of the stream; None after `patience` seconds or a nudge.

        `unhurried` bytes may, as long as nothing follows them, be kept back until a later read or a nudge.
        """

    async def write(self, data: bytes, patience: float | None = None) -> None:
        """Write all of `data`. Raises `OSError` when the other end is gone.

        Where it takes nothing for `patience` seconds, a `TimeoutError`; what it has not taken is dropped.
        """

    def nudge(self) -> None:
        """Make a waiting `read` return None."""

    def close(self) -> None:
        """Close both directions; a waiting `read` sees the end. May be called twice."""


class FdStream:
    """A stream over one descriptor (a terminal, a socket) or two (pipes). Owns and closes them.

    From the first `read` on it takes in what comes, up to a limit, also while nobody reads.
    """

    def __init__(self, read_fd: int, write_fd: int | None = None) -> None:
        self._in = read_fd
        self._out = read_fd if write_fd is None else write_fd
        self._arrived = bytearray()
        self._unsent = bytearray()
        self._waiting: asyncio.Future[bool] | None = None
        self._blocked: list[asyncio.Future[bool]] = []
        """The writers that wait."""
        self._watched_by: asyncio.AbstractEventLoop | None = None
        self._alarm = _Alarm()
        self._ended = False
        self._closed = False
        self._nudged = False
        self._unhurried = b""
        for fd in {self._in, self._out}:
            os.set_blocking(fd, False)

    async def read(self, patience: float | None = None, unhurried: bytes = b"") -> bytes | None:
        """See `Stream.read`."""
        loop = asyncio.get_running_loop()
        self._unhurried = unhurried
        if patience is not None and patience <= 0:
            self._take_in()
        while not self._arrived:
            if self._ended or self._closed:
                return b""
            if self._nudged or (patience is not None and patience <= 0):
                self._nudged = False
                return None
            if self._watched_by is not loop:
                self._stop_watching()
                self._watched_by = loop
                loop.add_reader(self._in, self._take_in)
            if not await self._something(loop, patience):
                patience = 0
                if unhurried and self._arrived == unhurried:
                    return None
        data = bytes(self._arrived)
        self._arrived.clear()
        return data

    async def _something(self, loop: asyncio.AbstractEventLoop, patience: float | None) -> bool:
        """Wait for bytes, the end or a nudge; False if none came in time."""
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting = future
        if patience is not None:
            self._alarm.set(loop, loop.time() + patience, future)
        try:
            return await future
        finally:
            self._waiting = None

    def _take_in(self) -> None:
        if self._closed or self._ended:
            return
        try:
            data = os.read(self._in, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # a terminal whose other side is closed answers EIO
            data = b""
        self._arrived += data
        self._ended = not data
        if self._ended or len(self._arrived) >= _KEPT:
            self._stop_watching()
        if self._waiting is not None and (self._ended or self._arrived != self._unhurried):
            _settle(self._waiting, True)

    def _stop_watching(self) -> None:
        if self._watched_by is not None and not self._watched_by.is_closed():
            self._watched_by.remove_reader(self._in)
        self._watched_by = None

    async def write(self, data: bytes, patience: float | None = None) -> None:
        """See `Stream.write`. What a cancelled call left unwritten goes before the next call's data."""
        self._unsent += data
        while self._unsent:
            if self._closed:
                raise BrokenPipeError("the stream is closed")
            try:
                sent = os.write(self._out, self._unsent)
            except BlockingIOError:
                await self._writable(patience)
            else:
                del self._unsent[:sent]

    async def _writable(self, patience: float | None) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._blocked.append(future)
        loop.add_writer(self._out, self._take_out)
        try:
            async with asyncio.timeout(patience):
                await future
        except TimeoutError:
            self._unsent.clear()
            raise
        finally:
            self._blocked.remove(future)
            if not self._blocked and not self._closed:
                loop.remove_writer(self._out)

    def _take_out(self) -> None:
        for future in self._blocked:
            _settle(future, True)

    def nudge(self) -> None:
        """See `Stream.nudge`."""
        self._nudged = True
        if self._waiting is not None:
            _settle(self._waiting, True)

    def close(self) -> None:
        """See `Stream.close`."""
        if self._closed:
            return
        self._stop_watching()
        self._alarm.cancel()
        if self._blocked and not (loop := self._blocked[0].get_loop()).is_closed():
            loop.remove_writer(self._out)
            self._take_out()
        self._closed = True
        if self._waiting is not None:
            _settle(self._waiting, True)
        for fd in {self._in, self._out}:
            os.close(fd)


class _Alarm:
    """One timer for one waiting future after the other: it is moved only when it would ring too late.

    Making and dropping a timer for every read costs as much as the read.
    """

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._moment = 0.0
        self._future: asyncio.Future[bool] | None = None

    def set(self, loop: asyncio.AbstractEventLoop, moment: float, future: asyncio.Future[bool]) -> None:
        """Settle `future` with False at `moment` on the clock of `loop`."""
        self._moment, self._future = moment, future
        if self._timer is None or self._loop is not loop or self._timer.when() > moment:
            self.cancel()
            self._loop, self._timer = loop, loop.call_at(moment, self._ring)

    def cancel(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if self._future is None or self._future.done() or self._loop is None:
            return
        if self._loop.time() < self._moment:
            self._timer = self._loop.call_at(self._moment, self._ring)
        else:
            _settle(self._future, False)


class FramedStream:
    """The standard output inside a Docker attached socket without a terminal: frames of 8 bytes of header."""

    def __init__(self, inner: Stream) -> None:
        self._inner = inner
        self._buffer = bytearray()

    async def read(self, patience: float | None = None, unhurried: bytes = b"") -> bytes | None:
        """See `Stream.read`."""
        while True:
            payload = self._take()
            if payload:
                return payload
            data = await self._inner.read(patience)
            if not data:
                return data
            self._buffer += data

    def _take(self) -> bytes:
        out = bytearray()
        while len(self._buffer) >= 8:
            size = int.from_bytes(self._buffer[4:8], "big")
            if len(self._buffer) < 8 + size:
                break
            if self._buffer[0] == 1:
                out += self._buffer[8 : 8 + size]
            del self._buffer[: 8 + size]
        return bytes(out)

    async def write(self, data: bytes, patience: float | None = None) -> None:
        """See `Stream.write`."""
        await self._inner.write(data, patience)

    def nudge(self) -> None:
        """See `Stream.nudge`."""
        self._inner.nudge()

    def close(self) -> None:
        """See `Stream.close`."""
        self._inner.close()


def _settle(future: asyncio.Future[bool], value: bool) -> None:
    if not future.done():
        future.set_result(value)
