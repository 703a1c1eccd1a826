"""`apply_patch`: patches in the form that Codex's models write, which name lines by what is around them.

A file is found by its path below the conversation's directory. Nothing is written before all of a patch fits.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trajcore.events.actions import ApplyPatchAction
from trajcore.events.base import Extras, Observation
from trajcore.events.observations import ApplyPatchObservation, ErrorExtras, ErrorObservation
from trajcore.sandbox.base import Files
from trajcore.sandbox.shell.quoting import encoded, quoted

_BEGIN: Final = "*** Begin Patch"
_END: Final = "*** End Patch"
_UPDATE, _DELETE, _ADD = "*** Update File: ", "*** Delete File: ", "*** Add File: "
_MOVE: Final = "*** Move to: "
_END_OF_FILE: Final = "*** End of File"
_SECTIONS: Final = (_END, *(name.rstrip() for name in (_UPDATE, _DELETE, _ADD)))
_MARKS: Final[Mapping[str, str]] = {"+": "added", "-": "removed", " ": "kept"}


class PatchError(Exception):
    """A patch does not fit; the message is the answer."""


@dataclass(frozen=True)
class Change:
    """What becomes of one file: `before` is None for a new one, `after` for one that is deleted."""

    before: str | None
    after: str | None
    moved: str = ""

    def told(self) -> dict[str, Any]:
        """As an observation tells it."""
        if self.before is None:
            return {"type": "add", "new_content": self.after}
        if self.after is None:
            return {"type": "delete", "old_content": self.before}
        texts = {"old_content": self.before, "new_content": self.after}
        return {"type": "update", **texts, "move_path": self.moved}


async def apply_patch(action: ApplyPatchAction, files: Files, home: str) -> Observation:
    """Carry a patch out."""

    def answer(content: str, **fields: Any) -> Observation:
        extras = Extras.model_validate(fields)
        return ApplyPatchObservation(source=action.source, content=content, extras=extras)

    patch = action.args.patch
    try:
        if not patch.startswith(_BEGIN):
            raise PatchError(f"Invalid patch: must start with '{_BEGIN}'")
        texts = {path: await _content(files, path, home) for path in named(patch)}
        changes, fuzz = changes_of(patch, texts)
        for path, change in changes.items():
            _resolved(path, home)
            _resolved(change.moved or path, home)
        for path, change in changes.items():
            await _carry_out(files, path, change, home)
    except PatchError as error:
        return answer(str(error), is_error=True, message="", fuzz=0)
    except (OSError, UnicodeError) as error:
        said = f"Error executing tool 'apply_patch': {error}"
        return ErrorObservation(source=action.source, content=said, extras=ErrorExtras())
    commit = {"changes": {path: change.told() for path, change in changes.items()}}
    return answer("Done!", is_error=False, message="Done!", fuzz=fuzz, commit=commit)


async def _content(files: Files, path: str, home: str) -> str:
    try:
        data = await files.read(_resolved(path, home))
    except FileNotFoundError:
        raise PatchError(f"Delete File Error: Missing File: {path}") from None
    return data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


async def _carry_out(files: Files, path: str, change: Change, home: str) -> None:
    here, there = _resolved(path, home), _resolved(change.moved or path, home)
    if change.after is not None:
        await files.write(there, encoded(change.after))
    if change.after is None or change.moved:
        await files.output(f"rm -f -- {quoted(here).decode()}")


def _resolved(path: str, home: str) -> str:
    found = posixpath.normpath(posixpath.join(home, path))
    if found != home and not found.startswith(f"{home.rstrip('/')}/"):
        raise PatchError("Absolute or escaping paths are not allowed")
    return found


def named(patch: str) -> list[str]:
    """The files that a patch wants to be there."""
    lines = patch.strip().split("\n")
    found = (line[len(mark) :] for line in lines for mark in (_UPDATE, _DELETE) if line.startswith(mark))
    return list(dict.fromkeys(found))


def changes_of(patch: str, texts: Mapping[str, str]) -> tuple[dict[str, Change], int]:
    """What a patch makes of files, and how far its lines were from theirs (0: none). Raises `PatchError`."""
    lines = patch.strip().split("\n")
    if len(lines) < 2 or not lines[0].startswith(_BEGIN) or lines[-1] != _END:
        raise PatchError("Invalid patch text")
    reader = _Reader(lines, texts)
    reader.read()
    return reader.changes, reader.fuzz


@dataclass
class _Hunk:
    """Lines that take the place of others, `at` a line of its section, or of a file."""

    at: int
    removed: int = 0
    added: list[str] = field(default_factory=list)


@dataclass
class _Reader:
    lines: Sequence[str]
    texts: Mapping[str, str]
    at: int = 1
    fuzz: int = 0
    changes: dict[str, Change] = field(default_factory=dict)

    def read(self) -> None:
        while not self._line.startswith(_END):
            for mark, read in ((_UPDATE, self._update), (_DELETE, self._delete), (_ADD, self._add)):
                path = self._line.removeprefix(mark)
                if path and path != self._line:
                    verb = mark.split()[1]
                    if path in self.changes:
                        raise PatchError(f"{verb} File Error: Duplicate Path: {path}")
                    self.at += 1
                    self.changes[path] = read(path)
                    break
            else:
                raise PatchError(f"Unknown Line: {self._line}")

    @property
    def _line(self) -> str:
        if self.at >= len(self.lines):
            raise PatchError(f"Unexpected end of patch at index {self.at}")
        return self.lines[self.at]

    def _delete(self, path: str) -> Change:
        return Change(self.texts[path], None)

    def _add(self, path: str) -> Change:
        added = []
        while not self._line.startswith(_SECTIONS):
            if not self._line.startswith("+"):
                raise PatchError(f"Invalid Add File Line: {self._line}")
            added.append(self._line[1:])
            self.at += 1
        return Change(None, "\n".join(added))

    def _update(self, path: str) -> Change:
        moved = ""
        if self._line.startswith(_MOVE):
            moved = self._line[len(_MOVE) :]
            if ".." in moved.split("/") or moved.startswith("/"):
                raise PatchError(
                    f"Update File Error: Invalid move path '{moved}': "
                    "must be a relative path without '..' components"
                )
            self.at += 1
        before = self.texts[path]
        lines, hunks, index = before.split("\n"), list[_Hunk](), 0
        while not self._line.startswith((*_SECTIONS, _END_OF_FILE)):
            index = self._behind_heading(lines, index)
            context, found, at_end = self._section()
            place, fuzz = _found(lines, context, index, at_end=at_end)
            if place < 0:
                what = "Invalid EOF Context" if at_end else "Invalid Context"
                raise PatchError(f"{what} {index}:\n" + "\n".join(context))
            self.fuzz += fuzz
            hunks += [_Hunk(place + hunk.at, hunk.removed, hunk.added) for hunk in found]
            index = place + len(context)
        return Change(before, "\n".join(_replaced(lines, hunks, path)), moved)

    def _behind_heading(self, lines: Sequence[str], index: int) -> int:
        """Where to look for the next section: behind the line that its heading names, if there is one."""
        heading = self._line[3:] if self._line.startswith("@@ ") else ""
        if heading or self._line.startswith("@@"):
            self.at += 1
        elif index:
            raise PatchError(f"Invalid Line:\n{self._line}")
        if not heading.strip():
            return index
        for same, fuzz in ((str, 0), (str.strip, 1)):
            spelled = [same(line) for line in lines]
            if same(heading) not in spelled[:index] and same(heading) in spelled[index:]:
                self.fuzz += fuzz
                return spelled.index(same(heading), index) + 1
        return index

    def _section(self) -> tuple[list[str], list[_Hunk], bool]:
        """The lines that a section looks for, what it makes of them, whether they are a file's last."""
        context, hunks, last, begin = list[str](), list[_Hunk](), "kept", self.at
        while not self._line.startswith(("@@", *_SECTIONS, _END_OF_FILE)) and self._line != "***":
            line = self._line or " "
            mark = _MARKS.get(line[0])
            if mark is None or line.startswith("***"):
                raise PatchError(f"Invalid Line: {line}")
            if mark != "kept" and last == "kept":
                hunks.append(_Hunk(len(context)))
            if mark == "added":
                hunks[-1].added.append(line[1:])
            else:
                context.append(line[1:])
                if mark == "removed":
                    hunks[-1].removed += 1
            last = mark
            self.at += 1
        if self._line == _END_OF_FILE:
            self.at += 1
            return context, hunks, True
        if self.at == begin:
            raise PatchError(f"Nothing in this section - index={begin} {self._line}")
        return context, hunks, False


_Same = Callable[[str], str]
_SPELLINGS: Final[tuple[tuple[_Same, int], ...]] = ((str, 0), (str.rstrip, 1), (str.strip, 100))
"""How lines are compared, the strictest way first, and how far off they are where that finds them."""
_NOT_AT_END: Final = 10_000


def _found(lines: Sequence[str], context: Sequence[str], start: int, *, at_end: bool) -> tuple[int, int]:
    """Where some lines are, and how far off they are; -1 where they are not there."""
    if not at_end:
        return _looked_for(lines, context, start)
    place, fuzz = _looked_for(lines, context, max(0, len(lines) - len(context)))
    if place >= 0:
        return place, fuzz
    place, fuzz = _looked_for(lines, context, start)
    return place, fuzz + _NOT_AT_END


def _looked_for(lines: Sequence[str], context: Sequence[str], start: int) -> tuple[int, int]:
    if not context:
        return start, 0
    for same, fuzz in _SPELLINGS:
        wanted, spelled = [same(line) for line in context], [same(line) for line in lines]
        for place in range(start, len(lines) - len(wanted) + 1):
            if spelled[place] == wanted[0] and spelled[place : place + len(wanted)] == wanted:
                return place, fuzz
    return -1, 0


def _replaced(lines: Sequence[str], hunks: Sequence[_Hunk], path: str) -> Iterator[str]:
    """The lines with the hunks in them. Raises `PatchError` where one lies before the one before it."""
    at = 0
    for hunk in hunks:
        if hunk.at < at:
            raise PatchError(f"_get_updated_file: {path}: orig_index {at} > chunk.orig_index {hunk.at}")
        yield from lines[at : hunk.at]
        yield from hunk.added
        at = hunk.at + hunk.removed
    yield from lines[at:]
