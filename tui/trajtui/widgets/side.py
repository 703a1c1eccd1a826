"""The right-hand side: one pane at a time, or two; a row of the table is a tab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import var
from textual.widgets import ContentSwitcher

from trajcore import Session, notices
from trajcore.views.blocks import Block
from trajcore.views.event import blocks_for
from trajcore.views.layout import Layout
from trajcore.views.sidebyside import blocks_to_compare
from trajcore.views.timeline import Row
from trajtui.widgets.bars import TabBar, TabLine
from trajtui.widgets.chat import ChatPane
from trajtui.widgets.divider import Divider
from trajtui.widgets.event import EventPane
from trajtui.widgets.files import FilesPane
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
    PaneTab(1, "Sandbox", "the sandbox's output", TerminalPane),
    PaneTab(2, "Event", "the selected event and what came back", lambda _: EventPane(), blocks_for),
    PaneTab(3, "Compare", "recorded and actual beside each other", lambda _: EventPane(), blocks_to_compare),
    PaneTab(
        4,
        "Files",
        "files that changed: in this step, since the start, by hand",
        FilesPane,
    ),
    PaneTab(5, "Chat", "the dialogue with the model", ChatPane),
)
"""In the order of their keys."""

_UPPER: Final = TABS[0]
"""What is above the others where there is room for two."""
_LEAST: Final = 0.1

COMPARE_TAB: Final = next(tab for tab in TABS if tab.view is blocks_to_compare)
"""What shows in what a step came out otherwise."""
EVENT_TAB: Final = next(tab for tab in TABS if tab.view is blocks_for)
FILES_TAB: Final = next(tab for tab in TABS if tab.pane is FilesPane)
LIVE_TAB: Final = next(tab for tab in TABS if tab.pane is ChatPane)
"""What is shown when a live session begins."""


@runtime_checkable
class Follower(Protocol):
    """A pane that shows what a session tells."""

    def follow(self, notice: notices.Notice) -> None:
        """Show what a notice tells of. Called in the session's event loop: it must not block."""


class SidePane(Vertical):
    """The sandbox's output, the selected event, the files it changed, and the dialogue with the model.

    One of them at a time, or, where there is room, the first one above and one of the others below.
    """

    is_double: var[bool] = var(False)
    """Whether there are two panes, one above the other."""
    share: var[float] = var(0.5, init=False)
    """The upper one's part of the height."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._row: Row | None = None
        self._shown = _UPPER
        self._below = next(tab for tab in TABS if tab is not _UPPER)
        """What the lower pane shows, or would show."""
        self._panes = {tab: _made(tab, session) for tab in TABS}
        self._followers = [pane for pane in self._panes.values() if isinstance(pane, Follower)]

    def compose(self) -> ComposeResult:
        """The tabs above the panes."""
        yield TabBar(id="tabs")
        yield self._panes[_UPPER]
        yield Divider(across=True, id="side-divider")
        yield TabBar(id="tabs-below")
        with ContentSwitcher(initial=self._below.id if self.is_double else None, id="switcher"):
            yield from (pane for tab, pane in self._panes.items() if tab is not _UPPER)

    def on_mount(self) -> None:
        """Show what is to be seen at first; say beside a pane's title what it has to say there."""
        for pane in self._panes.values():
            self.watch(pane, "aside", self._show_titles, init=False)
        self._show()

    @property
    def panes(self) -> tuple[LinePane, ...]:
        """All panes, those too that are not shown."""
        return tuple(self._panes.values())

    @property
    def shown(self) -> PaneTab:
        """The tab that was asked for last."""
        return self._shown

    def shows(self, tab: PaneTab) -> bool:
        """Whether the pane of a tab can be seen, or would be where the timeline is alone."""
        return tab is self._shown or (self.is_double and tab in (_UPPER, self._below))

    def pane(self, tab: PaneTab) -> LinePane:
        """The pane of a tab."""
        return self._panes[tab]

    @property
    def below(self) -> PaneTab:
        """The tab of the lower pane, where there are two."""
        return self._below

    def lay_out(self, layout: Layout) -> None:
        """Have the panes laid out so, before they are shown."""
        if layout.upper is not None:
            self.set_reactive(SidePane.share, layout.upper)
        for id in (layout.below, layout.tab):
            for tab in TABS:
                if tab.id == id:
                    self._take(tab)

    @property
    def active(self) -> LinePane:
        """The pane of the tab that was asked for last."""
        return self._panes[self._shown]

    def follow(self, notice: notices.Notice) -> None:
        """Hand a notice on to the panes that show such things."""
        for pane in self._followers:
            pane.follow(notice)

    def show_tab(self, tab: PaneTab) -> None:
        """Show the pane of a tab. The upper one of two is always shown, and is given the focus."""
        within = self.has_focus_within
        self._take(tab)
        self._show()
        if within or (self.is_double and tab is _UPPER):
            self.active.focus()

    def _take(self, tab: PaneTab) -> None:
        self._shown = tab
        self._below = self._below if tab is _UPPER else tab

    def watch_is_double(self) -> None:
        """There are two panes now, or one; the one that has the focus is among them."""
        self.set_class(self.is_double, "-double")
        if self.is_mounted:
            self._show()

    def watch_share(self) -> None:
        """The upper pane has another height."""
        self._give_room()

    def on_resize(self) -> None:
        """Both panes keep their share."""
        self._give_room()

    def _give_room(self) -> None:
        height = self.size.height - 3  # two rows of titles, and the line
        upper = self._panes[_UPPER].styles
        if self.is_double:
            upper.height = max(1, min(round(self.share * height), height - 1))
        else:
            upper.clear_rule("height")

    @on(Divider.Moved, "#side-divider")
    def _move_divider(self, event: Divider.Moved) -> None:
        height = max(1, self.size.height - 3)
        self.share = max(_LEAST, min(event.place - 1, height - _LEAST * height)) / height

    def _show(self) -> None:
        """Show the panes that there are to be seen, and their tabs."""
        self._give_room()
        upper = self.is_double or self._shown is _UPPER
        self._panes[_UPPER].display = upper
        switcher = self.query_one(ContentSwitcher)
        switcher.current = self._below.id if self.is_double or not upper else None
        switcher.display = switcher.current is not None
        self._show_titles()
        self.show_row(self._row)

    def _show_titles(self) -> None:
        """Say which panes are shown, which has the focus, and what they have to say beside that."""
        above, below = self.query_one("#tabs", TabBar), self.query_one("#tabs-below", TabBar)
        rows = ((_UPPER,), TABS[1:]) if self.is_double else (TABS, ())
        shown = (_UPPER, self._below) if self.is_double else (self._shown, self._below)
        for bar, tabs, tab in zip((above, below), rows, shown, strict=True):
            pane = self._panes[tab]
            bar.line = TabLine({one.key: one.title for one in tabs}, tab.key, pane.has_focus, pane.aside)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The tab of the pane that has the focus is the one that was asked for."""
        for tab, pane in self._panes.items():
            if pane is event.widget and pane.display:
                self._take(tab)
        self._show_titles()

    def on_descendant_blur(self) -> None:
        """The focus is elsewhere."""
        self._show_titles()

    def show_row(self, row: Row | None) -> None:
        """Show a row, as it is now, where a pane that can be seen shows such."""
        self._row = row
        for pane in self.panes:
            if isinstance(pane, TerminalPane):
                pane.show_row(row)
        for tab in {self._shown, self._below} if self.is_double else {self._shown}:
            pane = self._panes[tab]
            if tab.view is not None and isinstance(pane, EventPane):
                pane.show(tab.view(self._session, row))
            elif isinstance(pane, FilesPane):
                pane.show_row(row)

    @on(TabBar.Picked)
    def _show_picked(self, event: TabBar.Picked) -> None:
        self.show_tab(next(tab for tab in TABS if tab.key == event.key))


def _made(tab: PaneTab, session: Session) -> LinePane:
    pane = tab.pane(session)
    pane.id = tab.id
    return pane
