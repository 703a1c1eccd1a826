"""OpenHands' file editor over a sandbox's files: the answers of openhands-aci 0.3, word for word."""

from __future__ import annotations

import posixpath
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Final

from trajcore.events.actions import EditArgs
from trajcore.runtimes.openhands.editortext import (
    EditorError,
    check_kind,
    checked_range,
    invalid,
    is_document,
    lines_of,
    listing,
    normal,
    numbered,
    only_occurrence,
    required,
)
from trajcore.runtimes.openhands.textfiles import NoText, Text, Undetectable, read_text, written
from trajcore.sandbox.base import DirectoryEntry, Files, PathKind

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
        path = await self.absolute(path)
        if (await self._existing(path)).name == "directory":
            if view_range:
                raise invalid(
                    "view_range",
                    view_range,
                    "The `view_range` parameter is not allowed when `path` points to a directory.",
                )
            return await self._listing(path)
        if is_document(path):
            raise EditorError(
                "Error in converting file to Markdown: trajtui does not convert documents. "
                f"Please use Python code to read {path}"
            )
        text = (await self._load(path, to_change=False)).content
        if not view_range:
            return self.numbered(text, path)
        lines = lines_of(text)
        first, last, note = checked_range(view_range, len(lines))
        return note + self.numbered("\n".join("".join(lines[first - 1 : last]).splitlines()), path, first)

    async def edit(self, args: EditArgs) -> Edited:
        """Carry out `create`, `str_replace`, `insert` or `undo_edit`. Raises `EditorError`."""
        path = await self.absolute(args.path)
        if args.command == "view":
            return Edited(await self.view(path))
        if args.command == "create":
            return await self._create(path, args.file_text)
        await self._must_be_file(path)
        check_kind(path)
        match args.command:
            case "str_replace":
                return await self._replace(path, args.old_str, args.new_str)
            case "insert":
                return await self._insert(path, args.insert_line, args.new_str)
            case "undo_edit":
                return await self._undo(path)
        raise EditorError(
            f"Unrecognized command {args.command}. "
            f"The allowed commands for the oh_editor tool are: {_COMMANDS}"
        )

    async def absolute(self, path: str) -> str:
        """`path` without needless slashes and dots. Raises `EditorError` when it is relative."""
        return normal(path)

    def numbered(self, text: str, what: str, first: int = 1) -> str:
        """The answer that shows `text` with numbered lines."""
        return numbered(text, what, first)

    def occurrence(self, text: str, old: str, new: str, path: str) -> tuple[int, str, str]:
        """Where the only `old` is, and both strings as they are taken. Raises `EditorError`."""
        return only_occurrence(text, old, new, path)

    def memory(self) -> object:
        """What is remembered for undo, as `recall` takes it."""
        return {path: tuple(states) for path, states in self._history.items() if states}

    def recall(self, memory: object) -> None:
        """Remember what was remembered then, and nothing else."""
        assert isinstance(memory, dict)
        self._history.clear()
        for path, states in memory.items():
            self._history[path].extend(states)

    async def _create(self, path: str, text: str | None) -> Edited:
        if (await self._files.kind(path)).name != "missing":
            raise invalid(
                "path",
                path,
                f"File already exists at: {path}. Cannot overwrite files using command `create`.",
            )
        check_kind(path)
        if text is None:
            raise required("file_text", "create")
        await self._store(path, Text(text, "utf-8"))
        self._history[path].append(text)
        return Edited(f"File created successfully at: {path}", None, text)

    async def _replace(self, path: str, old: str | None, new: str | None) -> Edited:
        if old is None:
            raise required("old_str", "str_replace")
        if new == old:
            raise invalid(
                "new_str", new, "No replacement was performed. `new_str` and `old_str` must be different."
            )
        text = await self._load(path)
        before = text.content
        start, old, new = self.occurrence(before, old, new or "", path)
        after = before[:start] + new + before[start + len(old) :]
        await self._store(path, Text(after, text.encoding))
        self._history[path].append(before)
        line = before.count("\n", 0, start) + 1
        first = max(0, line - _CONTEXT)
        now = lines_of((await self._load(path)).content)
        snippet = "".join(now[first : line + _CONTEXT + new.count("\n")])
        shown = self.numbered(snippet, f"a snippet of {path}", first + 1)
        return Edited(f"The file {path} has been edited. {shown}{_CHECK}. {_AGAIN}", before, after)

    async def _insert(self, path: str, line: int | None, new: str | None) -> Edited:
        if line is None:
            raise required("insert_line", "insert")
        if new is None:
            raise required("new_str", "insert")
        text = await self._load(path)
        lines = lines_of(text.content)
        if not 0 <= line <= len(lines):
            raise invalid(
                "insert_line", line, f"It should be within the range of allowed values: [0, {len(lines)}]"
            )
        added = [f"{part}\n" for part in new.split("\n")]
        await self._swap(path, Text("".join([*lines[:line], *added, *lines[line:]]), text.encoding))
        first = max(0, line - _CONTEXT)
        last = min(len(lines) + len(added), line + _CONTEXT + len(added))
        after = (await self._load(path)).content
        self._history[path].append(text.content)
        shown = self.numbered("".join(lines_of(after)[first:last]), "a snippet of the edited file", first + 1)
        check = f"{_CHECK} (correct indentation, no duplicate lines, etc). {_AGAIN}"
        return Edited(f"The file {path} has been edited. {shown}{check}", text.content, after)

    async def _undo(self, path: str) -> Edited:
        text = await self._load(path)
        if not self._history[path]:
            raise EditorError(f"No edit history found for {path}.")
        after = self._history[path].pop()
        await self._store(path, Text(after, text.encoding))
        return Edited(
            f"Last edit to {path} undone successfully. {self.numbered(after, path)}", text.content, after
        )

    async def _existing(self, path: str) -> PathKind:
        kind = await self._files.kind(path)
        if kind.name == "missing":
            raise invalid("path", path, f"The path {path} does not exist. Please provide a valid path.")
        if kind.name == "other":
            raise EditorError(f"File validation failed for {path}: It is not a regular file.")
        return kind

    async def _must_be_file(self, path: str) -> None:
        if (await self._existing(path)).name == "directory":
            raise invalid(
                "path",
                path,
                f"The path {path} is a directory and only the `view` command can be used on directories.",
            )

    async def _load(self, path: str, *, to_change: bool = True) -> Text:
        """What a file holds, if it is a text that the editor takes."""
        size = (await self._files.kind(path)).size
        if size > _LARGEST:
            raise EditorError(
                f"File validation failed for {path}: File is too large ({size / (1 << 20):.1f}MB). "
                "Maximum allowed size is 10MB."
            )
        try:
            return await read_text(await self._files.read(path, _LARGEST), path, to_change=to_change)
        except NoText:
            raise EditorError(
                f"File validation failed for {path}: File appears to be binary and this file type "
                "cannot be read or edited by this tool."
            ) from None
        except Undetectable as error:
            raise EditorError(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise EditorError(f"Ran into {error} while trying to read {path}") from error

    async def _store(self, path: str, text: Text) -> None:
        """Write a file. Text that its encoding cannot hold leaves it empty, as it does in OpenHands."""
        try:
            try:
                data = written(text.content, text.encoding)
            except UnicodeError:
                await self._files.write(path, b"", parents=False)
                raise
            await self._files.write(path, data, parents=False)
        except (OSError, UnicodeError) as error:
            raise EditorError(f"Ran into {error} while trying to write to {path}") from error

    async def _swap(self, path: str, text: Text) -> None:
        """Put a new file, private to its owner, in the place of another, as OpenHands does to insert."""
        try:
            await self._files.replace(path, written(text.content, text.encoding))
        except (OSError, UnicodeError) as error:
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
        return listing(path, found, hidden)

    async def _entries(self, path: str) -> list[DirectoryEntry]:
        try:
            return await self._files.list(path)
        except OSError:
            return []
