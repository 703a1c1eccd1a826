"""What the debugger's keys do to the recording: edits of the selected events, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from textual.app import App

from trajcore.dialects.openhands_v0.written import new_action, retold, user_message
from trajcore.errors import BadInput, Refused
from trajcore.replay.policy import asks_the_world
from trajcore.session import Session
from trajcore.trajectory import Edit
from trajtui.actions.one_event import edit_here, edit_outside, said_of
from trajtui.screens.dialogs import Ask, Choose
from trajtui.screens.edit_event import Edited, EditEvent
from trajtui.screens.history import HistoryList
from trajtui.screens.insert import AskKind, AskText
from trajtui.screens.replace_text import ReplaceText
from trajtui.widgets.timeline import TimelineView

_FLAGS: Final = ("hidden", "blocking", "is_input")
"""What can be flipped of a command."""


class EditActions:
    """Each method is one command. It returns what is to be said of it, and raises `BadInput`."""

    def __init__(self, session: Session, timeline: TimelineView, ask: Ask) -> None:
        self._session = session
        self._editing = session.editing
        self._timeline = timeline
        self._ask = ask

    # Flags

    def flip_wait(self) -> str:
        """Flip wait_for_response of the selected message."""
        return said_of(self._editing.flip(self._index("messages"), "wait_for_response"))

    async def flip(self) -> str | None:
        """Flip the flag of the selected event; of several, the one that the user picks."""
        index = self._index("events")
        trajectory = self._session.trajectory
        if trajectory.head(index).action != "run":
            return self.flip_wait()
        args = trajectory.modern(index).get("args")
        there: Mapping[str, Any] = args if isinstance(args, dict) else {}
        answers = {
            flag: f"{flag}: {_word(there.get(flag))} → {_word(not there.get(flag))}" for flag in _FLAGS
        }
        label = trajectory.label(index)
        flag = await self._ask(Choose(f"Flip a flag of run {label}", answers))
        return None if flag is None else said_of(self._editing.flip(index, flag))

    # The sequence

    def delete(self) -> str:
        """Delete the selected events with what belongs to them."""
        self._check_paused()
        chosen = self._chosen("deleted")
        edit = self._editing.delete(chosen)
        self._timeline.pick_none()
        self._timeline.follow(min(min(chosen), len(self._session.trajectory) - 1))
        return f"{_past(edit.label)} · u undoes"

    def move(self, by: int) -> str:
        """Move the selected events down, or (below 0) up."""
        self._check_paused()
        several = len(self._timeline.picked) > 1
        edit = self._editing.move(self._chosen("moved"), by)
        if not several:
            self._timeline.pick_none()
        return said_of(edit)

    def duplicate(self) -> str:
        """Duplicate the selected events with what belongs to them."""
        self._check_paused()
        edit = self._editing.duplicate(self._chosen("duplicated"))
        self._timeline.pick_none()
        self._show(edit)
        return said_of(edit)

    async def insert_message(self, *, behind: bool) -> str | None:
        """Insert a user message before or behind the selected event."""
        self._check_paused()
        at = self._place(behind=behind)
        where = "behind" if behind else "before"
        label = self._session.trajectory.label(self._index("events"))
        text = await self._ask(AskText(f"A user message {where} event {label}"))
        return None if text is None else self._insert(at, user_message(text))

    async def insert_kind(self) -> str | None:
        """Insert an event of any kind behind the selected one, filled in as a form first."""
        self._check_paused()
        at = self._place(behind=True)
        kind = await self._ask(AskKind())
        if kind is None:
            return None
        proposed = new_action(kind) if kind else {"source": "agent", "action": "", "args": {}}
        said: list[str] = []

        def apply(edited: Edited) -> None:
            said.append(self._insert(at, retold(edited.event)))

        await self._ask(EditEvent(f"New {kind or 'event'}", proposed, apply, fresh=True, raw=not kind))
        return said[0] if said else None

    def _insert(self, at: int, event: dict[str, Any]) -> str:
        edit = self._editing.insert(at, [event])
        self._show(edit)
        return said_of(edit)

    # One event

    async def edit(self) -> str | None:
        """Edit the selected event as a form, or as the JSON it is."""
        return await edit_here(self._session, self._index("events"), self._ask)

    async def edit_outside(self, app: App[Any]) -> str | None:
        """Edit the selected event in the user's own editor."""
        return await edit_outside(self._session, self._index("events"), app, self._ask)

    # Many events

    async def replace_text(self) -> str | None:
        """Find and replace over commands, messages and thoughts, with a preview."""
        picked = self._timeline.picked or None
        found = await self._ask(ReplaceText(self._session.trajectory, picked))
        if found is None:
            return None
        matches, replacement = found
        return said_of(self._editing.replace(matches, replacement))

    async def history(self) -> str | None:
        """Show what was edited and undone; go to a point of it."""
        self._check_paused()
        count = await self._ask(HistoryList(self._session.trajectory))
        if count is None:
            return None
        self._editing.revert_to(count)
        return f"{count} edit{'s' * (count != 1)} done, {len(self._session.trajectory.undone)} undone"

    def undo(self) -> str:
        """Take the last edit back."""
        self._check_paused()
        edit = self._editing.undo()
        if edit is None:
            return "nothing to undo"
        self._show(edit, undone=True)
        return f"undone: {edit.label}"

    def redo(self) -> str:
        """Make the last undone edit again."""
        self._check_paused()
        edit = self._editing.redo()
        if edit is None:
            return "nothing to redo"
        self._show(edit)
        return f"redone: {edit.label}"

    def service(self) -> str:
        """Choose how the selected steps are satisfied: execute, recorded, skip."""
        session = self._session
        if not self._timeline.picked:
            index = self._index("steps")
            return f"event {session.trajectory.label(index)}: {session.next_service(index).value}"
        head = session.trajectory.head
        steps = [index for index in sorted(self._timeline.picked) if asks_the_world(head(index))]
        if not steps:
            raise BadInput("none of the selected events asks anything of the sandbox.")
        chosen = session.next_service(steps[0])
        for index in steps[1:]:
            session.serve(index, chosen)
        return f"{len(steps)} step{'s' * (len(steps) != 1)}: {chosen.value}"

    # The selection

    def _check_paused(self) -> None:
        """Events are not added, taken away or moved under a replay that is counting them."""
        if self._session.busy:
            raise Refused("the run is going on: Esc pauses it, then the events can be changed")

    def _index(self, what: str) -> int:
        row = self._timeline.selected
        index = None if row is None else row.index(self._session.trajectory)
        if index is None:
            raise BadInput(f"only {what} of the recording can be edited here")
        return index

    def _chosen(self, what: str) -> list[int]:
        picked = sorted(self._timeline.picked)
        if picked:
            return picked
        row = self._timeline.selected
        index = None if row is None else row.index(self._session.trajectory)
        if index is None:
            raise BadInput(f"only events of the recording can be {what}")
        return [index]

    def _place(self, *, behind: bool) -> int:
        index = self._index("events")
        return max(self._session.trajectory.unit_of(index)) + 1 if behind else index

    def _show(self, edit: Edit, *, undone: bool = False) -> None:
        """Put the cursor where events came or went."""
        touched: Sequence[int] = edit.touched_before if undone else edit.touched
        if touched and edit.structural:
            self._timeline.follow(touched[0])


def _word(value: object) -> str:
    return "true" if value else "false"


def _past(label: str) -> str:
    return "deleted" + label.removeprefix("delete") if label.startswith("delete") else label
