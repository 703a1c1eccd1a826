"""The right-hand side: one pane at a time, or two; a row of the table is a tab.

The first frame has the sandbox's pane; the others, and what they show, are brought in behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from msgspec import Struct
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import var

from trajcore import Session, notices
from trajcore.views.layout import Layout
from trajcore.views.timeline import Row
from trajtui.widgets.bars import TabBar, TabLine
from trajtui.widgets.divider import Divider
from trajtui.widgets.lines import LinePane
from trajtui.widgets.terminal import TerminalPane

if TYPE_CHECKING:
    from textual.widgets import ContentSwitcher

    from trajcore.views.query import Query


class PaneTab(Struct, frozen=True):
    """A tab: the key that shows it, its title, what the help says of it, and what makes its pane."""

    key: int
    title: str
    what: str
    pane: Callable[[Session], LinePane]

    @property
    def id(self) -> str:
        """The id of the pane."""
        return self.title.lower()


def _event(session: Session) -> LinePane:
    from trajcore.views.event import blocks_for
    from trajtui.widgets.event import RowPane

    return RowPane(session, blocks_for)


def _compare(session: Session) -> LinePane:
    from trajcore.views.sidebyside import blocks_to_compare
    from trajtui.widgets.event import RowPane

    return RowPane(session, blocks_to_compare)


def _files(session: Session) -> LinePane:
    from trajtui.widgets.files import FilesPane

    return FilesPane(session)


def _chat(session: Session) -> LinePane:
    from trajtui.widgets.chat import ChatPane

    return ChatPane(session)


SANDBOX_TAB: Final = PaneTab(1, "Sandbox", "the sandbox's output", TerminalPane)
"""What is above the others where there is room for two, and in the first frame."""
EVENT_TAB: Final = PaneTab(2, "Event", "the selected event and what came back", _event)
COMPARE_TAB: Final = PaneTab(3, "Compare", "recorded and actual beside each other", _compare)
"""What shows in what a step came out otherwise."""
FILES_TAB: Final = PaneTab(4, "Files", "files that changed: in this step, since the start, by hand", _files)
LIVE_TAB: Final = PaneTab(5, "Chat", "the dialogue with the model", _chat)
"""What is shown when a live session begins."""
TABS: Final = (SANDBOX_TAB, EVENT_TAB, COMPARE_TAB, FILES_TAB, LIVE_TAB)
"""In the order of their keys."""

_LEAST: Final = 0.1


@runtime_checkable
class Follower(Protocol):
    """A pane that shows what a session tells."""

    def follow(self, notice: notices.Notice) -> None:
        """Show what a notice tells of. Called in the session's event loop: it must not block."""


@runtime_checkable
class RowShower(Protocol):
    """A pane that shows the selected row of the timeline."""

    def show_row(self, row: Row | None) -> None:
        """Show a row, as it is now."""


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
        self._found: Row | None = None
        """The row that the search came to last."""
        self._seeking: set[PaneTab] = set()
        """The panes that have yet to bring in sight what was searched for in it."""
        self._shown = SANDBOX_TAB
        self._below = EVENT_TAB
        """What the lower pane shows, or would show."""
        self._panes = {SANDBOX_TAB: _made(SANDBOX_TAB, session)}
        self._height = 0
        self._switcher: ContentSwitcher | None = None
        """Has all panes but that one, and is behind the first frame."""

    def compose(self) -> ComposeResult:
        """The tabs above the panes."""
        yield TabBar(id="tabs")
        yield self._panes[SANDBOX_TAB]
        yield Divider(across=True, id="side-divider")
        yield TabBar(id="tabs-below")

    def on_mount(self) -> None:
        """Show what is to be seen at first."""
        self._show()

    async def complete(self) -> None:
        """Bring in the panes that the first frame leaves out, and beside the titles what they say there."""
        from textual.widgets import ContentSwitcher

        others = [tab for tab in TABS if tab not in self._panes]
        self._panes |= {tab: _made(tab, self._session) for tab in others}
        switcher = ContentSwitcher(*map(self.pane, others), id="switcher")
        await self.mount(switcher)
        self._switcher = switcher
        for pane in self.panes:
            self.watch(pane, "aside", self._show_titles, init=False)
        self._show()

    @property
    def panes(self) -> tuple[LinePane, ...]:
        """All panes that are there, those too that are not shown."""
        return tuple(self._panes.values())

    @property
    def shown(self) -> PaneTab:
        """The tab that was asked for last."""
        return self._shown

    def shows(self, tab: PaneTab) -> bool:
        """Whether the pane of a tab can be seen, or would be where the timeline is alone."""
        return tab is self._shown or (self.is_double and tab in (SANDBOX_TAB, self._below))

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
        for pane in self.panes:
            if isinstance(pane, Follower):
                pane.follow(notice)

    def show_tab(self, tab: PaneTab) -> None:
        """Show the pane of a tab. The upper one of two is always shown, and is given the focus."""
        within = self.has_focus_within
        self._take(tab)
        self._show()
        if within or (self.is_double and tab is SANDBOX_TAB):
            self.active.focus()

    def _take(self, tab: PaneTab) -> None:
        self._shown = tab
        self._below = self._below if tab is SANDBOX_TAB else tab

    def watch_is_double(self) -> None:
        """There are two panes now, or one; the one that has the focus is among them."""
        self.set_class(self.is_double, "-double")
        if self.is_mounted:
            self._show()

    def watch_share(self) -> None:
        """The upper pane has another height."""
        self._give_room()

    def on_resize(self, event: events.Resize) -> None:
        """Both panes keep their share."""
        self.give_room(event.size.height)

    def give_room(self, height: int) -> None:
        """Divide so many rows among the panes."""
        self._height = height
        self._give_room()

    def _give_room(self) -> None:
        height = self._height - 3  # two rows of titles, and the line
        upper = self._panes[SANDBOX_TAB].styles
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
        upper = self.is_double or self._shown is SANDBOX_TAB
        self._panes[SANDBOX_TAB].display = upper
        if self._switcher is not None:
            self._switcher.current = self._below.id if self.is_double or not upper else None
            self._switcher.display = self._switcher.current is not None
        self._show_titles()
        self.show_row(self._row)

    def _show_titles(self) -> None:
        """Say which panes are shown, which has the focus, and what they have to say beside that."""
        above, below = self.query_one("#tabs", TabBar), self.query_one("#tabs-below", TabBar)
        rows = ((SANDBOX_TAB,), TABS[1:]) if self.is_double else (TABS, ())
        shown = (SANDBOX_TAB, self._below) if self.is_double else (self._shown, self._below)
        for bar, tabs, tab in zip((above, below), rows, shown, strict=True):
            names, pane = {one.key: one.title for one in tabs}, self._panes.get(tab)
            bar.line = TabLine(names, tab.key) if pane is None else _line(names, tab, pane)

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
        if row != self._found:
            self._seeking.clear()
        for tab, pane in self._panes.items():
            if isinstance(pane, RowShower) and (tab is SANDBOX_TAB or self.shows(tab)):
                pane.show_row(row)
                if tab in self._seeking and self.shows(tab):
                    self._seeking.remove(tab)
                    pane.seek()

    def show_query(self, query: Query | None) -> None:
        """Mark what is searched for in all panes, or nothing any more."""
        for pane in self.panes:
            pane.show_query(query)

    def seek(self, row: Row | None) -> None:
        """Have each pane bring in sight what was searched for, once it shows this row, which was found."""
        self._found, self._seeking = row, set(TABS)

    @on(TabBar.Picked)
    def _show_picked(self, event: TabBar.Picked) -> None:
        self.show_tab(next(tab for tab in TABS if tab.key == event.key))


def _line(names: Mapping[int, str], tab: PaneTab, pane: LinePane) -> TabLine:
    return TabLine(names, tab.key, pane.has_focus, pane.aside)


def _made(tab: PaneTab, session: Session) -> LinePane:
    pane = tab.pane(session)
    pane.id = tab.id
    return pane
