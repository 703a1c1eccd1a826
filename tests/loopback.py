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
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

PIECE = 7
"""Characters in one streamed delta."""


@dataclass(frozen=True)
class Call:
    """A tool call; `arguments` may be any text, to stand for a model that writes bad JSON."""

    name: str
    arguments: dict[str, Any] | str = field(default_factory=dict)
    id: str | None = None

    @property
    def text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True)
class Answer:
    """One reply. From `status` 400 on, `error` is its message. `hang` stops after the text, `drop` hangs up.

    `raw` is sent in place of a reply. `delay` seconds pass before the first byte, `pause` after each delta.
    """

    text: str = ""
    calls: Sequence[Call] = ()
    delay: float = 0.0
    pause: float = 0.0
    status: int = 200
    error: str = "scripted failure"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False
    raw: str | None = None
    prompt_tokens: int = 100
    completion_tokens: int = 20

    @staticmethod
    def of(data: dict[str, Any]) -> Answer:
        """The answer that a script's JSON object describes."""
        calls = tuple(Call(**call) for call in data.get("calls", ()))
        return Answer(**{**data, "calls": calls})


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Script = Sequence[Answer] | Callable[[list[dict[str, Any]]], Answer]


class Loopback:
    """The server, from `with` to the end of the block. A script that is used up answers "Done."."""

    def __init__(self, script: Script = (), port: int = 0) -> None:
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
            self._json(answer.status, _error(answer.error, answer.status), answer.headers)
        elif body.get("stream"):
            self._stream(
                answer, response_id, model, bool((body.get("stream_options") or {}).get("include_usage"))
            )
        elif answer.hang:
            self._hang()
        else:
            self._json(200, completion(answer, response_id, model), answer.headers)

    def _stream(self, answer: Answer, response_id: str, model: str, usage: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("connection", "close")
        self.end_headers()
        for chunk in chunks(answer, response_id, model):
            finish = bool(chunk["choices"] and chunk["choices"][0]["finish_reason"])
            if finish and (answer.hang or answer.drop):
                break
            self._event(json.dumps(chunk))
            if answer.pause and not self._patient(answer.pause):
                return
        if answer.hang:
            self._hang()
        elif not answer.drop:
            if usage:
                chunk = _chunk(response_id, model, None, None)
                self._event(json.dumps({**chunk, "choices": [], "usage": _usage(answer)}))
            self._event("[DONE]")
            self.wfile.write(b"0\r\n\r\n")

    def _event(self, data: str) -> None:
        line = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
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


def chunks(answer: Answer, response_id: str, model: str) -> Iterator[dict[str, Any]]:
    """The streamed form: text in pieces, then each call in fragments, then the reason to stop."""
    yield _chunk(response_id, model, {"role": "assistant", "content": ""}, None)
    for piece in _pieces(answer.text):
        yield _chunk(response_id, model, {"content": piece}, None)
    for index, call in enumerate(answer.calls):
        function = {"name": call.name, "arguments": ""}
        opening = {"index": index, "id": _call_id(call, response_id, index), "type": "function"}
        yield _chunk(response_id, model, {"tool_calls": [{**opening, "function": function}]}, None)
        for piece in _pieces(call.text):
            delta = {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
            yield _chunk(response_id, model, delta, None)
    yield _chunk(response_id, model, {}, "tool_calls" if answer.calls else "stop")


def completion(answer: Answer, response_id: str, model: str) -> dict[str, Any]:
    """The whole form of an answer."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.calls:
        message["tool_calls"] = [
            {
                "id": _call_id(call, response_id, index),
                "type": "function",
                "function": {"name": call.name, "arguments": call.text},
            }
            for index, call in enumerate(answer.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if answer.calls else "stop"}
    head = {"id": response_id, "object": "chat.completion", "created": 1_760_000_000, "model": model}
    return {**head, "choices": [choice], "usage": _usage(answer)}


def _chunk(response_id: str, model: str, delta: dict[str, Any] | None, finish: str | None) -> dict[str, Any]:
    return {
        "id": response_id,
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": model,
        "choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}],
    }


def _usage(answer: Answer) -> dict[str, int]:
    total = answer.prompt_tokens + answer.completion_tokens
    tokens = {"prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.completion_tokens}
    return {**tokens, "total_tokens": total}


def _call_id(call: Call, response_id: str, index: int) -> str:
    return call.id or f"call_{response_id.rpartition('-')[2]}_{index}"


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + PIECE] for start in range(0, len(text), PIECE))


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
