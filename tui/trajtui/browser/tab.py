"""The process behind one tab: begun with it, ended with it."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from aiohttp.web import WebSocketResponse
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from trajcore.text import safe
from trajtui.browser import DRIVER, VARIABLE

_PATIENCE: Final = (10.0, 10.0, 5.0)
"""So many seconds a process has to end when it is asked to, when it is told to, and when it is killed."""
_PAGE: Final = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
"""What the page's terminal is, whatever the server was started in."""
_BEGIN: Final = b"__GANGLION__\n"
_DRAWN: Final = b"D"
_KINDS: Final = (_DRAWN, b"M", b"P")
_LAST_WORDS: Final = 1.0
"""So many seconds they take to come; what a process leaves behind may have its standard error open."""
_MOST_SAID: Final = 1 << 16
"""Of what a process says on standard error so many bytes are kept."""


class Tab(AppService):
    """A trajtui that draws for one websocket; `complain` is told what it said where it ended in an error."""

    def __init__(
        self, words: Sequence[str], socket: WebSocketResponse, complain: Callable[[str], None]
    ) -> None:
        """`words` are its command line."""
        super().__init__(
            "",
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=_closing(socket),
            download_manager=DownloadManager(),
        )
        self._words = words
        self._complain = complain
        self._end: asyncio.Task[None] | None = None

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Start it, without a shell, and where no Ctrl-C of the server's terminal reaches it."""
        environment = {**self._build_environment(width, height), VARIABLE: DRIVER, **_PAGE}
        self._process = process = await asyncio.create_subprocess_exec(
            *self._words, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True
        )
        self._stdin = process.stdin
        return process

    async def run(self) -> None:
        """Pass on what it draws until it ends. Who looks at it may have gone before: it is read all the same,
        as it could not end otherwise.
        """
        process = self._process
        assert process is not None
        assert process.stdout is not None
        assert process.stderr is not None
        said = asyncio.create_task(_read(process.stderr))
        try:
            async for kind, payload in _packets(process.stdout):
                if kind == _DRAWN:
                    await self._show(payload)
            await _read(process.stdout)
            code = await process.wait()
            await asyncio.wait({said}, timeout=_LAST_WORDS)
        finally:
            said.cancel()
        words = safe(said.result().decode("utf-8", "replace")).strip() if said.done() else ""
        if code and words:
            self._complain(words)
            await self._show(("\x1b[?1049l\x1b[H\x1b[2J" + words.replace("\n", "\r\n")).encode())
        await self.remote_close()

    async def _show(self, drawn: bytes) -> None:
        with suppress(ConnectionError, RuntimeError):
            await self.remote_write_bytes(drawn)

    async def stop(self) -> None:
        """End it, and wait until it has. Its sandbox is removed by then, unless it had to be killed."""
        if self._task is None:
            return
        if self._end is None:
            self._end = asyncio.create_task(self._ended(self._task))
        await asyncio.shield(self._end)

    async def _ended(self, running: asyncio.Task[None]) -> None:
        process = self._process
        assert process is not None
        if not running.done():
            await self.send_meta({"type": "quit"})
            self.stdin.close()
        for patience, further in zip(_PATIENCE, (process.terminate, process.kill, None), strict=True):
            if (await asyncio.wait({running}, timeout=patience))[0]:
                break
            if further is not None:
                with suppress(ProcessLookupError):
                    further()
        else:
            running.cancel()


def _closing(socket: WebSocketResponse) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        with suppress(ConnectionError, RuntimeError):
            await socket.close()

    return close


async def _packets(stream: asyncio.StreamReader) -> AsyncIterator[tuple[bytes, bytes]]:
    """What is drawn and told, each with its kind, until the stream ends, or what comes is no packet."""
    try:
        while await stream.readline() != _BEGIN:
            if stream.at_eof():
                return
        while (head := await stream.readexactly(5))[:1] in _KINDS:
            yield head[:1], await stream.readexactly(int.from_bytes(head[1:], "big"))
    except (asyncio.IncompleteReadError, ValueError):
        return


async def _read(stream: asyncio.StreamReader) -> bytes:
    """The first of what a stream has; it is read to its end."""
    kept = b""
    while piece := await stream.read(_MOST_SAID):
        kept += piece[: _MOST_SAID - len(kept)]
    return kept
