"""OpenHands' file editor over a sandbox's files: the answers of openhands-aci 0.3, word for word."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Final

from trajcore.events.actions import EditArgs
from trajcore.sandbox.files import Entry, Files

_CONTEXT: Final = 4
_UNDO_DEPTH: Final = 10
_LARGEST: Final = 10 << 20
_LONGEST: Final = 16_000
_CLIPPED: Final = (
    "<response clipped><NOTE>Due to the max output limit, only part of this file has been shown to you. "
    "You should retry this tool after you have searched inside the file with `grep -n` in order to find "
    "the line numbers of what you are looking for.</NOTE>"
)
_COMMANDS: Final = "view, create, str_replace, insert, undo_edit"
_CHECK: Final = "Review the changes and make sure they are as expected"
_AGAIN: Final = "Edit the file again if necessary."


class EditorError(Exception):
    """The editor refuses; the message is the answer after `ERROR:`."""


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
        path = _normal(path)
        if await self._is_directory(path):
            if view_range:
                raise _invalid(
                    "view_range",
                    view_range,
                    "The `view_range` parameter is not allowed when `path` points to a directory.",
                )
            return await self._listing(path)
        text = await self._text(path)
        if view_range is None:
            return _numbered(text, path)
        lines = _lines(text)
        first, last, note = _checked_range(view_range, len(lines))
        return note + _numbered("\n".join(line.rstrip("\n") for line in lines[first - 1 : last]), path, first)

    async def edit(self, args: EditArgs) -> Edited:
        """Carry out `create`, `str_replace`, `insert` or `undo_edit`. Raises `EditorError`."""
        path = _normal(args.path)
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
            f"Unrecognized command {args.command}. The allowed commands for the oh_editor tool are: {_COMMANDS}"
        )

    async def _create(self, path: str, text: str | None) -> Edited:
        if (await self._files.kind(path)).name != "missing":
            raise _invalid(
                "path",
                path,
                f"File already exists at: {path}. Cannot overwrite files using command `create`.",
            )
        if text is None:
            raise _required("file_text", "create")
        await self._store(path, text)
        self._history[path].append(text)
        return Edited(f"File created successfully at: {path}", None, text)

    async def _replace(self, path: str, old: str | None, new: str | None) -> Edited:
        await self._must_be_file(path)
        if old is None:
            raise _required("old_str", "str_replace")
        new = new or ""
        if old == new:
            raise _invalid(
                "new_str", new, "No replacement was performed. `new_str` and `old_str` must be different."
            )
        before = await self._text(path)
        start, old, new = _only_occurrence(before, old, new, path)
        after = before[:start] + new + before[start + len(old) :]
        await self._store(path, after)
        self._history[path].append(before)
        line = before.count("\n", 0, start) + 1
        first = max(0, line - _CONTEXT)
        snippet = "".join(_lines(after)[first : line + _CONTEXT + new.count("\n")])
        shown = _numbered(snippet, f"a snippet of {path}", first + 1)
        return Edited(f"The file {path} has been edited. {shown}{_CHECK}. {_AGAIN}", before, after)

    async def _insert(self, path: str, line: int | None, new: str | None) -> Edited:
        await self._must_be_file(path)
        if line is None:
            raise _required("insert_line", "insert")
        if new is None:
            raise _required("new_str", "insert")
        before = await self._text(path)
        lines = _lines(before)
        if not 0 <= line <= len(lines):
            raise _invalid(
                "insert_line", line, f"It should be within the range of allowed values: [0, {len(lines)}]"
            )
        added = [f"{part}\n" for part in new.split("\n")]
        after = "".join([*lines[:line], *added, *lines[line:]])
        await self._store(path, after)
        self._history[path].append(before)
        first = max(0, line - _CONTEXT)
        snippet = "".join([*lines[first:line], *added, *lines[line : line + _CONTEXT]])
        shown = _numbered(snippet, "a snippet of the edited file", first + 1)
        check = f"{_CHECK} (correct indentation, no duplicate lines, etc). {_AGAIN}"
        return Edited(f"The file {path} has been edited. {shown}{check}", before, after)

    async def _undo(self, path: str) -> Edited:
        await self._must_be_file(path)
        if not self._history[path]:
            raise EditorError(f"No edit history found for {path}.")
        before = await self._text(path)
        after = self._history[path].pop()
        await self._store(path, after)
        return Edited(f"Last edit to {path} undone successfully. {_numbered(after, path)}", before, after)

    async def _is_directory(self, path: str) -> bool:
        kind = await self._files.kind(path)
        if kind.name == "missing":
            raise _invalid("path", path, f"The path {path} does not exist. Please provide a valid path.")
        if kind.name == "other":
            raise EditorError(f"File validation failed for {path}: It is not a regular file.")
        if kind.size > _LARGEST:
            size = kind.size / (1 << 20)
            raise EditorError(
                f"File validation failed for {path}: File is too large ({size:.1f}MB). Maximum allowed size is 10MB."
            )
        return kind.name == "directory"

    async def _must_be_file(self, path: str) -> None:
        if await self._is_directory(path):
            raise _invalid(
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
            await self._files.write(path, text.encode("utf-8", "surrogateescape"), parents=False)
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


def is_binary(data: bytes) -> bool:
    """Whether `data` is better not shown as text."""
    return b"\0" in data[:8192]


def decoded(data: bytes) -> str:
    """`data` as text: UTF-8, or else one character for each byte."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _normal(path: str) -> str:
    if not path.startswith("/"):
        raise _invalid("path", path, "The path should be an absolute path, starting with `/`.")
    return path.rstrip("/") or "/"


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _numbered(text: str, what: str, first: int = 1) -> str:
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + _CLIPPED
    numbered = "\n".join(f"{number:6}\t{line}" for number, line in enumerate(text.split("\n"), first))
    return f"Here's the result of running `cat -n` on {what}:\n{numbered}\n"


def _only_occurrence(text: str, old: str, new: str, path: str) -> tuple[int, str, str]:
    """Where `old` is, and both strings; stripped, if it is only found so."""
    places = _places(text, old)
    if not places:
        old, new = old.strip(), new.strip()
        places = _places(text, old)
    if not places:
        raise EditorError(f"No replacement was performed, old_str `{old}` did not appear verbatim in {path}.")
    if len(places) > 1:
        lines = sorted({text.count("\n", 0, place) + 1 for place in places})
        raise EditorError(
            f"No replacement was performed. Multiple occurrences of old_str `{old}` in lines {lines}. Please ensure it is unique."
        )
    return places[0], old, new


def _places(text: str, old: str) -> list[int]:
    return [found.start() for found in re.finditer(re.escape(old), text)]


def _checked_range(view_range: list[int], count: int) -> tuple[int, int, str]:
    if len(view_range) != 2:
        raise _invalid("view_range", view_range, "It should be a list of two integers.")
    first, last = view_range
    if not 1 <= first <= count:
        raise _invalid(
            "view_range", view_range,
            f"Its first element `{first}` should be within the range of lines of the file: [1, {count}].",
        )  # fmt: skip
    if last == -1:
        return first, count, ""
    if last < first:
        raise _invalid(
            "view_range", view_range,
            f"Its second element `{last}` should be greater than or equal to the first element `{first}`.",
        )  # fmt: skip
    note = (
        f"NOTE: We only show up to {count} since there're only {count} lines in this file.\n"
        if last > count
        else ""
    )
    return first, min(last, count), note


def _invalid(name: str, value: object, reason: str) -> EditorError:
    return EditorError(f"Invalid `{name}` parameter: {value}. {reason}")


def _required(name: str, command: str) -> EditorError:
    return EditorError(f"Parameter `{name}` is required for command: {command}.")
