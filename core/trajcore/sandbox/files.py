"""Files inside a sandbox, read and written by a bash that listens on a pipe. Needs coreutils only."""

from __future__ import annotations

import asyncio
import base64
import binascii
import errno
import os
import secrets
from typing import Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import DirectoryEntry, PathKind
from trajcore.sandbox.machines.machine import Machine
from trajcore.sandbox.machines.stream import Stream
from trajcore.sandbox.shell.quoting import quoted

_LOST: Final = "The sandbox was lost: it no longer answers. Restart it to go on."
_STARTED: Final = b"\x18"
_READY: Final = b"ready"
_PATIENCE: Final = 120.0
_START_PATIENCE: Final = 30.0
LARGEST: Final = 64 << 20
"""Bytes of the largest file that is read."""

_PROGRAM: Final = r"""
_size() { stat -Lc %s -- "$1"; }
_kind() { if [[ -d $1 ]]; then echo directory; elif [[ -f $1 ]]; then echo file "$(_size "$1")"
elif [[ -e $1 ]]; then echo other; else echo missing; fi; }
_read() { local size; if [[ -d $1 ]]; then echo directory; elif [[ ! -e $1 ]]; then echo missing
elif [[ ! -f $1 ]]; then echo other; elif [[ ! -r $1 ]]; then echo denied
elif size=$(_size "$1"); (( size > $2 )); then echo large "$size"
else printf 'ok '; base64 -w0 -- "$1"; echo; fi; }
_list() { if [[ ! -d $1 ]]; then _kind "$1"; elif [[ ! -r $1 ]]; then echo denied; else printf 'ok '
(shopt -s nullglob dotglob; for entry in "${1%/}"/*; do
if [[ -d $entry ]]; then printf 'd%s\0' "${entry##*/}"; else printf 'f%s\0' "${entry##*/}"; fi; done
) | base64 -w0; echo; fi; }
_write() { local reason new; echo ready; [[ -e $1 ]] || new=$4
if [[ -d $1 ]]; then reason=directory; elif [[ -e $1 && ! -f $1 ]]; then reason=other
elif [[ $3 == parents && $1 == */* && -n ${1%/*} ]]; then reason=$(mkdir -p -- "${1%/*}" 2>&1); fi
if [[ $reason ]]; then head -c "$2" >/dev/null
else reason=$({ head -c "$2" | { cat >"$1"; cat >/dev/null; }; } 2>&1); fi
[[ $reason || ! $new ]] || reason=$(chmod -- "$new" "$1" 2>&1)
[[ ! $reason ]] && echo ok || echo "failed ${reason##*: }"; }
_replace() { if [[ -f $1 ]]; then rm -f -- "$1" 2>/dev/null; fi; _write "$1" "$2" none 600; }
"""


class BashFiles:
    """The `Files` of a machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._stream: Stream | None = None
        self._buffer = bytearray()
        self._lock = asyncio.Lock()
        self._in_step = False
        self._owed = b""

    async def start(self) -> None:
        """Open the way into the sandbox."""
        await self._connect()

    async def kind(self, path: str) -> PathKind:
        """See `Files.kind`."""
        name, _, size = (await self._ask(b"_kind %s" % quoted(path))).partition(b" ")
        return PathKind(name.decode(), int(size) if size.isdigit() else 0)

    async def read(self, path: str, largest: int = LARGEST) -> bytes:
        """See `Files.read`."""
        return _content(await self._ask(b"_read %s %d" % (quoted(path), largest)), path)

    async def list(self, path: str) -> list[DirectoryEntry]:
        """See `Files.list`."""
        names = _content(await self._ask(b"_list %s" % quoted(path)), path).split(b"\0")[:-1]
        entries = [
            DirectoryEntry(name[1:].decode("utf-8", "surrogateescape"), name[:1] == b"d") for name in names
        ]
        return sorted(entries, key=lambda entry: entry.name)

    async def write(self, path: str, content: bytes, parents: bool = True, mode: int | None = None) -> None:
        """See `Files.write`."""
        how = b"parents" if parents else b"none"
        permissions = b"" if mode is None else b"%o" % mode
        await self._put(b"_write %s %d %s %s" % (quoted(path), len(content), how, permissions), path, content)

    async def replace(self, path: str, content: bytes) -> None:
        """See `Files.replace`."""
        await self._put(b"_replace %s %d" % (quoted(path), len(content)), path, content)

    async def _put(self, request: bytes, path: str, content: bytes) -> None:
        answer = await self._ask(request, content)
        if answer != b"ok":
            raise _error(answer, path)

    async def output(self, command: str) -> str:
        """What a command of ours prints: one line of words."""
        answer = await self._ask(b"_answer=$(%s); echo $_answer" % command.encode())
        return answer.decode("utf-8", "replace")

    def close(self) -> None:
        """Close the way into the sandbox."""
        if self._stream is not None:
            self._stream.close()

    async def _ask(self, request: bytes, body: bytes | None = None) -> bytes:
        async with self._lock:
            answer = await self._tried(request, body)
            if answer is None:  # the helper was killed, and has been replaced
                answer = await self._tried(request, body)
            if answer is None:
                raise SandboxUnavailable(_LOST)
            return answer

    async def _tried(self, request: bytes, body: bytes | None) -> bytes | None:
        """The answer, or None if the helper had to be replaced before it gave one."""
        if not self._in_step:
            await self._get_in_step()
        self._in_step = False
        self._owed = body or b""
        try:
            await self._send(request + b"\n")
            answer = await self._line()
            if body is not None and answer == _READY:
                self._owed = b""
                await self._send(body)
                answer = await self._line()
        except ConnectionError:
            await self._connect()
            return None
        self._owed = b""
        self._in_step = answer != _STARTED
        return answer if self._in_step else None

    async def _connect(self) -> None:
        self.close()
        self._buffer.clear()
        self._stream = await self._machine.control()
        self._in_step = False
        self._owed = b""

    async def _get_in_step(self) -> None:
        """Hand over what a cancelled request promised, pass over its answer, define our commands."""
        word = secrets.token_hex(8).encode()
        owed, self._owed = self._owed, b""
        try:
            await self._send(owed + b"\n" + _PROGRAM.encode() + b"echo %s\n" % word)
            while await self._line(_START_PATIENCE) != word:  # what took bash's place may never answer
                pass
        except ConnectionError as error:
            raise SandboxUnavailable(_LOST) from error

    async def _line(self, patience: float = _PATIENCE) -> bytes:
        while (end := self._buffer.find(b"\n")) == -1:
            assert self._stream is not None
            data = await self._stream.read(patience)
            if data is None:
                raise SandboxUnavailable(_LOST)
            if not data:
                raise ConnectionResetError
            self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    async def _send(self, data: bytes) -> None:
        if self._stream is None:
            raise SandboxUnavailable(_LOST)
        await self._stream.write(data)


def _content(answer: bytes, path: str) -> bytes:
    word, _, rest = answer.partition(b" ")
    if word != b"ok":
        raise _error(answer, path)
    try:
        return base64.b64decode(rest, validate=True)
    except binascii.Error as error:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path) from error


_ERRORS: Final = {
    b"directory": errno.EISDIR,
    b"missing": errno.ENOENT,
    b"denied": errno.EACCES,
    b"other": errno.EINVAL,
    b"large": errno.EFBIG,
    b"file": errno.ENOTDIR,
    **{os.strerror(code).encode(): code for code in errno.errorcode},
}


def _error(answer: bytes, path: str) -> OSError:
    word, _, reason = answer.partition(b" ")
    code = _ERRORS.get(reason if word == b"failed" else word, errno.EIO)
    return OSError(code, os.strerror(code), path)
