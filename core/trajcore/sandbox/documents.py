"""`read`, `write` and `edit` actions: what OpenHands' runtime would have answered (as of 0.62)."""

from __future__ import annotations

import base64
import difflib
import errno
import mimetypes
import posixpath
from collections.abc import Callable
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
from trajcore.sandbox.editor import Editor
from trajcore.sandbox.editortext import EditorError, decoded, is_binary
from trajcore.sandbox.files import Files
from trajcore.sandbox.quoting import encoded

_EDITOR: Final = "oh_aci"
_AS_DATA_URL: Final = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pdf", ".mp4", ".webm", ".ogg")


class Documents:
    """Answers `read`, `write` and `edit` actions; relative paths start where the shell is."""

    def __init__(self, files: Files, directory: Callable[[], str]) -> None:
        self._files = files
        self._editor = Editor(files)
        self._directory = directory

    async def read(self, action: ReadAction) -> Observation:
        """Carry out a `read`, with the editor or without as the action says."""
        if action.args.impl_source == _EDITOR:
            return await self._view(action)
        path = posixpath.join(self._directory(), action.args.path)
        try:
            data = await self._files.read(path)
        except OSError as error:
            return _error(action, _in_words(error, action.args.path, self._directory()))
        if path.lower().endswith(_AS_DATA_URL):
            kind = mimetypes.guess_type(path)[0] or "image/png"
            return _read(action, f"data:{kind};base64,{base64.b64encode(data).decode()}")
        if is_binary(data):
            return _error(action, "ERROR_BINARY_FILE")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return _error(action, f"File could not be decoded as utf-8: {action.args.path}.")
        lines = text.replace("\r\n", "\n").splitlines(keepends=True)
        return _read(action, "".join(_slice(lines, action.args.start, action.args.end)))

    async def write(self, action: WriteAction) -> Observation:
        """Carry out a `write`: replace lines `start` to `end` and make the file's directories."""
        args = action.args
        path = posixpath.join(self._directory(), args.path)
        try:
            lines = decoded(await self._files.read(path)).splitlines(keepends=True)
        except FileNotFoundError:
            lines = []
        except OSError as error:
            return _error(action, _in_words(error, args.path, self._directory()))
        start, end = _bounds(len(lines), args.start, args.end)
        added = [f"{line}\n" for line in args.content.split("\n")]
        text = "".join([*lines[:start], *added, *lines[end:]])
        try:
            await self._files.write(path, encoded(text))
        except OSError as error:
            return _error(action, _in_words(error, args.path, self._directory()))
        return WriteObservation(
            source=action.source,
            message=f"I wrote to the file {args.path}.",
            extras=WriteExtras(path=args.path),
        )

    async def edit(self, action: EditAction) -> Observation | None:
        """Carry out an `edit` with the editor; None for a draft that a model would have to merge."""
        args = action.args
        if args.impl_source != _EDITOR or (not args.command and args.content):
            return None
        diff = ""
        try:
            edited = await self._editor.edit(args)
            content = edited.answer
            diff = _diff(edited.before or "", edited.after or "", args.path)
        except EditorError as error:
            content = f"ERROR:\n{error}"
        extras = EditExtras(
            path=args.path, old_content=args.old_str, new_content=args.new_str, impl_source=_EDITOR, diff=diff
        )
        message = f"I edited the file {args.path}."
        return EditObservation(source=action.source, message=message, content=content, extras=extras)

    async def _view(self, action: ReadAction) -> Observation:
        try:
            content = await self._editor.view(action.args.path, action.args.view_range)
        except EditorError as error:
            if "appears to be binary" in str(error):
                return _error(action, "ERROR_BINARY_FILE")
            content = f"ERROR:\n{error}"
        return _read(action, content)


def _slice(lines: list[str], start: int, end: int) -> list[str]:
    first, last = _bounds(len(lines), start, end)
    return lines[first:last]


def _bounds(count: int, start: int, end: int) -> tuple[int, int]:
    """0-based `start` and `end` (exclusive; -1: the end) as positions among `count` lines."""
    last = count if end == -1 else min(max(end, 0), count)
    return min(max(start, 0), count), max(last, min(max(start, 0), count))


def _diff(before: str, after: str, path: str) -> str:
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), path, path, lineterm="", n=0)
    return "\n".join(lines)


def _read(action: ReadAction, content: str) -> ReadObservation:
    return ReadObservation(
        source=action.source,
        message=f"I read the file {action.args.path}.",
        content=content,
        extras=ReadExtras(path=action.args.path, impl_source=action.args.impl_source),
    )


def _error(action: Action, content: str) -> ErrorObservation:
    return ErrorObservation(source=action.source, message=content, content=content, extras=ErrorExtras())


def _in_words(error: OSError, path: str, directory: str) -> str:
    if error.errno == errno.ENOENT:
        return f"File not found: {path}. Your current working directory is {directory}."
    if error.errno == errno.EISDIR:
        return f"Path is a directory: {path}. You can only read files"
    return f"{error.strerror}: {path}."
