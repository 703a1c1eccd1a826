"""Serves the screen to browsers on this machine: a page, what it is made of, and a websocket a tab.

Whoever reaches the port is let in by the token alone, which every address begins with. It is in no cookie:
those of one port are sent to all others of the machine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import jinja2
import textual_serve
from aiohttp import WSMsgType, web

from trajcore import BadInput, errors
from trajcore.text import safe_line
from trajtui.browser.tab import Tab

HOST: Final = "127.0.0.1"
_NAMES: Final = (HOST, "localhost")
"""What a browser on this machine calls it. Any other name was made to lead here."""
_HERE: Final = Path(__file__).parent
_STATIC: Final = Path(textual_serve.__file__).parent / "static"
_BEAT: Final = 15.0
"""So many seconds after its last sign of life a page is taken for gone."""
_FAREWELL: Final = 1.0
"""So many seconds it has to agree that a connection is closed."""
_MOST_PASTED: Final = 64 << 20
_SIZES: Final = range(1, 1001)
"""Of rows, and of columns."""
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_REFUSED: Final = "Open the whole address that trajtui serve has printed, as it is.\n"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self' {websocket}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What the page may load; the terminal in it writes styles of its own."""


def listening(port: int) -> socket.socket:
    """A socket that listens on this machine alone; 0: on a free port. Raises `BadInput`."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        made.listen()
    except OSError as error:
        made.close()
        why = errors.in_words(error)
        raise BadInput(f"port {port} cannot be had ({why}): name another with --port.") from None
    return made


class Server:
    """Begins `words`, a command line, for each tab that is opened with the token."""

    def __init__(self, words: Sequence[str], title: str, port: int, complain: Callable[[str], None]) -> None:
        """`complain` is told what a tab's process said that ended in an error."""
        self._words = words
        self._title = title
        self._port = port
        self._complain = complain
        self._token = secrets.token_urlsafe()
        self._tabs: set[Tab] = set()
        self._changed = asyncio.Event()
        environment = jinja2.Environment(autoescape=True)
        self._page = environment.from_string((_HERE / "page.html").read_text(encoding="utf-8"))

    @property
    def url(self) -> str:
        """The address that a browser is given."""
        return f"http://{HOST}:{self._port}/{self._token}/"

    async def serve(self, listener: socket.socket, idle: float | None) -> None:
        """Serve until no tab has been open for `idle` seconds, or it is cancelled; all tabs end then."""
        faults = logging.getLogger(__name__)
        faults.propagate = False
        faults.addHandler(_Complaining(self._complain))
        runner = web.AppRunner(self._app(), access_log=None, logger=faults, shutdown_timeout=_FAREWELL)
        await runner.setup()
        site = web.SockSite(runner, listener)
        try:
            await site.start()
            await self._until_idle(idle)
        finally:
            await site.stop()
            await asyncio.gather(*(tab.stop() for tab in self._tabs))
            await runner.cleanup()

    async def _until_idle(self, idle: float | None) -> None:
        while True:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), None if self._tabs else idle)
            except TimeoutError:
                return

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._let_in])
        below = f"/{self._token}"
        app.add_routes([
            web.get(f"{below}/", self._show_page),
            web.get(f"{below}/page.{{kind:css|js}}", _show_own_file),
            web.get(f"{below}/ws", self._show_screen),
            web.static(f"{below}/static", _STATIC),
        ])  # fmt: skip
        app.on_response_prepare.append(_add_headers)
        return app

    @web.middleware
    async def _let_in(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer who has the token, and comes from a page of ours where it comes from a page."""
        token = request.path.partition("/")[2].partition("/")[0]
        hosts = {f"{name}:{self._port}" for name in _NAMES}
        origin = request.headers.get("Origin")
        if (
            request.host not in hosts
            or (origin is not None and origin not in {f"http://{host}" for host in hosts})
            or not secrets.compare_digest(token.encode("utf-8", "replace"), self._token.encode())
        ):
            raise web.HTTPForbidden(text=_REFUSED)
        return await handler(request)

    async def _show_page(self, request: web.Request) -> web.Response:
        websocket = f"ws://{request.host}/{self._token}/ws"
        page = self._page.render(title=self._title, websocket=websocket)
        policy = {"Content-Security-Policy": _POLICY.format(websocket=websocket)}
        return web.Response(text=page, content_type="text/html", headers=policy)

    async def _show_screen(self, request: web.Request) -> web.WebSocketResponse:
        """Begin a session for a tab, and end it with the tab."""
        connection = web.WebSocketResponse(heartbeat=_BEAT, timeout=_FAREWELL, max_msg_size=_MOST_PASTED)
        await connection.prepare(request)
        tab = Tab(self._words, connection, self._complain)
        self._tabs.add(tab)
        self._changed.set()
        try:
            await tab.start(*_size(request.query))
            async for message in connection:
                if message.type is WSMsgType.TEXT:
                    await _heed(message.data, tab, connection)
        finally:
            await tab.stop()
            self._tabs.discard(tab)
            self._changed.set()
        return connection


class _Complaining(logging.Handler):
    """Tells a fault in a line: whoever reaches the port can cause some, and words in them."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._complain = complain

    def emit(self, record: logging.LogRecord) -> None:
        """As usual."""
        error = record.exc_info[1] if record.exc_info else None
        self._complain(safe_line(f"{record.getMessage()}{f': {error!r}' if error else ''}"))


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


async def _show_own_file(request: web.Request) -> web.FileResponse:
    return web.FileResponse(_HERE / f"page.{request.match_info['kind']}")


async def _heed(text: str, tab: Tab, connection: web.WebSocketResponse) -> None:
    """Do what the page says was done in it; what is said in no words of its is left alone."""
    match _read(text):
        case ["stdin", str(keys)]:
            await tab.send_bytes(keys.encode("utf-8", "replace"))
        case ["resize", dict(size)]:
            await tab.set_terminal_size(*_size(size))
        case ["ping", str(sent)]:
            await connection.send_json(["pong", sent])
        case ["focus"]:
            await tab.focus()
        case ["blur"]:
            await tab.blur()


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _size(said: Mapping[str, Any]) -> tuple[int, int]:
    """The columns and rows that a page has; those of a usual terminal where it says none that can be."""
    return _cells(said.get("width"), 80), _cells(said.get("height"), 24)


def _cells(said: Any, usual: int) -> int:
    try:
        return int(said) if int(said) in _SIZES else usual
    except (TypeError, ValueError, OverflowError):
        return usual
