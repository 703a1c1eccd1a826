"""The keys at the bottom of the debugger's screen: those that matter where the user is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from trajcore import Mode, State
from trajtui import leaving
from trajtui.actions.table import Where
from trajtui.widgets.bars import FooterKey

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen

_OF_BOXES: Final = {
    Where.BOX: (FooterKey("Enter", "sends", "enter"), FooterKey("Ctrl+J", "new line", "ctrl+j")),
}
"""Keys of what is typed into, which are no action's."""


def footer(screen: DebuggerScreen) -> tuple[FooterKey, ...]:
    """A word for each key, with what Esc does: at rest at the end, as the other keys stay where they are."""
    where, rung = _where(screen), leaving.rung(screen)
    others = [
        *_said(screen, where),
        *_OF_BOXES.get(where, ()),
        *_of_line(screen, where),
        *_of_actions(screen, where),
    ]
    escape = [FooterKey(shown_key(screen, "escape"), rung.word, "escape")] if rung else []
    if where is Where.REST:
        found = _of_search(screen) if screen.timeline.finding is not None else ()
        return (*others[:-1], *found, *escape, *others[-1:])
    return (*escape, *others)


def _where(screen: DebuggerScreen) -> Where:
    boxes = screen.conversation
    if leaving.is_in_line(screen):
        return Where.LINE
    if boxes.box.has_focus_within:
        return Where.BOX
    if boxes.question.has_focus:
        return Where.QUESTION
    if screen.session.state.at_work:
        return Where.THINKING if screen.session.state is State.THINKING else Where.BUSY
    if screen.side.has_focus_within:
        return Where.PANE
    return Where.LIVE if screen.session.mode is Mode.LIVE else Where.REST


def _of_actions(screen: DebuggerScreen, where: Where) -> Iterable[FooterKey]:
    for action in screen.actions:
        if action.footer and where in action.at:
            yield FooterKey(shown_key(screen, action.name), action.footer, action.keys[0])


def _of_line(screen: DebuggerScreen, where: Where) -> Iterable[FooterKey]:
    """What Enter does in the line that has the focus."""
    if where is not Where.LINE:
        return
    boxes, purpose = screen.conversation, screen.panes.column.prompt.purpose
    if boxes.queue.has_focus:
        yield FooterKey("Enter", "edits", "enter")
        yield FooterKey("d", "removes", "d")
    elif boxes.running.has_focus_within:
        yield FooterKey("Enter", "types it into the command", "enter")
    elif purpose is not None:
        yield FooterKey("Enter", purpose.enter, "enter")


def _of_search(screen: DebuggerScreen) -> Iterable[FooterKey]:
    """The keys that go on with a search."""
    for name, word in (("next_found", "next"), ("previous_found", "previous")):
        action = next(action for action in screen.actions if action.name == name)
        if action.keys:
            yield FooterKey(action.shown.split(" ")[0], word, action.keys[0], stays=True)


def _said(screen: DebuggerScreen, where: Where) -> Iterable[FooterKey]:
    """The words that answer the question that is open."""
    asked = screen.conversation.question.asked
    if where is Where.QUESTION and asked is not None:
        from trajcore.views import asking  # there are no questions in a first frame

        for choice in asking.choices(asked):
            yield FooterKey(choice.letter, choice.word, choice.letter)


def shown_key(screen: DebuggerScreen, name: str) -> str:
    """The first key of an action, in people's words."""
    return next(action.shown.split(" ")[0] for action in screen.actions if action.name == name)
