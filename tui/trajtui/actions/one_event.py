"""Editing one event: in the form, or in the user's own editor."""

from __future__ import annotations

from typing import Any

from textual.app import App

from trajcore.errors import BadInput
from trajcore.formats.json.merge import merged
from trajcore.session import Session
from trajcore.trajectory import Edit
from trajtui.event_json import as_text, problems_of, read_event
from trajtui.external_editor import TextFile, edit_in, editor_command
from trajtui.screens.dialogs import Ask, Choose
from trajtui.screens.edit_event import Edited, EditEvent

_UNCHANGED = "nothing was changed"


def said_of(edit: Edit) -> str:
    """What is said of an edit: what it did, and what else there is to know."""
    return f"{edit.label} · {edit.note}" if edit.note else edit.label


async def edit_here(session: Session, index: int, ask: Ask) -> str | None:
    """Edit an event as a form, or as the JSON it is; the answer is what is to be said of it."""
    event = _Event(session, index)
    said: list[str] = []

    def apply(edited: Edited) -> None:
        if edited.values is not None:
            said.append(said_of(session.editing.set_values(index, edited.values)))
        else:
            said.append(event.become(edited.event))

    title = f"{session.trajectory.head(index).kind} {session.trajectory.label(index)}"
    await ask(EditEvent(title, event.data, apply))
    return said[0] if said else None


async def edit_outside(session: Session, index: int, app: App[Any], ask: Ask) -> str:
    """Edit an event in the user's own editor, again and again until it is one. Raises `BadInput`."""
    command = editor_command()
    event = _Event(session, index)
    text = as_text(event.data, short=False) + "\n"
    file = TextFile(f"event-{session.trajectory.label(index).lstrip('#')}.json", text)
    try:
        while True:
            await edit_in(app, command, file.path)
            written = file.read()
            if written == text:
                return _UNCHANGED
            fault, made = _checked(written)
            if made is not None and not fault:
                return event.become(made)
            answers = {"again": "Edit it again", "discard": "Throw what was written away"}
            if made is not None:
                answers = {"again": "Edit it again", "apply": "Apply it all the same", **answers}
            answer = await ask(Choose(f"That is not a valid event: {fault}", answers))
            if answer == "apply" and made is not None:
                return event.become(made)
            if answer == "discard":
                return "nothing was taken over"
    finally:
        file.close()


class _Event:
    """An event as it was when its editing began."""

    def __init__(self, session: Session, index: int) -> None:
        self._session = session
        self._index = index
        self._raw = session.trajectory.raw(index)
        self.data = session.trajectory.data(index)

    def become(self, other: dict[str, Any]) -> str:
        """Write another event over it, so that what is equal in both keeps its bytes; what is to be said."""
        after = merged(self._raw, self.data, other)
        if after == self._raw:
            return _UNCHANGED
        return said_of(self._session.editing.replace_event(self._index, after))


def _checked(text: str) -> tuple[str, dict[str, Any] | None]:
    """What is wrong with a text that should be an event, and the event where it is one after all."""
    try:
        event = read_event(text)
    except BadInput as error:
        return str(error), None
    problems = problems_of(event)
    return (str(problems[0]) if problems else ""), event
