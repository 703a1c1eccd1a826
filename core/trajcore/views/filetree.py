"""Changed files as a tree: directories that fold, files that unfold to their diffs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from trajcore.sandbox.base import FileChange
from trajcore.text import safe_line
from trajcore.views.blocks import Block, BlockKind, Nest
from trajcore.views.editdiff import changed_lines
from trajcore.views.filelog import Author
from trajcore.views.timeline import Row

MARKS: Final = {"added": "+", "deleted": "−", "changed": "~"}
"""What stands before a file, by what became of it."""
_KINDS: Final = {"added": BlockKind.ADDED, "deleted": BlockKind.REMOVED, "changed": BlockKind.TEXT}
_FOLDED, _UNFOLDED = "▸", "▾"
_INDENT: Final = "  "


@dataclass(frozen=True)
class Moments:
    """Between which changes of the run, by how many there were before, the files are compared."""

    before: int
    after: int


class FolderBlock(Nest):
    """A directory of the tree, which is unfolded to what is in it."""

    path: str


class FileBlock(Nest):
    """A changed file, which is unfolded to its diff."""

    path: str
    moments: Moments


class AuthorBlock(Block):
    """Who changed a file last; choosing it goes there."""

    row: Row


@dataclass
class _Folder:
    """What is in a directory: others by their names, and changes; and what became of it itself."""

    folders: dict[str, _Folder] = field(default_factory=dict)
    files: list[FileChange] = field(default_factory=list)
    own: FileChange | None = None


LastBy = Callable[[str], Author | None]
"""Who is to be named as the last who changed a file; None: nobody."""


def tree(files: Iterable[FileChange], moments: Moments, last_by: LastBy) -> list[Block]:
    """The changed files as a tree."""
    top = _Folder()
    for change in sorted(files, key=lambda change: change.path):
        _, *names, last = change.path.split("/")
        folder = top
        for name in names:
            folder = folder.folders.setdefault(name if folder is not top else f"/{name}", _Folder())
        if last:
            folder.files.append(change)
        else:
            folder.own = change
    return list(_blocks(top, "", 0, moments, last_by))


def _blocks(folder: _Folder, path: str, depth: int, moments: Moments, last_by: LastBy) -> tuple[Block, ...]:
    folders = [_folder(one, path, name, depth, moments, last_by) for name, one in folder.folders.items()]
    return (*folders, *(_file(change, path, depth, moments, last_by) for change in folder.files))


def _folder(
    folder: _Folder, above: str, name: str, depth: int, moments: Moments, last_by: LastBy
) -> FolderBlock | FileBlock:
    path = f"{above}{name}/"
    while len(folder.folders) == 1 and not folder.files and folder.own is None:
        ((below, folder),) = folder.folders.items()
        path += f"{below}/"
    if folder.own is not None and not folder.folders and not folder.files:
        return _file(folder.own, above, depth, moments, last_by)
    mark = f"{MARKS[folder.own.kind]} " if folder.own is not None else ""
    shown = mark + safe_line(path.removeprefix(above))
    within = list(_all(folder))
    counted = f"{len(within)} change{'s' * (len(within) != 1)}"
    said = " · ".join(filter(None, (_lines(within), counted)))
    head = f"{_INDENT * depth}{_FOLDED} {shown}  {said}"
    opened = Block(BlockKind.TEXT, f"{_INDENT * depth}{_UNFOLDED} {shown}")
    made = FolderBlock(
        BlockKind.TEXT, head, "", (path, tuple(within), moments),
        lambda: (opened, *_blocks(folder, path, depth + 1, moments, last_by)),
    )  # fmt: skip
    made.__dict__.update(path=path)
    return made


def _all(folder: _Folder) -> Iterable[FileChange]:
    for below in folder.folders.values():
        yield from _all(below)
    yield from folder.files
    if folder.own is not None:
        yield folder.own


def _file(change: FileChange, above: str, depth: int, moments: Moments, last_by: LastBy) -> FileBlock:
    line, kind = _line(change, above), _KINDS[change.kind]
    indent, author = _INDENT * depth, last_by(change.path)
    opened = Block(kind, f"{indent}{_UNFOLDED} {line}")
    made = FileBlock(
        kind, f"{indent}{_FOLDED} {line}", "", (change, moments, author),
        partial(_unfolded, opened, change, author),
    )  # fmt: skip
    made.__dict__.update(path=change.path, moments=moments)
    return made


def _unfolded(opened: Block, change: FileChange, author: Author | None) -> tuple[Block, ...]:
    last = [_last(author)] if author is not None else []
    shown = [changed_lines(change.diff)] if change.diff else []
    return (opened, *last, *shown)


def _last(author: Author) -> Block:
    said = safe_line(f"last written by {author.words}")
    if author.row is None:
        return Block(BlockKind.NOTE, said)
    made = AuthorBlock(BlockKind.NOTE, f"{said} · Enter goes there")
    made.__dict__.update(row=author.row)
    return made


def _line(change: FileChange, above: str) -> str:
    name = change.path.removeprefix(above)
    notes = [note for note in (_lines([change]), _sizes(change), change.note) if note]
    return safe_line(f"{MARKS[change.kind]} {name}{'  ' + ' · '.join(notes) if notes else ''}")


def _lines(changes: Sequence[FileChange]) -> str:
    """How many lines came and went, where that is known of any."""
    come = gone = 0
    for change in changes:
        for line in change.diff.split("\n")[2:]:
            come += line.startswith("+")
            gone += line.startswith("-")
    return f"+{come} −{gone}" if come or gone else ""


def _sizes(change: FileChange) -> str:
    if change.before == change.after:
        return "" if change.after is None else size_words(change.after)
    return " → ".join(size_words(size) for size in (change.before, change.after) if size is not None)


def size_words(size: int) -> str:
    """So many bytes, for people."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
