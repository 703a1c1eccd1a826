"""What the debugger's keys do to the screen itself: the cursor, the tabs and panes, the help, the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trajcore import Refused
from trajcore.views.prompt import is_rule, prompt_in, prompt_lines
from trajtui import leaving
from trajtui.actions.diverged import where_one_diverged
from trajtui.opening import OPENER
from trajtui.screens.help import Help
from trajtui.screens.pages import Pages, Paragraphs
from trajtui.signals import stop_for_the_shell
from trajtui.widgets.event import EventPane
from trajtui.widgets.lines import LinePane
from trajtui.widgets.side import COMPARE_TAB, EVENT_TAB, PaneTab

_COLUMNS: Final = 4
"""By so many columns a key moves the line between the panes."""

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen


def down(screen: DebuggerScreen) -> None:
    """Move down: in the timeline, or in the pane that has the focus."""
    _focused_pane(screen).move(1)


def up(screen: DebuggerScreen) -> None:
    """Move up."""
    _focused_pane(screen).move(-1)


def first(screen: DebuggerScreen) -> None:
    """Move to the first row."""
    _focused_pane(screen).move_to_end(last=False)


def last(screen: DebuggerScreen) -> None:
    """Move to the last row; in the timeline, while something runs, follow what happens."""
    if _focused_pane(screen) is screen.timeline and screen.session.state.at_work:
        screen.timeline.follow_last()
        return
    _focused_pane(screen).move_to_end(last=True)


def _focused_pane(screen: DebuggerScreen) -> LinePane:
    return screen.focused if isinstance(screen.focused, LinePane) else screen.timeline


def escape(screen: DebuggerScreen) -> None:
    """Do the first of what Esc does that applies here; the footer says which."""
    rung = leaving.rung(screen)
    if rung is not None:
        rung.does(screen)


def show_tab(screen: DebuggerScreen, tab: PaneTab) -> str | None:
    """Show a right-hand tab; where there is nothing to compare, say where there is."""
    screen.show_tab(tab)
    return where_one_diverged(screen) if tab is COMPARE_TAB else None


def show_pane(screen: DebuggerScreen) -> None:
    """Give the right-hand pane the focus; where the panes are stacked, the whole screen."""
    screen.panes.show_side()


def zoom(screen: DebuggerScreen) -> None:
    """Maximise the focused pane, or give it back."""
    screen.panes.zoom()


def narrower(screen: DebuggerScreen) -> str | None:
    """Give the timeline fewer columns."""
    return _widen(screen, -_COLUMNS)


def wider(screen: DebuggerScreen) -> str | None:
    """Give the timeline more columns."""
    return _widen(screen, _COLUMNS)


def _widen(screen: DebuggerScreen, by: int) -> str | None:
    return None if screen.panes.widen(by) else "there is nothing beside this pane"


def wrap(screen: DebuggerScreen) -> str | None:
    """Continue lines below that are wider than the pane, or let them scroll sideways."""
    pane = screen.focused if screen.focused in screen.side.panes else screen.side.active
    return pane.turn_wrapping() if isinstance(pane, LinePane) else None


def line_end(screen: DebuggerScreen) -> None:
    """Scroll to where the line ends that goes on at the right: the cursor's, or the longest."""
    _focused_pane(screen).to_line_end(last=True)


def line_begin(screen: DebuggerScreen) -> None:
    """Scroll back to where the lines begin."""
    _focused_pane(screen).to_line_end(last=False)


def raw(screen: DebuggerScreen) -> str:
    """One row a step, or every event of the file."""
    screen.timeline.raw = not screen.timeline.raw
    return "every event of the file" if screen.timeline.raw else "one row a step"


def help(screen: DebuggerScreen) -> None:
    """Show all keys; those of a text box first, where one has the focus."""
    screen.app.push_screen(Help.of_all(screen.actions, screen.focused))


def command_palette(screen: DebuggerScreen) -> None:
    """Show every action by what it does."""
    screen.app.action_command_palette()


def next_pane(screen: DebuggerScreen) -> None:
    """Give the focus to what stands behind."""
    screen.focus_next()


def previous_pane(screen: DebuggerScreen) -> None:
    """Give the focus to what stands before."""
    screen.focus_previous()


def suspend(screen: DebuggerScreen) -> str:
    """Stop the program and go back to the shell it was started from; `fg` continues it."""
    if not stop_for_the_shell(screen.app):
        raise Refused("there is no shell here that could bring the program back: it goes on")
    return ""


async def what_the_model_sees(screen: DebuggerScreen) -> str:
    """Show the messages that a model is sent if it is asked now. Nothing is sent."""
    screen.say("looking up what the model takes")
    title, *lines = prompt_lines(await prompt_in(screen.session))
    await screen.ask(Pages(f"What the model sees: {title}", Paragraphs(lines, is_rule)))
    return "nothing was sent"


async def open_picture(screen: DebuggerScreen) -> str:
    """Open a picture of the selected event outside: that under the cursor, or the first."""
    screen.show_tab(EVENT_TAB)
    screen.side.show_row(screen.timeline.selected)
    pane = screen.side.active
    found = pane.pictures if isinstance(pane, EventPane) else []
    if not found:
        raise Refused("the selected event has no picture")
    return await OPENER.open(found[0])
