"""The way to a Python kernel inside a sandbox: started, spoken to in frames, killed from outside."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.files import BashFiles
from trajcore.sandbox.machines.machine import Machine
from trajcore.sandbox.machines.stream import Stream
from trajcore.sandbox.shell.quoting import quoted

_LOST: Final = "The sandbox was lost: it no longer answers. Restart it to go on."
_START_PATIENCE: Final = 90.0
_SEND_PATIENCE: Final = 20.0
_LARGEST: Final = 24 << 20
_LENGTH: Final = 8
_LAST_BYTES: Final = 4096
_MODULES: Final = (
    "__init__", "child", "figures", "jupyter", "magics", "pip", "plain", "pretty", "relay", "timing",
    "tracebacks", "transform",
)  # fmt: skip

# Loads what runs in a new Python: one line, read from a descriptor that goes on to carry the commands.
# Files of the directory it is started in must not pass for modules.
_LOADER: Final = (
    "import sys; sys.path[:1] = [] if sys.path[0] == '' else sys.path[:1]; import base64, json; "
    "commands = open(int(sys.argv[1]), 'rb', closefd=False); "
    "request = json.loads(base64.b64decode(commands.readline()).decode()); "
    "exec(request['boot']); boot(request, commands)"
)
# Finds the Python to use: one with an ipykernel if there is one, else the first from 3.6 on.
_PROBE: Final = r"""
_plain= _real=; for _p in python3 python /openhands/poetry/*/bin/python; do
"$_p" -c "import sys; sys.path[:1] = [] if sys.path[0] == '' else sys.path[:1]
from importlib.util import find_spec as f
sys.exit(0 if sys.version_info < (3, 6) else 21 if f('ipykernel') and f('jupyter_client') else 20)" \
</dev/null >/dev/null
case $? in 20) _plain=${_plain:-$_p};; 21) _real=$_p; break;; esac; done
"""
# What is still dying could take in what is meant for the next.
_KILL: Final = (
    "kill -9 -- {names} 2>/dev/null; for _ in {{1..300}}; do kill -0 {relay} 2>/dev/null || break; "
    "sleep 0.01; done"
)


class KernelLost(Exception):
    """The kernel's relay in the sandbox is gone, or no longer makes sense. `str` is why."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of the relay; `kind` is a letter (see `kernel/relay.py`)."""

    kind: str
    payload: bytes

    def json(self) -> dict[str, Any]:
        """The payload as an object; empty if it is none."""
        try:
            found = json.loads(self.payload)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class KernelLink:
    """Owns one of the machine's ways in. After `close` or `kill` it can be started again."""

    def __init__(self, machine: Machine, files: BashFiles) -> None:
        self._machine = machine
        self._files = files
        self._stream: Stream | None = None
        self._buffer = bytearray()
        self._key = b""
        self._relay = 0
        self._kernel_process = 0
        self.started = False

    async def start(self) -> bool:
        """Begin to start a kernel: its `h` frame follows. False if the sandbox has no Python 3.6 or later.

        Raises `KernelLost` or `SandboxUnavailable`.
        """
        try:
            return await self._start()
        except KernelLost:
            self.close()  # the next cell tries another bash, where the machine gives one
            raise

    async def _start(self) -> bool:
        self._buffer.clear()
        try:
            pid, python, has_ipykernel = await self._probe()
        except OSError:
            self.close()  # its bash was killed: a new one, where the machine gives one
            try:
                pid, python, has_ipykernel = await self._probe()
            except OSError as error:
                raise SandboxUnavailable(_LOST) from error
        if not python:
            return False
        self._key = secrets.token_hex(8).encode()
        self._relay = pid
        self._kernel_process = 0
        request = {**_programs(), "main": "relay", "key": self._key.decode(), "ipykernel": has_ipykernel}
        line = b"exec %s -c %s 0\n" % (quoted(python), quoted(_LOADER))
        await self._send(line + base64.b64encode(json.dumps(request).encode()) + b"\n")
        self.started = True
        return True

    async def send(self, command: str, cell: int, body: bytes | None = None) -> None:
        """Send the relay a command about a cell. Raises `KernelLost`."""
        line = f"{command} {cell}".encode() + (b"" if body is None else b" " + base64.b64encode(body)) + b"\n"
        try:
            await self._send(line)
        except OSError:
            raise KernelLost("its process is gone") from None

    async def next(self, patience: float) -> Frame | None:
        """The next frame; None after `patience` seconds or a nudge. Raises `KernelLost`."""
        while (frame := self._take()) is None:
            data = await self._read(patience)
            if data is None:
                return None
            if not data:
                raise KernelLost("its process is gone")
            self._buffer += data
        return frame

    def nudge(self) -> None:
        """Make a waiting `next` return None."""
        if self._stream is not None:
            self._stream.nudge()

    async def kill(self) -> None:
        """End the relay and the kernel, whatever state they are in. Raises `SandboxUnavailable`."""
        self.started = False
        group = [-self._kernel_process] if self._kernel_process else []
        relay, self._relay, self._kernel_process = self._relay, 0, 0
        if relay:
            names = " ".join(str(process) for process in (*group, relay))
            await self._files.output(_KILL.format(names=names, relay=relay))

    def close(self) -> None:
        """Give the way in back; the relay ends, and the kernel with it."""
        self.started = False
        self._buffer.clear()
        self._relay = self._kernel_process = 0
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    async def _probe(self) -> tuple[int, str, bool]:
        """The control bash's process, and the Python it would start."""
        if self._stream is None:
            self._stream = await self._machine.control()
        word = secrets.token_hex(8)
        answer = b'printf \'%s %s %s:%s\\n\' "$_word" $$ "${_real:+ipykernel}" "${_real:-$_plain}"'
        # The empty line is for an outer bash that waits to start another; words split over a variable
        # are not repeated by anything that repeats this line.
        half = len(word) // 2
        program = f"\n_word={word[:half]}; _word+={word[half:]}\n{_PROBE}".encode()
        await self._send(program + answer + b"\n")
        try:
            line = await asyncio.wait_for(self._line_with(word.encode()), _START_PATIENCE)
        except TimeoutError:
            raise KernelLost("the sandbox's Python does not answer") from None
        pid, _, rest = line.partition(b" ")
        if not pid.isdigit():
            raise KernelLost("what it sent makes no sense")
        kind, _, python = rest.partition(b":")
        return int(pid), python.decode("utf-8", "surrogateescape"), kind == b"ipykernel"

    async def _line_with(self, word: bytes) -> bytes:
        """What follows `word` on its line; everything before it is passed over."""
        seen = bytearray()
        while True:
            at = seen.find(word + b" ")
            if at != -1 and (end := seen.find(b"\n", at)) != -1:
                return bytes(seen[at + len(word) + 1 : end])
            del seen[:-_LAST_BYTES]
            data = await self._read(_START_PATIENCE)
            if data == b"":
                raise ConnectionResetError
            seen += data or b""

    def _take(self) -> Frame | None:
        """The first frame of the buffer, if it is complete."""
        key = self._key
        if not self._buffer.startswith(key[: len(self._buffer)]):
            raise KernelLost("its process is gone, or what it sent makes no sense")
        header = len(key) + 1 + _LENGTH
        if len(self._buffer) < header:
            return None
        size = int(self._buffer[header - _LENGTH : header], 16)
        if size > _LARGEST:
            raise KernelLost("what it sent makes no sense")
        if len(self._buffer) < header + size:
            return None
        frame = Frame(chr(self._buffer[len(key)]), bytes(self._buffer[header : header + size]))
        del self._buffer[: header + size]
        if frame.kind == "h" and isinstance(pid := frame.json().get("pid"), int) and pid > 1:
            self._kernel_process = pid
        return frame

    async def _read(self, patience: float) -> bytes | None:
        if self._stream is None:
            raise SandboxUnavailable(_LOST)
        return await self._stream.read(patience)

    async def _send(self, data: bytes) -> None:
        """Raises `KernelLost` where what reads it no longer does, and `OSError` where that is gone."""
        if self._stream is None:
            raise SandboxUnavailable(_LOST)
        try:
            await asyncio.wait_for(self._stream.write(data), _SEND_PATIENCE)
        except TimeoutError:
            raise KernelLost("it takes no more commands") from None


@lru_cache(1)
def _programs() -> dict[str, Any]:
    """What a new Python in the sandbox is sent."""
    package = resources.files("trajcore.sandbox.notebook.kernel")
    sources = {name: (package / f"{name}.py").read_text("utf-8") for name in _MODULES}
    boot = (package / "boot.py").read_text("utf-8")
    return {"sources": sources, "boot": boot, "loader": _LOADER}
