"""What the debugger's keys do to the recording: edits of the selected events, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trajcore import BadInput, Edit, Refused, user_message
from trajcore.views.edits import edit_history, edit_line
from trajcore.views.event_json import read_event
from trajcore.views.form import Draft, filled_in, flags_of, proposed
from trajtui.external_editor import TextFile, edit_in, editor_command
from trajtui.screens.checks import ChecksScreen
from trajtui.screens.dialogs import Choose
from trajtui.screens.edit_event import EditEvent, EventChange
from trajtui.screens.history import HistoryList
from trajtui.screens.insert import AskKind, AskText
from trajtui.screens.replace_text import Place, ReplaceText

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen

_UNCHANGED = "nothing was changed"

# Flags


def flip_wait(screen: DebuggerScreen) -> str:
    """Flip wait_for_response of the selected message."""
    index = _index(screen, "messages")
    return edit_line(screen.session.editing.flip(index, "wait_for_response"))


async def flip(screen: DebuggerScreen) -> str | None:
    """Fold a delegation; else flip the flag of the selected event, the one that the user picks of several."""
    if screen.timeline.fold_selected():
        return None
    index = _index(screen, "events")
    trajectory = screen.session.trajectory
    flags = flags_of(trajectory, index)
    if not flags:
        return flip_wait(screen)  # which says why not
    if len(flags) == 1:
        return edit_line(screen.session.editing.flip(index, next(iter(flags))))
    answers = {flag: f"{flag}: {_word(on)} → {_word(not on)}" for flag, on in flags.items()}
    head = trajectory.head(index)
    flag = await screen.ask(Choose(f"Flip a flag of {head.kind} {trajectory.label(index)}", answers))
    return None if flag is None else edit_line(screen.session.editing.flip(index, flag))


# The sequence


def delete(screen: DebuggerScreen) -> str:
    """Delete the selected events with what belongs to them."""
    _check_paused(screen)
    chosen = _chosen(screen, "deleted")
    edit = screen.session.editing.delete(chosen)
    screen.timeline.pick_none()
    screen.timeline.follow(min(min(chosen), len(screen.session.trajectory) - 1))
    return f"{_past(edit.label)} · u undoes"


def move_down(screen: DebuggerScreen) -> str:
    """Move the selected events down."""
    return _move(screen, 1)


def move_up(screen: DebuggerScreen) -> str:
    """Move the selected events up."""
    return _move(screen, -1)


def _move(screen: DebuggerScreen, by: int) -> str:
    _check_paused(screen)
    several = len(screen.timeline.picked) > 1
    edit = screen.session.editing.move(_chosen(screen, "moved"), by)
    if not several:
        screen.timeline.pick_none()
    return edit_line(edit)


def duplicate(screen: DebuggerScreen) -> str:
    """Duplicate the selected events with what belongs to them."""
    _check_paused(screen)
    edit = screen.session.editing.duplicate(_chosen(screen, "duplicated"))
    screen.timeline.pick_none()
    _show(screen, edit)
    return edit_line(edit)


def select_down(screen: DebuggerScreen) -> None:
    """Select one event more, or one less, downwards."""
    screen.timeline.extend(1)


def select_up(screen: DebuggerScreen) -> None:
    """Select one event more, or one less, upwards."""
    screen.timeline.extend(-1)


async def insert_before(screen: DebuggerScreen) -> str | None:
    """Insert a user message before the selected event."""
    return await _insert_message(screen, behind=False)


async def insert_behind(screen: DebuggerScreen) -> str | None:
    """Insert a user message behind the selected event."""
    return await _insert_message(screen, behind=True)


async def _insert_message(screen: DebuggerScreen, *, behind: bool) -> str | None:
    _check_paused(screen)
    at = _place(screen, behind=behind)
    where = "behind" if behind else "before"
    label = screen.session.trajectory.label(_index(screen, "events"))
    text = await screen.ask(AskText(f"A user message {where} event {label}"))
    return None if text is None else _insert(screen, at, user_message(text))


async def insert_kind(screen: DebuggerScreen) -> str | None:
    """Insert an event of any kind behind the selected one, filled in as a form first."""
    _check_paused(screen)
    at = _place(screen, behind=True)
    kind = await screen.ask(AskKind())
    if kind is None:
        return None
    said: list[str] = []

    def apply(change: EventChange) -> None:
        said.append(_insert(screen, at, filled_in(change.event)))

    await screen.ask(EditEvent(f"New {kind or 'event'}", proposed(kind), apply, fresh=True, raw=not kind))
    return said[0] if said else None


def _insert(screen: DebuggerScreen, at: int, event: Mapping[str, Any]) -> str:
    edit = screen.session.editing.insert(at, [dict(event)])
    _show(screen, edit)
    return edit_line(edit)


# One event


async def edit_event(screen: DebuggerScreen) -> str | None:
    """Edit the selected event as a form, or as the JSON it is."""
    draft = Draft(screen.session, _index(screen, "events"))
    said: list[str] = []

    def apply(change: EventChange) -> None:
        edit = draft.become(change.event) if change.values is None else draft.set(change.values)
        said.append(_said(edit))

    await screen.ask(EditEvent(draft.title, draft.data, apply, draft=draft))
    return said[0] if said else None


async def edit_outside(screen: DebuggerScreen) -> str:
    """Edit the selected event in the user's own editor, again and again until it is one."""
    command = editor_command()
    draft = Draft(screen.session, _index(screen, "events"))
    text = draft.text(short=False) + "\n"
    file = TextFile(f"event-{draft.label.lstrip('#')}.json", text)
    try:
        while True:
            await edit_in(screen.app, command, file.path)
            written = file.read()
            if written == text:
                return _UNCHANGED
            fault, made = _checked(written, draft)
            if made is not None and not fault:
                return _said(draft.become(made))
            answers = {"again": "Edit it again", "discard": "Throw what was written away"}
            if made is not None:
                answers = {"again": "Edit it again", "apply": "Apply it all the same", **answers}
            answer = await screen.ask(Choose(f"That is not a valid event: {fault}", answers))
            if answer == "apply" and made is not None:
                return _said(draft.become(made))
            if answer == "discard":
                return "nothing was taken over"
    finally:
        file.close()


def _said(edit: Edit | None) -> str:
    return _UNCHANGED if edit is None else edit_line(edit)


def _checked(text: str, draft: Draft) -> tuple[str, dict[str, Any] | None]:
    """What is wrong with a text that should be an event, and the event where it is one after all."""
    try:
        event = read_event(text)
    except BadInput as error:
        return str(error), None
    problems = draft.problems_of(event)
    return (str(problems[0]) if problems else ""), event


# Many events


async def replace_text(screen: DebuggerScreen) -> str | None:
    """Find and replace over commands, messages and thoughts, with a preview; or go to what was found."""
    picked = screen.timeline.picked or None
    answer = await screen.ask(ReplaceText(screen.session.trajectory, picked))
    if isinstance(answer, Place):
        screen.timeline.follow(answer.index)
        return None
    if answer is None:
        return None
    return edit_line(screen.session.editing.replace(answer.found.matches, answer.by))


async def history(screen: DebuggerScreen) -> str | None:
    """Show what was edited and undone; go to a point of it."""
    _check_paused(screen)
    trajectory = screen.session.trajectory
    count = await screen.ask(HistoryList(edit_history(trajectory)))
    if count is None:
        return None
    screen.session.editing.revert_to(count)
    return f"{count} edit{'s' * (count != 1)} done, {len(trajectory.undone)} undone"


def undo(screen: DebuggerScreen) -> str:
    """Take the last edit back."""
    _check_paused(screen)
    edit = screen.session.editing.undo()
    if edit is None:
        return "nothing to undo"
    _show(screen, edit, undone=True)
    return f"undone: {edit.label}"


def redo(screen: DebuggerScreen) -> str:
    """Make the last undone edit again."""
    _check_paused(screen)
    edit = screen.session.editing.redo()
    if edit is None:
        return "nothing to redo"
    _show(screen, edit)
    return f"redone: {edit.label}"


async def check(screen: DebuggerScreen) -> None:
    """List what is wrong with the recording, with repairs; go to the event that is picked."""
    index = await screen.ask(ChecksScreen(screen.session))
    if index is not None:
        screen.timeline.raw = True
        screen.timeline.follow(index)


# The selection


def _check_paused(screen: DebuggerScreen) -> None:
    """Events are not added, taken away or moved under a replay that is counting them."""
    if screen.session.busy:
        raise Refused("the run is going on: Esc pauses it, then the events can be changed")


def _index(screen: DebuggerScreen, what: str) -> int:
    index = screen.timeline.selected_index
    if index is None:
        raise BadInput(f"only {what} of the recording can be edited here")
    return index


def _chosen(screen: DebuggerScreen, what: str) -> list[int]:
    picked = sorted(screen.timeline.picked)
    if picked:
        return picked
    index = screen.timeline.selected_index
    if index is None:
        raise BadInput(f"only events of the recording can be {what}")
    return [index]


def _place(screen: DebuggerScreen, *, behind: bool) -> int:
    index = _index(screen, "events")
    return max(screen.session.trajectory.unit_of(index)) + 1 if behind else index


def _show(screen: DebuggerScreen, edit: Edit, *, undone: bool = False) -> None:
    """Put the cursor where events came or went."""
    touched = edit.touched_before if undone else edit.touched
    if touched and edit.structural:
        screen.timeline.follow(touched[0])


def _word(value: object) -> str:
    return "true" if value else "false"


def _past(label: str) -> str:
    return "deleted" + label.removeprefix("delete") if label.startswith("delete") else label
