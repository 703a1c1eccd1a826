"""The timeline beside the panes at the right, and the room that each of them has."""

from __future__ import annotations

from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import var

from trajcore import Session
from trajcore.views.layout import Layout
from trajtui.widgets.bars import TabBar
from trajtui.widgets.divider import Divider
from trajtui.widgets.lines import LinePane
from trajtui.widgets.side import PaneTab, SidePane
from trajtui.widgets.timeline_column import TimelineColumn

_NARROWEST: Final = 30
"""Neither side is made narrower than this, as far as the screen has room for both."""
_BARS: Final = 3
"""Rows that the screen has above and below the panes: the header, the status and the keys."""
DOUBLE: Final = 160
"""From so many columns on there are two panes at the right."""


class Panes(Horizontal):
    """Both beside each other, above each other where the screen is narrow, or one of them alone."""

    share: var[float] = var(0.48, init=False)
    """The timeline's part of the width, where both are beside each other."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.column = TimelineColumn(session, id="timeline-column")
        self.timeline = self.column.timeline
        self.side = SidePane(session, id="side")
        """The panes at the right."""
        self._alone_for_room = False
        """Whether the right-hand pane is alone because the panes were stacked when it was asked for."""

    def compose(self) -> ComposeResult:
        """The timeline at the left."""
        width, height = self.app.size
        self.side.is_double = width >= DOUBLE
        # As it will be, so that the first frame is laid out and painted once.
        self.column.styles.width = _columns(round(self.share * width), width)
        self.column.give_room(height - _BARS)
        self.side.give_room(height - _BARS)
        yield self.column
        yield Divider(across=False, id="divider")
        yield self.side

    @property
    def layout_now(self) -> Layout:
        """How the panes are laid out; which delegations are folded is known when all rows are."""
        side = self.side
        return Layout(side.shown.id, side.below.id, self.share, side.share, self.timeline.raw)

    def lay_out(self, layout: Layout) -> None:
        """Have them laid out so, before they are shown."""
        if layout.share is not None:
            self.set_reactive(Panes.share, layout.share)
        self.side.lay_out(layout)

    def on_resize(self, event: events.Resize) -> None:
        """Two panes at the right where there is room for them; both sides keep their share."""
        self._give_room()

    def _give_room(self) -> None:
        """Lay out what the width, and which pane is alone, call for."""
        width = self.size.width
        if self._alone_for_room and not self.screen.has_class("-narrow"):
            self._alone_for_room = False
            self.remove_class("-side-only")
        self.side.is_double = width >= DOUBLE and not self.has_class("-side-only")
        column = self.column.styles
        if self.screen.has_class("-narrow") or self.has_class("-timeline-only"):
            column.clear_rule("width")
        else:
            column.width = _columns(round(self.share * width), width)

    def watch_share(self) -> None:
        """Both sides have another width."""
        self._give_room()

    def widen(self, by: int) -> bool:
        """Give the timeline so many columns more; whether both are beside each other."""
        if self.screen.has_class("-narrow") or self._is_alone or not self.size.width:
            return False
        self._divide(self.column.size.width + by)
        return True

    @on(Divider.Moved, "#divider")
    def _move_divider(self, event: Divider.Moved) -> None:
        self._divide(event.place)

    def _divide(self, columns: int) -> None:
        self.share = _columns(columns, self.size.width) / self.size.width

    @on(TabBar.Picked)
    def _make_room(self) -> None:
        self._show("")

    def show_tab(self, tab: PaneTab) -> None:
        """Show a right-hand tab."""
        if self.has_class("-timeline-only"):
            self._show("")
        self.side.show_tab(tab)

    def show_side(self) -> None:
        """Give the right-hand pane the focus; where the panes are stacked, the whole screen."""
        if self.screen.has_class("-narrow"):
            self._show("-side-only")
            self._alone_for_room = True
        elif self.has_class("-timeline-only"):
            self._show("")
        self.side.active.focus()

    def show_wide(self, tab: PaneTab) -> None:
        """Show a right-hand tab over the whole width; where that is so, give the timeline its room again."""
        if self.has_class("-side-only") and self.side.shown is tab:
            self.show_both()
            return
        self.show_tab(tab)
        self._show("-side-only")
        self.side.active.focus()

    def zoom(self) -> None:
        """Maximise the focused pane, or give it back."""
        if not self.show_both():
            self._show("-timeline-only" if self.timeline.has_focus else "-side-only")

    def show_both(self) -> bool:
        """Give both panes their room again; whether one of them was alone."""
        if self.has_class("-side-only"):
            self.timeline.focus()
        was_alone = self._is_alone
        if was_alone:
            self._show("")
        return was_alone

    @property
    def is_given(self) -> bool:
        """Whether the right-hand side has the focus, or one of both the whole room."""
        return self._is_alone or self.side.has_focus_within

    def give_back(self) -> None:
        """Both are there again, and the timeline has the focus."""
        self.show_both()
        self.timeline.focus()

    @property
    def _is_alone(self) -> bool:
        return self.has_class("-side-only") or self.has_class("-timeline-only")

    def _show(self, alone: str) -> None:
        """Show one of both alone, or both."""
        self._alone_for_room = False
        self.remove_class("-side-only", "-timeline-only")
        if alone:
            self.add_class(alone)
        self._give_room()

    # What is marked with the mouse

    @property
    def _lines(self) -> tuple[LinePane, ...]:
        return (self.timeline, *self.side.panes)

    def selected_text(self) -> str:
        """What is marked with the mouse, in the one pane where something is; nothing where nothing is."""
        return next(filter(None, (pane.marked_text for pane in self._lines)), "")

    def unmark(self) -> bool:
        """Mark nothing any more; whether something was marked."""
        return sum(pane.unmark() for pane in self._lines) > 0

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A mark in another pane goes where one begins."""
        for pane in self._lines:
            if pane is not event.widget:
                pane.unmark()


def _columns(wanted: int, width: int) -> int:
    """So many columns of a width for the timeline, or as near to that as both sides can bear."""
    least = min(_NARROWEST, width // 2)
    return max(least, min(wanted, width - 1 - least))
