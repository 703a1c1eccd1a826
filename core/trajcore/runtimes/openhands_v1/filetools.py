"""The file tools that Gemini's models are given: `read_file`, `write_file`, `edit`, `list_directory`.

Relative paths start where the conversation does.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Final

from trajcore.events.actions import EditAction, ReadAction, WriteAction
from trajcore.events.base import Action
from trajcore.events.observations import (
    EditExtras,
    EditObservation,
    ReadExtras,
    ReadObservation,
    WriteExtras,
    WriteObservation,
)
from trajcore.runtimes.openhands.editortext import lines_of
from trajcore.sandbox.base import DirectoryEntry, Files
from trajcore.sandbox.shell.quoting import encoded

_LINES: Final = 1000
"""So many lines are shown where no limit is given."""
_ENTRIES: Final = 200
"""So many names of a directory are told."""


class FileTools:
    """The tools over a sandbox's files, for a conversation that starts in `home`."""

    def __init__(self, files: Files, home: str) -> None:
        self._files = files
        self._home = home

    async def read(self, action: ReadAction) -> ReadObservation:
        """`read_file`, or `list_directory` where the action asks whether to descend."""
        if isinstance(getattr(action.args, "recursive", None), bool):
            return await self._listed(action)
        path = self._resolved(action.args.path)
        if told := await self._no_file(path):
            return _read(action, told, path, is_error=True)
        try:
            lines = lines_of(_text(await self._files.read(path)))
        except OSError as error:
            return _read(action, _said(error, path, "reading file"), path, is_error=True)
        offset, limit = (_number(action, name) for name in ("offset", "limit"))
        if offset >= len(lines):
            told = f"Error: Offset {offset} is beyond file length ({len(lines)} lines)"
            return _read(action, told, path, is_error=True)
        end = min(offset + (limit or _LINES), len(lines))
        shown = "".join(f"{number:6d}  {line}" for number, line in enumerate(lines[offset:end], offset + 1))
        head = f"Read file: {path}"
        more: dict[str, Any] = {"is_truncated": end < len(lines), "total_lines": len(lines)}
        if end < len(lines):
            again = f"file_path='{action.args.path}', offset={end}, limit={limit or _LINES}"
            head += f" (showing lines {offset + 1}-{end} of {len(lines)})"
            head += f" To read more, use: read_file({again})"
            more["lines_shown"] = [offset + 1, end]
        return _read(action, f"{head}\n\n{shown}", path, file_content=shown, **more)

    async def _listed(self, action: ReadAction) -> ReadObservation:
        path = self._resolved(action.args.path)
        kind = (await self._files.kind(path)).name
        if kind != "directory":
            what = "Directory not found" if kind == "missing" else "Path is not a directory"
            return _read(action, f"Error: {what}: {path}", path, is_error=True)
        deep = getattr(action.args, "recursive", False) is True
        try:
            found = await self._entries(path, 2 if deep else 1)
        except OSError as error:
            return _read(action, _said(error, path, "listing directory"), path, is_error=True)
        count = len(found) if deep else min(len(found), _ENTRIES)
        cut = count >= _ENTRIES
        told = f"Listed directory: {path} ({count} entries{f', truncated to {_ENTRIES}' if cut else ''})"
        entries = [
            {
                "name": entry.name,
                "path": str(PurePosixPath(where, entry.name)),
                "is_directory": entry.is_directory,
            }
            for where, entry in found[:_ENTRIES]
        ]
        return _read(action, told, path, entries=entries, total_count=count, is_truncated=cut)

    async def _entries(self, path: str, depth: int) -> list[tuple[str, DirectoryEntry]]:
        """What is in a directory, and in those in it, `depth` levels deep."""
        entries = await self._files.list(path)
        found = [(path, entry) for entry in sorted(entries, key=lambda one: not one.is_directory)]
        for entry in entries:
            if depth > 1 and entry.is_directory and len(found) < _ENTRIES:
                found += await self._entries(str(PurePosixPath(path, entry.name)), depth - 1)
        return found

    async def write(self, action: WriteAction) -> WriteObservation:
        """`write_file`: the whole file is replaced, and its directories are made."""
        path = self._resolved(action.args.path)
        kind, before = (await self._files.kind(path)).name, None
        if kind == "directory":
            return _written(action, f"Error: Path is a directory, not a file: {path}", path, is_error=True)
        try:
            if kind != "missing":
                before = _text(await self._files.read(path))
            await self._files.write(path, encoded(action.args.content))
        except OSError as error:
            return _written(action, _said(error, path, "writing file"), path, is_error=True)
        verb = "Created" if kind == "missing" else "Updated"
        more = {"is_new_file": kind == "missing", "old_content": before, "new_content": action.args.content}
        return _written(action, f"{verb} file: {path}", path, **more)

    async def edit(self, action: EditAction) -> EditObservation:
        """`edit`: a text is replaced as often as it was expected to be there."""
        args, path = action.args, self._resolved(action.args.path)
        old, new = args.old_str or "", args.new_str or ""
        missing = (await self._files.kind(path)).name == "missing"
        try:
            if not old:
                if not missing:
                    told = (
                        f"Error: Cannot create file that already exists: {path}. Use write_file to overwrite "
                    )
                    return _edited(action, f"{told}or provide non-empty old_string.", path, is_error=True)
                await self._files.write(path, encoded(new))
                more = {"prev_exist": False, "replacements_made": 1, "new_content": new}
                return _edited(action, f"Created new file: {path}", path, **more)
            if missing:
                told = f"Error: File not found: {path}. To create a new file, use old_string=''."
                return _edited(action, told, path, is_error=True)
            if told := await self._no_file(path):
                return _edited(action, told, path, is_error=True)
            before = _text(await self._files.read(path))
            count = before.count(old)
            if told := _no_edit(old, new, count, _number(action, "expected_replacements", 1), path):
                return _edited(action, told, path, is_error=True)
            after = before.replace(old, new)
            await self._files.write(path, encoded(after))
        except OSError as error:
            return _edited(action, _said(error, path, "editing file"), path, is_error=True)
        told = f"Successfully edited {path} ({count} replacement(s))"
        more = {"replacements_made": count, "old_content": before, "new_content": after}
        return _edited(action, told, path, **more)

    async def _no_file(self, path: str) -> str:
        """Why a path leads to no file; empty where it does."""
        kind = (await self._files.kind(path)).name
        if kind == "missing":
            return f"Error: File not found: {path}"
        return f"Error: Path is a directory, not a file: {path}" if kind == "directory" else ""

    def _resolved(self, path: str) -> str:
        return str(PurePosixPath(self._home, path))


def _no_edit(old: str, new: str, count: int, expected: int, path: str) -> str:
    """Why nothing is replaced; empty where something is."""
    if old == new:
        return "Error: No changes to apply. old_string and new_string are identical."
    if count == 0:
        return (
            f"Error: Could not find the string to replace. 0 occurrences found in {path}. "
            "Use read_file to verify the exact text."
        )
    if count != expected:
        word = "occurrence" if expected == 1 else "occurrences"
        return f"Error: Expected {expected} {word} but found {count} in {path}."
    return ""


def _number(action: Action, name: str, otherwise: int = 0) -> int:
    value = getattr(action.args, name, None)
    return value if isinstance(value, int) and value >= 0 else otherwise


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _said(error: OSError, path: str, doing: str) -> str:
    return (
        f"Error: Permission denied: {path}"
        if isinstance(error, PermissionError)
        else f"Error {doing}: {error}"
    )


def _details(path: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "file_path": path, "is_error": False, **more}


def _read(action: ReadAction, content: str, path: str, **more: Any) -> ReadObservation:
    extras = ReadExtras.model_validate(_details(path, **more))
    return ReadObservation(source=action.source, content=content, extras=extras)


def _written(action: WriteAction, content: str, path: str, **more: Any) -> WriteObservation:
    extras = WriteExtras.model_validate(_details(path, **more))
    return WriteObservation(source=action.source, content=content, extras=extras)


def _edited(action: EditAction, content: str, path: str, **more: Any) -> EditObservation:
    extras = EditExtras.model_validate(_details(path, **more))
    return EditObservation(source=action.source, content=content, extras=extras)
