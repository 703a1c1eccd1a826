"""The timeline beside the panes at the right, and the room that each of them has."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from trajcore import Session
from trajtui.widgets.bars import TabBar
from trajtui.widgets.side import PaneTab, SidePane
from trajtui.widgets.timeline_column import TimelineColumn


class Panes(Horizontal):
    """Both beside each other, above each other where the screen is narrow, or one of them alone."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.column = TimelineColumn(session, id="timeline-column")
        self.timeline = self.column.timeline
        self.side = SidePane(session, id="side")
        """The panes at the right."""

    def compose(self) -> ComposeResult:
        """The timeline at the left."""
        yield self.column
        yield self.side

    @on(TabBar.Picked)
    def _make_room(self) -> None:
        self.remove_class("-timeline-only")

    def show_tab(self, tab: PaneTab) -> None:
        """Show a right-hand tab."""
        self.remove_class("-timeline-only")
        self.side.show_tab(tab)

    def show_side(self) -> None:
        """Give the right-hand pane the focus; where the panes are stacked, the whole screen."""
        if self.screen.has_class("-narrow"):
            self._show_alone("-side-only")
        self.remove_class("-timeline-only")
        self.side.active.focus()

    def zoom(self) -> None:
        """Maximise the focused pane, or give it back."""
        if not self.show_both():
            self._show_alone("-timeline-only" if self.screen.focused is self.timeline else "-side-only")

    def show_both(self) -> bool:
        """Give both panes their room again; whether one of them was alone."""
        if self.has_class("-side-only"):
            self.timeline.focus()
        alone = self.has_class("-side-only") or self.has_class("-timeline-only")
        self.remove_class("-side-only", "-timeline-only")
        return alone

    def _show_alone(self, pane: str) -> None:
        self.remove_class("-side-only", "-timeline-only")
        self.add_class(pane)
