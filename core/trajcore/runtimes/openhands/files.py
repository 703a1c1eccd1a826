"""`read`, `write` and `edit` actions: what OpenHands' runtime would have answered (as of 0.62).

Relative paths start where the shell is.
"""

from __future__ import annotations

import asyncio
import base64
import difflib
import errno
import mimetypes
import posixpath
from pathlib import PurePosixPath
from typing import Final

from trajcore.events.actions import EditAction, ReadAction, WriteAction
from trajcore.events.base import Action, Observation
from trajcore.events.observations import (
    EditExtras,
    EditObservation,
    ErrorExtras,
    ErrorObservation,
    ReadExtras,
    ReadObservation,
    WriteExtras,
    WriteObservation,
)
from trajcore.runtimes.openhands.editor import Editor
from trajcore.runtimes.openhands.editortext import EditorError, lines_of
from trajcore.runtimes.openhands.textfiles import is_binary
from trajcore.sandbox.base import Sandbox
from trajcore.sandbox.shell.quoting import encoded

_EDITOR: Final = "oh_aci"
_NEW_FILE: Final = 0o664
_AS_DATA_URL: Final = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pdf", ".mp4", ".webm", ".ogg")


async def read(action: ReadAction, sandbox: Sandbox, editor: Editor) -> Observation:
    """Carry out a `read`, with the editor or without as the action says."""
    if action.args.impl_source == _EDITOR:
        return await _view(action, editor)
    path = _resolved(action.args.path, sandbox)
    try:
        data = await sandbox.files.read(path)
    except OSError as error:
        where = f" Your current working directory is {sandbox.directory}."
        return _error(action, _in_words(error, path, where, "read files"))
    # OpenHands looks for what is binary under the path as it was given, from its own directory.
    if posixpath.isabs(action.args.path) and await is_binary(data, path):
        return _error(action, "ERROR_BINARY_FILE")
    if path.lower().endswith(_AS_DATA_URL):
        kind = mimetypes.guess_type(path)[0] or "image/png"
        return _read(action, f"data:{kind};base64,{base64.b64encode(data).decode()}", path)
    try:
        lines = _lines(data)
    except UnicodeDecodeError:
        return _error(action, f"File could not be decoded as utf-8: {path}.")
    return _read(action, "".join(_between(lines, action.args.start, action.args.end)), path)


async def write(action: WriteAction, sandbox: Sandbox) -> Observation:
    """Carry out a `write`: replace lines `start` to `end` and make the file's directories."""
    args = action.args
    path = _resolved(args.path, sandbox)
    added = [f"{line}\n" for line in args.content.split("\n")]
    try:
        lines = _lines(await sandbox.files.read(path))
        added = [*lines[: args.start], *added, *([] if args.end == -1 else lines[args.end :])]
    except FileNotFoundError:
        pass
    except OSError as error:
        return _error(action, _in_words(error, path, "", "write to files"))
    except UnicodeDecodeError:
        return _error(action, f"File could not be decoded as utf-8: {path}")
    try:
        await sandbox.files.write(path, encoded("".join(added)), mode=_NEW_FILE)
    except OSError as error:
        return _error(action, _in_words(error, path, "", "write to files"))
    return WriteObservation(
        source=action.source, message=f"I wrote to the file {path}.", extras=WriteExtras(path=path)
    )


def _resolved(path: str, sandbox: Sandbox) -> str:
    return str(PurePosixPath(sandbox.directory, path))


async def edit(action: EditAction, editor: Editor) -> Observation | None:
    """Carry out an `edit` with the editor; None for a draft that a model would have to merge."""
    args = action.args
    if args.impl_source != _EDITOR or (not args.command and args.content):
        return None
    diff = ""
    try:
        edited = await editor.edit(args)
        content = edited.answer
        diff = await asyncio.to_thread(_diff, edited.before or "", edited.after or "", args.path)
    except EditorError as error:
        content = f"ERROR:\n{error}"
    extras = EditExtras(
        path=args.path, old_content=args.old_str, new_content=args.new_str, impl_source=_EDITOR, diff=diff
    )
    message = f"I edited the file {args.path}."
    return EditObservation(source=action.source, message=message, content=content, extras=extras)


async def _view(action: ReadAction, editor: Editor) -> Observation:
    try:
        content = await editor.view(action.args.path, action.args.view_range)
    except EditorError as error:
        if "appears to be binary" in str(error):
            return _error(action, "ERROR_BINARY_FILE")
        content = f"ERROR:\n{error}"
    return _read(action, content, action.args.path)


def _lines(data: bytes) -> list[str]:
    """The lines of a file in UTF-8, every end a newline. Raises `UnicodeDecodeError`."""
    return lines_of(data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n"))


def _between(lines: list[str], start: int, end: int) -> list[str]:
    """Lines from `start` to before `end`, 0-based, as OpenHands counts them: -1 is the end."""
    count = len(lines)
    if end == -1:
        return lines[max(start, 0) :]
    first = max(0, min(max(start, 0), count - 2))
    return lines[first : max(first + 1, min(max(end, 0), count))]


def _diff(before: str, after: str, path: str) -> str:
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), path, path, n=0)
    return "\n".join(line.rstrip() for line in lines)


def _read(action: ReadAction, content: str, path: str) -> ReadObservation:
    return ReadObservation(
        source=action.source,
        message=f"I read the file {path}.",
        content=content,
        extras=ReadExtras(path=path, impl_source=action.args.impl_source),
    )


def _error(action: Action, content: str) -> ErrorObservation:
    return ErrorObservation(source=action.source, message=content, content=content, extras=ErrorExtras())


def _in_words(error: OSError, path: str, where: str, only: str) -> str:
    if error.errno == errno.ENOENT:
        return f"File not found: {path}.{where}" if where else f"File not found: {path}"
    if error.errno == errno.EISDIR:
        return f"Path is a directory: {path}. You can only {only}"
    return f"{error.strerror}: {path}."
