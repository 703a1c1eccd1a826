"""The keys at the bottom of the debugger's screen: those that matter where the user is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from trajcore import Mode, State
from trajcore.views import atcursor
from trajtui import leaving
from trajtui.actions.table import Where
from trajtui.widgets.bars import FooterKey
from trajtui.widgets.lines import LinePane
from trajtui.widgets.side import COMPARE_TAB, FILES_TAB

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen

_OF_BOXES: Final = {
    Where.BOX: (FooterKey("Enter", "sends", "enter"), FooterKey("Ctrl+J", "new line", "ctrl+j")),
}
"""Keys of what is typed into, which are no action's."""
_ALL_KEYS: Final = "help"


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
    """In the order of the table, a pane's own keys first; where all the others are is said at the end."""
    shown = [one for one in screen.actions if one.footer and where in one.at and _is_of_use(screen, one.name)]
    own = _OF_THE_MOMENT if where is Where.PANE else {one.name for one in shown}
    for action in sorted(shown, key=lambda one: (one.name == _ALL_KEYS, one.name not in own)):
        stays = action.name in _OF_THE_MOMENT
        yield FooterKey(shown_key(screen, action.name), action.footer, action.keys[0], stays)


def _is_of_use(screen: DebuggerScreen, name: str) -> bool:
    when = _OF_THE_MOMENT.get(name) or _NOT_ALWAYS.get(name)
    return when is None or when(screen)


def _goes_on(screen: DebuggerScreen) -> bool:
    return not screen.session.at_end


def _has_ended(screen: DebuggerScreen) -> bool:
    """A replay is at its end, or a model has taken over: what has happened can be kept."""
    session = screen.session
    return session.mode is Mode.LIVE or (session.at_end and bool(len(session.run)))


def _has_edits(screen: DebuggerScreen) -> bool:
    return screen.session.trajectory.modified


def _is_on_step(screen: DebuggerScreen) -> bool:
    return atcursor.is_step(screen.session, screen.timeline.selected)


def _is_on_message(screen: DebuggerScreen) -> bool:
    return atcursor.can_wait(screen.session, screen.timeline.selected)


def _is_on_diverged(screen: DebuggerScreen) -> bool:
    return atcursor.has_diverged(screen.session, screen.timeline.selected)


def _compares(screen: DebuggerScreen) -> bool:
    return screen.side.shown is COMPARE_TAB


def _shows_files(screen: DebuggerScreen) -> bool:
    return screen.side.shown is FILES_TAB


def _goes_right(screen: DebuggerScreen) -> bool:
    return isinstance(screen.focused, LinePane) and screen.focused.edges[1]


def _goes_left(screen: DebuggerScreen) -> bool:
    return isinstance(screen.focused, LinePane) and screen.focused.edges[0]


_OF_THE_MOMENT: Final[dict[str, Callable[[DebuggerScreen], bool]]] = {
    "flip_wait": _is_on_message,
    "undo": _has_edits,
    "save": _has_edits,
    "save_run": _has_ended,
    "compare": _is_on_diverged,
    "next_difference": _compares,
    "previous_difference": _compares,
    "next_scope": _shows_files,
    "who_wrote": _shows_files,
    "line_end": _goes_right,
    "line_begin": _goes_left,
}
"""What is there when it is of use, and has its room before others then."""
_NOT_ALWAYS: Final[dict[str, Callable[[DebuggerScreen], bool]]] = {
    "step": _goes_on,
    "resume": _goes_on,
    "service": _is_on_step,
}
"""What is left out where it would be refused."""


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
