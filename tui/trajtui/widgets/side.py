"""The right-hand side: one pane at a time, behind tabs; a row of the table is a tab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import ContentSwitcher

from trajcore import Session, notices
from trajcore.views.blocks import Block
from trajcore.views.event import blocks_for
from trajcore.views.files import blocks_for_files
from trajcore.views.timeline import Row
from trajtui.widgets.bars import TabBar
from trajtui.widgets.chat import ChatPane
from trajtui.widgets.event import EventPane
from trajtui.widgets.lines import LinePane
from trajtui.widgets.terminal import TerminalPane


@dataclass(frozen=True)
class PaneTab:
    """A tab: the key that shows it, its title, what the help says of it, and its pane.

    `view` is what the pane shows of the selected row, where it shows that.
    """

    key: int
    title: str
    what: str
    pane: Callable[[Session], LinePane]
    view: Callable[[Session, Row | None], tuple[Block, ...]] | None = None

    @property
    def id(self) -> str:
        """The id of the pane."""
        return self.title.lower()


TABS: Final = (
    PaneTab(1, "Sandbox", "the sandbox's output", lambda _: TerminalPane()),
    PaneTab(2, "Event", "the selected event, recorded and actual", lambda _: EventPane(), blocks_for),
    PaneTab(
        4,
        "Files",
        "what the selected step changed in the sandbox's files",
        lambda _: EventPane(),
        blocks_for_files,
    ),
    PaneTab(5, "Chat", "the dialogue with the model", ChatPane),
)
"""In the order of their keys."""

LIVE_TAB: Final = next(tab for tab in TABS if tab.pane is ChatPane)
"""What is shown when a live session begins."""


@runtime_checkable
class Follower(Protocol):
    """A pane that shows what a session tells."""

    def follow(self, notice: notices.Notice) -> None:
        """Show what a notice tells of. Called in the session's event loop: it must not block."""


class SidePane(Vertical):
    """The sandbox's output, the selected event, the files it changed, and the dialogue with the model."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._row: Row | None = None
        self._shown = TABS[0]
        self._panes: dict[PaneTab, LinePane] = {}
        self._followers: list[Follower] = []

    def compose(self) -> ComposeResult:
        """The tabs above the panes."""
        yield TabBar({tab.key: tab.title for tab in TABS}, id="tabs")
        with ContentSwitcher(initial=self._shown.id, id="switcher"):
            for tab in TABS:
                pane = self._panes[tab] = tab.pane(self._session)
                pane.id = tab.id
                if isinstance(pane, Follower):
                    self._followers.append(pane)
                yield pane

    @property
    def active(self) -> LinePane:
        """The pane that is shown."""
        return self._panes[self._shown]

    def follow(self, notice: notices.Notice) -> None:
        """Hand a notice on to the panes that show such things."""
        for pane in self._followers:
            pane.follow(notice)

    def show_tab(self, tab: PaneTab) -> None:
        """Show the pane of a tab."""
        self._shown = tab
        self.query_one(ContentSwitcher).current = tab.id
        self.query_one(TabBar).active = tab.key
        self.show_row(self._row)

    def show_row(self, row: Row | None) -> None:
        """Show a row, as it is now, where the pane that can be seen shows such."""
        self._row = row
        view, pane = self._shown.view, self.active
        if view is not None and isinstance(pane, EventPane):
            pane.show(view(self._session, row))

    @on(TabBar.Picked)
    def _show_picked(self, event: TabBar.Picked) -> None:
        self.show_tab(next(tab for tab in TABS if tab.key == event.key))
