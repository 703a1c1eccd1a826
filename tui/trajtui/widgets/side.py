"""The right-hand side: one pane at a time, behind tabs."""

from __future__ import annotations

from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from trajcore.session import Session
from trajcore.views.timeline import Row
from trajtui.event_view import blocks_for
from trajtui.files_view import blocks_for_files
from trajtui.widgets.bars import TabBar
from trajtui.widgets.chat import ChatPane
from trajtui.widgets.event import EventPane
from trajtui.widgets.terminal import TerminalPane

_TABS: Final = {1: "Sandbox", 2: "Event", 4: "Files", 5: "Chat"}


class SidePane(Vertical):
    """The sandbox's output, the selected event, the files it changed, and the dialogue with the model."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._row: Row | None = None

    def compose(self) -> ComposeResult:
        """The tabs above the panes."""
        yield TabBar(_TABS, id="tabs")
        with ContentSwitcher(initial="sandbox", id="switcher"):
            yield TerminalPane(id="sandbox")
            yield EventPane(id="event")
            yield EventPane(id="files")
            yield ChatPane(self._session, id="chat")

    @property
    def terminal(self) -> TerminalPane:
        """The sandbox's output."""
        return self.query_one(TerminalPane)

    @property
    def chat(self) -> ChatPane:
        """The dialogue."""
        return self.query_one(ChatPane)

    @property
    def active(self) -> Widget:
        """The pane that is shown."""
        return self.query_one(f"#{self.query_one(ContentSwitcher).current}")

    def show_tab(self, key: int) -> None:
        """Show the pane behind a key."""
        self.query_one(ContentSwitcher).current = _TABS[key].lower()
        self.query_one(TabBar).active = key
        self.show_row(self._row)

    def show_row(self, row: Row | None) -> None:
        """Show an event, as it is now; its files only where they can be seen, as they take longer."""
        self._row = row
        self.query_one("#event", EventPane).show(blocks_for(self._session, row))
        if self.query_one(ContentSwitcher).current == "files":
            self.query_one("#files", EventPane).show(blocks_for_files(self._session, row))

    @on(TabBar.Picked)
    def _show_picked(self, event: TabBar.Picked) -> None:
        self.show_tab(event.key)
