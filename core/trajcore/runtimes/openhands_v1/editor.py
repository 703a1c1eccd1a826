"""V1's file editor: that of V0 with fewer words, a failure told by a field, and pictures."""

from __future__ import annotations

import base64
import mimetypes
import re
from pathlib import PurePosixPath
from typing import Any, Final

from trajcore.events.actions import EditAction, ReadAction
from trajcore.events.base import Observation
from trajcore.events.observations import EditExtras, EditObservation, ReadExtras, ReadObservation
from trajcore.runtimes.openhands.editor import Editor
from trajcore.runtimes.openhands.editortext import EditorError, normal, numbered, only_occurrence
from trajcore.sandbox.base import Files

_PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
_NUMBERED_END: Final = re.compile(r"\n *(\d+)\t\n(?:Review the changes|\Z)")
"""The number of a line with nothing in it, behind all others."""


class V1Editor(Editor):
    """The editor of one conversation, which starts in `home`."""

    def __init__(self, files: Files, home: str) -> None:
        super().__init__(files)
        self._home = home
        self.numbers_end = False
        """Whether what stands behind the last line break has a number, as up to 1.21."""

    async def absolute(self, path: str) -> str:
        """See `Editor.absolute`. Says which file may be meant."""
        try:
            return normal(path)
        except EditorError as error:
            meant = str(PurePosixPath(self._home, path))
            if (await self._files.kind(meant)).name == "missing":
                raise
            raise EditorError(f"{error} Maybe you meant {meant}?") from None

    def numbered(self, text: str, what: str, first: int = 1) -> str:
        """See `Editor.numbered`."""
        return numbered(text if self.numbers_end else text.removesuffix("\n"), what, first)

    def occurrence(self, text: str, old: str, new: str, path: str) -> tuple[int, str, str]:
        """See `Editor.occurrence`. What is put in stays as it is, though the other is found stripped."""
        place, found, stripped = only_occurrence(text, old, new, path)
        return place, found, stripped if self.numbers_end else new

    async def picture(self, path: str) -> str:
        """A picture as a data URL; empty where a path leads to none. Raises `EditorError`."""
        path = await self.absolute(path)
        if not path.lower().endswith(_PICTURES) or (await self._files.kind(path)).name != "file":
            return ""
        try:
            data = await self._files.read(path)
        except OSError as error:
            raise EditorError(f"Ran into {error} while trying to read {path}") from error
        kind = mimetypes.guess_type(path)[0] or "image/png"
        return f"data:{kind};base64,{base64.b64encode(data).decode()}"

    def learn(self, recorded: Observation | None) -> None:
        """See by the answer to an edit what the end of a file looks like."""
        after = getattr(recorded.extras, "new_content", None) if recorded is not None else None
        found = _NUMBERED_END.search(recorded.content) if recorded is not None else None
        if isinstance(after, str) and found is not None:
            self.numbers_end = int(found[1]) > after.count("\n") and after.endswith("\n")


async def view(action: ReadAction, recorded: Observation | None, editor: V1Editor) -> Observation:
    """Carry out `view`."""
    path, lines = action.args.path, action.args.view_range
    try:
        url = await editor.picture(path)
        if url:
            said = f"Image file {path} read successfully. Displaying image content."
            return _read(action, said, image_urls=[url])
        content = await editor.view(path, lines)
        if recorded is not None and content != recorded.content:
            editor.numbers_end = not editor.numbers_end
            other = await editor.view(path, lines)
            if other == recorded.content:
                content = other
            else:
                editor.numbers_end = not editor.numbers_end
    except EditorError as error:
        return _read(action, str(error), is_error=True)
    return _read(action, content)


async def edit(action: EditAction, recorded: Observation | None, editor: V1Editor) -> Observation:
    """Carry out `create`, `str_replace`, `insert` or `undo_edit`."""
    args = action.args
    editor.learn(recorded)
    try:
        edited = await editor.edit(args)
    except EditorError as error:
        return _edited(action, str(error), is_error=True)
    return _edited(
        action, edited.answer,
        prev_exist=edited.before is not None, old_content=edited.before, new_content=edited.after,
    )  # fmt: skip


def _read(action: ReadAction, content: str, *, is_error: bool = False, **more: Any) -> ReadObservation:
    fields = {"path": action.args.path, "command": "view", "is_error": is_error, "prev_exist": True, **more}
    return ReadObservation(source=action.source, content=content, extras=ReadExtras.model_validate(fields))


def _edited(action: EditAction, content: str, *, is_error: bool = False, **more: Any) -> EditObservation:
    own = {"path": action.args.path, "command": action.args.command, "impl_source": "oh_aci"}
    fields = {"prev_exist": True, "is_error": is_error, **own, **more}
    return EditObservation(source=action.source, content=content, extras=EditExtras.model_validate(fields))
