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
_SLOW: Final = "The sandbox was lost: it has not answered within {:g} seconds. Restart it to go on."
_READY: Final = b"ready"
_PATIENCE: Final = 10.0
"""Seconds in which a bash that has nothing else to do says something."""
_LONGEST: Final = 1 << 28
"""Bytes of the longest line that is taken for an answer: a list of all files of a world is the longest."""
LARGEST: Final = 64 << 20
"""Bytes of the largest file that is read."""

_SCRATCH: Final = "[[ -d /dev/shm && -w /dev/shm ]] && echo /dev/shm || echo /tmp"

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
_write() { local reason new; [[ -e $1 ]] || new=$4
if [[ -d $1 ]]; then reason=directory; elif [[ -e $1 && ! -f $1 ]]; then reason=other
elif [[ $3 == parents && $1 == */* && -n ${1%/*} ]]; then reason=$(mkdir -p -- "${1%/*}" 2>&1); fi
if [[ $reason ]]; then head -c "$2" >/dev/null
else reason=$({ head -c "$2" | { cat >"$1"; cat >/dev/null; }; } 2>&1); fi
[[ $reason || ! $new ]] || reason=$(chmod -- "$new" "$1" 2>&1)
[[ ! $reason ]] && echo ok || echo "failed ${reason##*: }"; }
_replace() { if [[ -f $1 ]]; then rm -f -- "$1" 2>/dev/null; fi; _write "$1" "$2" none 600; }
"""


class BashFiles:
    """The `Files` of a machine.

    The bash says that it is ready before it does what it is asked for. One that does not within
    `_PATIENCE` was killed, stopped or replaced, and has done nothing: another is opened, once, where the
    machine has one. The answer is waited for up to a limit.
    """

    def __init__(self, machine: Machine, limit: float) -> None:
        """`limit` is what one request may take, in seconds; no less than `_PATIENCE`."""
        self._machine = machine
        self._limit = max(limit, _PATIENCE)
        self._stream: Stream | None = None
        self._buffer = bytearray()
        self._lock = asyncio.Lock()
        self._in_step = False
        self._behind = _PATIENCE
        """Seconds that it may take to get in step: a request that was cancelled may still be carried out."""
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

    async def output(self, command: str, seconds: float = 0.0) -> str:
        """What a command of ours prints, in one line of words. It may take `seconds` more than others."""
        answer = await self._ask(b"_answer=$(%s); echo $_answer" % command.encode(), seconds=seconds)
        return answer.decode("utf-8", "replace")

    async def scratch(self) -> str:
        """A directory for files of ours where they are no change of the world, if there is one."""
        return await self.output(_SCRATCH)

    def close(self) -> None:
        """Close the way into the sandbox."""
        if self._stream is not None:
            self._stream.close()

    async def _ask(self, request: bytes, body: bytes = b"", seconds: float = 0.0) -> bytes:
        async with self._lock:
            for last in (False, True):
                try:
                    answer = await self._tried(request, body, self._limit + seconds)
                except ConnectionError:
                    if not last:
                        await self._connect()
                else:
                    if answer != _STARTED:
                        return answer
            raise SandboxUnavailable(_LOST)

    async def _tried(self, request: bytes, body: bytes, limit: float) -> bytes:
        """The answer; `_STARTED` where the bash was killed and another took its place.

        Raises `ConnectionError` where there is none that answers.
        """
        if not self._in_step:
            await self._get_in_step()
        self._in_step, self._behind, self._owed = False, limit, body
        answer = await self._said(b"echo ready; %s\n" % request)
        if answer == _READY:
            self._owed = b""
            answer = await self._answer(body, limit)
        elif answer != _STARTED:
            raise ConnectionResetError
        self._owed = b""
        self._in_step = answer != _STARTED
        self._behind = _PATIENCE
        return answer

    async def _said(self, data: bytes) -> bytes:
        """What a bash that is idle says at once to what it is sent. Raises `ConnectionError`."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._send(data)
                return await self._line()
        except TimeoutError:
            raise ConnectionResetError from None

    async def _answer(self, body: bytes, limit: float) -> bytes:
        try:
            async with asyncio.timeout(limit):
                await self._send(body)
                return await self._line()
        except TimeoutError:
            self.close()  # whatever it still does, nobody waits for it
            raise SandboxUnavailable(_SLOW.format(limit)) from None

    async def _connect(self) -> None:
        self.close()
        self._buffer.clear()
        self._stream = await self._machine.control()
        self._in_step = False
        self._behind = _PATIENCE
        self._owed = b""

    async def _get_in_step(self) -> None:
        """Hand over what a cancelled request promised, pass over its answer, define our commands.

        Raises `ConnectionError`.
        """
        word = secrets.token_hex(8).encode()
        owed, self._owed = self._owed, b""
        try:
            async with asyncio.timeout(self._behind):
                await self._send(owed + b"\n" + _PROGRAM.encode() + b"echo %s\n" % word)
                while await self._line() != word:
                    pass
        except TimeoutError:
            raise ConnectionResetError from None

    async def _line(self) -> bytes:
        """The next line. Raises `ConnectionError` where none will come, or one that is no answer."""
        seen = 0
        while (end := self._buffer.find(b"\n", seen)) == -1:
            seen = len(self._buffer)
            assert self._stream is not None
            data = await self._stream.read()
            if not data or seen > _LONGEST:
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
