"""A small OpenAI-compatible server on 127.0.0.1, scripted: it stands in for a model in tests.

In a test:

    with Loopback([Answer(calls=[Call("execute_bash", {"command": "ls"})]), Answer("All done.")]) as server:
        ...  # base_url=server.url; afterwards server.requests holds what was asked

As a program, which runs until it is ended or its standard input closes (with `--until-eof`):

    python tests/loopback.py --script script.json --port-file FILE

where the script is a JSON list of answers: `[{"text": "…", "calls": [{"name": "…", "arguments": {…}}]}, …]`.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from strictness import problems
from wire import Answer, Call, anthropic_stream, completion, openai_stream

__all__ = ["Answer", "Call", "Loopback", "Request"]


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def problems(self) -> list[str]:
        """What the provider whose language it speaks would refuse it for."""
        return problems(self.path, self.body)


Script = Sequence[Answer] | Callable[[list[dict[str, Any]]], Answer]


class Loopback:
    """The server, from `with` to the end of the block. A script that is used up answers "Done.".

    A request that breaks a provider's rules is refused as that would, unless the server is not `strict`.
    """

    def __init__(self, script: Script = (), port: int = 0, *, strict: bool = True) -> None:
        self._strict = strict
        self._answers = None if callable(script) else list(script)
        self._answer_to = script if callable(script) else None
        self._lock = threading.Lock()
        self._count = 0
        self.requests: list[Request] = []
        self.hung_up = threading.Event()
        self.hanging = threading.Event()
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the chat requests so far."""
        return [request.body for request in self.requests if request.path.endswith("/chat/completions")]

    def take(self, request: Request) -> tuple[Answer, str]:
        """The next answer and the id of its response."""
        with self._lock:
            self.requests.append(request)
            self._count += 1
            response_id = f"chatcmpl-loopback-{self._count}"
            if self._strict and request.problems:
                return Answer(
                    status=400, error=f"Invalid request: {'; '.join(request.problems)}"
                ), response_id
            if self._answer_to is not None:
                return self._answer_to(request.body.get("messages", [])), response_id
            answer = self._answers.pop(0) if self._answers else Answer("Done.")
        return answer, response_id

    def __enter__(self) -> Loopback:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True
    loopback: Loopback

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path.rstrip("/").endswith("/models"):
            self._json(200, {"object": "list", "data": [{"id": "loopback", "object": "model"}]})
        else:
            self._json(404, _error("no such path", 404))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        loopback = self.server.loopback
        answer, response_id = loopback.take(Request(self.path, dict(self.headers), body))
        model = str(body.get("model", ""))
        if answer.delay and not self._patient(answer.delay):
            return
        if answer.raw is not None:
            self._body(answer.status, "text/event-stream", answer.raw.encode(), answer.headers)
        elif answer.status >= 400:
            refusal = answer.refusal or _error(answer.error, answer.status)
            self._json(answer.status, refusal, answer.headers)
        elif self.path.partition("?")[0].endswith("/messages"):
            self._stream(answer, anthropic_stream(answer, response_id, model))
        elif body.get("stream"):
            usage = bool((body.get("stream_options") or {}).get("include_usage"))
            self._stream(answer, openai_stream(answer, response_id, model, usage=usage))
        elif answer.hang:
            self._hang()
        else:
            self._json(200, completion(answer, response_id, model), answer.headers)

    def _stream(self, answer: Answer, events: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("connection", "close")
        self.end_headers()
        for event in events:
            size = answer.cut or len(event)
            for start in range(0, len(event), size):
                self._chunk(event[start : start + size])
            if answer.pause and not self._patient(answer.pause):
                return
        if answer.hang:
            self._hang()
        elif not answer.drop:
            self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _hang(self) -> None:
        self.server.loopback.hanging.set()
        self._patient(3600)

    def _patient(self, seconds: float) -> bool:
        """Wait, unless the client hangs up or the server closes; says whether the time has passed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.server.loopback.closing.is_set():
            readable, _, _ = select.select([self.connection], [], [], min(0.02, seconds))
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                self.server.loopback.hung_up.set()
                return False
        return not self.server.loopback.closing.is_set()

    def _json(self, status: int, data: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._body(status, "application/json", json.dumps(data).encode(), headers or {})

    def _body(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _error(message: str, status: int) -> dict[str, Any]:
    return {"error": {"message": message, "type": "scripted", "code": status}}


def main() -> None:
    """Serve a script from a file until ended."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--script", type=Path, help="a JSON list of answers")
    parser.add_argument("--port-file", type=Path, help="where to write the port once it is open")
    parser.add_argument("--log", type=Path, help="where to append the request bodies, as JSON lines")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input closes")
    options = parser.parse_args()
    script = json.loads(options.script.read_text()) if options.script else []
    with _Logged([Answer.of(data) for data in script], options.log) as server:
        if options.port_file:
            partial = options.port_file.with_name(options.port_file.name + ".part")
            partial.write_text(str(server.port))
            partial.replace(options.port_file)
        print(server.url, flush=True)
        try:
            if options.until_eof:
                sys.stdin.read()
            else:
                threading.Event().wait()
        except KeyboardInterrupt:
            return


class _Logged(Loopback):
    def __init__(self, script: Sequence[Answer], log: Path | None) -> None:
        super().__init__(script)
        self._log = log

    def take(self, request: Request) -> tuple[Answer, str]:
        answer, response_id = super().take(request)
        if self._log is not None:
            with self._lock, self._log.open("a") as log:
                log.write(json.dumps(request.body) + "\n")
        return replace(answer), response_id


if __name__ == "__main__":
    main()
