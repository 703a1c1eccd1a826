"""OpenHands' file editor over a sandbox's files: the answers of openhands-aci 0.3, word for word."""

from __future__ import annotations

import posixpath
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Final

from trajcore.events.actions import EditArgs
from trajcore.sandbox.editortext import (
    EditorError,
    checked_range,
    decoded,
    invalid,
    is_binary,
    lines_of,
    normal,
    numbered,
    only_occurrence,
    required,
)
from trajcore.sandbox.files import Entry, Files
from trajcore.sandbox.quoting import encoded

_CONTEXT: Final = 4
_UNDO_DEPTH: Final = 10
_LARGEST: Final = 10 << 20
_COMMANDS: Final = "view, create, str_replace, insert, undo_edit"
_CHECK: Final = "Review the changes and make sure they are as expected"
_AGAIN: Final = "Edit the file again if necessary."


@dataclass(frozen=True, slots=True)
class Edited:
    """What the editor answers, and the file before (None: there was none) and after."""

    answer: str
    before: str | None = None
    after: str | None = None


class Editor:
    """The editor's commands. Remembers, for undo, the last ten states of every file it changed."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._history: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_UNDO_DEPTH))

    async def view(self, path: str, view_range: list[int] | None = None) -> str:
        """A file with its lines numbered, or a directory two levels deep. Raises `EditorError`."""
        path = normal(path)
        if await self._is_directory(path):
            if view_range:
                raise invalid(
                    "view_range",
                    view_range,
                    "The `view_range` parameter is not allowed when `path` points to a directory.",
                )
            return await self._listing(path)
        text = await self._text(path)
        if view_range is None:
            return numbered(text, path)
        lines = lines_of(text)
        first, last, note = checked_range(view_range, len(lines))
        return note + numbered("\n".join(line.rstrip("\n") for line in lines[first - 1 : last]), path, first)

    async def edit(self, args: EditArgs) -> Edited:
        """Carry out `create`, `str_replace`, `insert` or `undo_edit`. Raises `EditorError`."""
        path = normal(args.path)
        if args.command == "create":
            return await self._create(path, args.file_text)
        if args.command == "str_replace":
            return await self._replace(path, args.old_str, args.new_str)
        if args.command == "insert":
            return await self._insert(path, args.insert_line, args.new_str)
        if args.command == "undo_edit":
            return await self._undo(path)
        if args.command == "view":
            return Edited(await self.view(path))
        raise EditorError(
            f"Unrecognized command {args.command}. "
            f"The allowed commands for the oh_editor tool are: {_COMMANDS}"
        )

    async def _create(self, path: str, text: str | None) -> Edited:
        if (await self._files.kind(path)).name != "missing":
            raise invalid(
                "path",
                path,
                f"File already exists at: {path}. Cannot overwrite files using command `create`.",
            )
        if text is None:
            raise required("file_text", "create")
        await self._store(path, text)
        self._history[path].append(text)
        return Edited(f"File created successfully at: {path}", None, text)

    async def _replace(self, path: str, old: str | None, new: str | None) -> Edited:
        await self._must_be_file(path)
        if old is None:
            raise required("old_str", "str_replace")
        new = new or ""
        if old == new:
            raise invalid(
                "new_str", new, "No replacement was performed. `new_str` and `old_str` must be different."
            )
        before = await self._text(path)
        start, old, new = only_occurrence(before, old, new, path)
        after = before[:start] + new + before[start + len(old) :]
        await self._store(path, after)
        self._history[path].append(before)
        line = before.count("\n", 0, start) + 1
        first = max(0, line - _CONTEXT)
        snippet = "".join(lines_of(after)[first : line + _CONTEXT + new.count("\n")])
        shown = numbered(snippet, f"a snippet of {path}", first + 1)
        return Edited(f"The file {path} has been edited. {shown}{_CHECK}. {_AGAIN}", before, after)

    async def _insert(self, path: str, line: int | None, new: str | None) -> Edited:
        await self._must_be_file(path)
        if line is None:
            raise required("insert_line", "insert")
        if new is None:
            raise required("new_str", "insert")
        before = await self._text(path)
        lines = lines_of(before)
        if not 0 <= line <= len(lines):
            raise invalid(
                "insert_line", line, f"It should be within the range of allowed values: [0, {len(lines)}]"
            )
        added = [f"{part}\n" for part in new.split("\n")]
        after = "".join([*lines[:line], *added, *lines[line:]])
        await self._store(path, after)
        self._history[path].append(before)
        first = max(0, line - _CONTEXT)
        snippet = "".join([*lines[first:line], *added, *lines[line : line + _CONTEXT]])
        shown = numbered(snippet, "a snippet of the edited file", first + 1)
        check = f"{_CHECK} (correct indentation, no duplicate lines, etc). {_AGAIN}"
        return Edited(f"The file {path} has been edited. {shown}{check}", before, after)

    async def _undo(self, path: str) -> Edited:
        await self._must_be_file(path)
        if not self._history[path]:
            raise EditorError(f"No edit history found for {path}.")
        before = await self._text(path)
        after = self._history[path].pop()
        await self._store(path, after)
        return Edited(f"Last edit to {path} undone successfully. {numbered(after, path)}", before, after)

    async def _is_directory(self, path: str) -> bool:
        kind = await self._files.kind(path)
        if kind.name == "missing":
            raise invalid("path", path, f"The path {path} does not exist. Please provide a valid path.")
        if kind.name == "other":
            raise EditorError(f"File validation failed for {path}: It is not a regular file.")
        if kind.size > _LARGEST:
            size = kind.size / (1 << 20)
            raise EditorError(
                f"File validation failed for {path}: File is too large ({size:.1f}MB). "
                "Maximum allowed size is 10MB."
            )
        return kind.name == "directory"

    async def _must_be_file(self, path: str) -> None:
        if await self._is_directory(path):
            raise invalid(
                "path",
                path,
                f"The path {path} is a directory and only the `view` command can be used on directories.",
            )

    async def _text(self, path: str) -> str:
        try:
            data = await self._files.read(path, _LARGEST)
        except OSError as error:
            raise EditorError(f"Ran into {error} while trying to read {path}") from error
        if is_binary(data):
            raise EditorError(
                f"File validation failed for {path}: File appears to be binary and this file type "
                "cannot be read or edited by this tool."
            )
        return decoded(data).replace("\r\n", "\n").replace("\r", "\n")

    async def _store(self, path: str, text: str) -> None:
        try:
            await self._files.write(path, encoded(text), parents=False)
        except OSError as error:
            raise EditorError(f"Ran into {error} while trying to write to {path}") from error

    async def _listing(self, path: str) -> str:
        entries = await self._entries(path)
        hidden = sum(entry.name.startswith(".") for entry in entries)
        found = {path: True}
        for entry in entries:
            if entry.name.startswith("."):
                continue
            child = posixpath.join(path, entry.name)
            found[child] = entry.is_directory
            if entry.is_directory:
                for grandchild in await self._entries(child):
                    if not grandchild.name.startswith("."):
                        found[posixpath.join(child, grandchild.name)] = grandchild.is_directory
        shown = "\n".join(f"{name}/" if found[name] else name for name in sorted(found)).replace("//", "/")
        note = (
            f"\n\n{hidden} hidden files/directories in this directory are excluded. "
            f"You can use 'ls -la {path}' to see them."
        )
        head = f"Here's the files and directories up to 2 levels deep in {path}, excluding hidden items:"
        return f"{head}\n{shown}{note if hidden else ''}"

    async def _entries(self, path: str) -> list[Entry]:
        try:
            return await self._files.list(path)
        except OSError:
            return []
