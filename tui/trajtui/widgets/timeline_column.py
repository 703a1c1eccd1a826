"""The timeline's column: a title row above the rows of the timeline, and what is typed to find one below."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from trajcore import Session, notices
from trajcore.views.slices import breath
from trajtui.startup import all_rows_read
from trajtui.widgets.bars import EndsBar
from trajtui.widgets.overview import OverviewStrip
from trajtui.widgets.prompt import Prompt
from trajtui.widgets.timeline import TimelineView

if TYPE_CHECKING:
    from trajcore.views.query import Query
    from trajcore.views.timeline import Row
    from trajtui.filtering import Filtering
    from trajtui.searching import Searching


_ROOM_FOR_TWO: Final = 20
"""From so many rows on the strip has two lines."""


class TimelineColumn(Vertical):
    """What it is, then its rows; what belongs to the timeline as a whole has its place here."""

    @dataclass
    class Told(Message):
        """Something is to be said of what was typed here."""

        text: str
        bad: bool

    class Searched(Message):
        """Something else is searched for, or nothing any more."""

        def __init__(self, query: Query | None) -> None:
            super().__init__()
            self.query = query

    class Found(Message):
        """The search has put the cursor on a row."""

        def __init__(self, row: Row | None) -> None:
            super().__init__()
            self.row = row

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self.timeline = TimelineView(session, id="timeline")
        self.title = EndsBar(id="timeline-title")
        self.title.left = "Timeline"
        self.strip = OverviewStrip(session, id="overview")
        self.prompt = Prompt(id="prompt")

    def compose(self) -> ComposeResult:
        """The title above the rows, all of which are in the strip below them."""
        yield self.title
        yield self.timeline
        yield self.strip

    async def complete(self) -> None:
        """Bring in what is typed into, which no first frame shows."""
        await self.mount(self.prompt)

    def on_descendant_focus(self) -> None:
        """The title says that keys come here."""
        self._show_focus()

    def on_descendant_blur(self) -> None:
        """Keys may go elsewhere now."""
        self._show_focus()

    def _show_focus(self) -> None:
        # A class, as Textual styles anew what is `:focus-within` itself, and not what is inside of such.
        self.title.set_class(self.has_focus_within, "-focused")

    def on_resize(self, event: events.Resize) -> None:
        """There is other room."""
        self.give_room(event.size.height)

    def give_room(self, height: int) -> None:
        """Divide so many rows: the strip has two lines where there is room."""
        self.strip.styles.height = 2 if height >= _ROOM_FOR_TWO else 1

    @cached_property
    def searching(self) -> Searching:
        """The search of the rows."""
        from trajtui.searching import Searching  # with the first key that searches

        return Searching(self._session, self)

    @cached_property
    def filtering(self) -> Filtering:
        """The filter of the rows."""
        from trajtui.filtering import Filtering

        return Filtering(self._session, self)

    def tell(self, text: str, *, bad: bool = False) -> None:
        """Have something said."""
        self.post_message(self.Told(text, bad))

    def found(self, number: int) -> None:
        """Put the cursor on a row that was searched for."""
        self.timeline.move(number - self.timeline.cursor)
        self.post_message(self.Found(self.timeline.selected))

    def follow(self, notice: notices.Notice) -> None:
        """The session has told of a change, which the rows show already."""
        self.timeline.running.follow(notice)
        if isinstance(notice, notices.DocumentChanged) and "searching" in self.__dict__:
            self.searching.events_changed(rows=notice.structural)
        if self.timeline.filter is not None:
            self.filtering.follow(notice)
        self._overlook(notice)

    @on(TimelineView.Rebuilt)
    def _rows_changed(self, event: TimelineView.Rebuilt) -> None:
        if "searching" in self.__dict__:
            self.searching.rows_changed()
        if event.narrowed:
            return
        if self.timeline.filter is not None:
            self.filtering.go_on()
        self.begin_overview()

    def leave(self) -> bool:
        """End the search, or else the filter; whether there was one."""
        searched = "searching" in self.__dict__ and self.searching.end()
        return searched or ("filtering" in self.__dict__ and self.filtering.end())

    # The overview

    def begin_overview(self) -> None:
        """Have the strip read all rows, beside the screen."""
        self.strip.overview.begin(self.timeline.every)
        self.strip.overview.go_on()
        self._show_places()
        self.go_on_with(self._overview_through, "overview")

    def go_on_with(self, work: Callable[[], Coroutine[None, None, Any]], group: str) -> None:
        """Do something beside the screen, in place of what is under way of its group."""
        self.run_worker(work, group=group, exclusive=True, exit_on_error=False)

    async def _overview_through(self) -> None:
        overview = self.strip.overview
        while not overview.done:
            await breath()
            overview.go_on()
        all_rows_read()
        self.strip.refresh()

    def _overlook(self, notice: notices.Notice) -> None:
        """Have what has happened shown in its cell."""
        match notice:
            case notices.StepDone(result):
                self._look_again(result.uid)
            case notices.DocumentChanged(uid, structural=False) if uid is not None:
                self._look_again(uid)
            case notices.BreakpointsChanged():
                self.strip.overview.marks_changed()
            case notices.PositionChanged() | notices.StateChanged():
                self._show_places()
            case _:
                return
        self.strip.refresh()

    def _look_again(self, uid: int) -> None:
        index = self._session.trajectory.index_of_uid(uid)
        if index is not None and len(self.timeline.every):
            self.strip.overview.look_again(self.timeline.every.at_or_after(index))

    def _show_places(self) -> None:
        """Show in the strip where the cursor is, and what comes next."""
        session, every, row = self._session, self.timeline.every, self.timeline.selected
        if every.beginning is not None:
            return
        number = None if row is None else every.number_of(row, session.trajectory)
        self.strip.cursor = number or 0
        self.strip.next_row = None if session.at_end else every.at_or_after(session.position)

    @on(OverviewStrip.Picked)
    def _go_to_picked(self, event: OverviewStrip.Picked) -> None:
        if event.number < len(self.timeline.every):
            self.timeline.show_row(self.timeline.every[event.number])

    # What is typed

    def search(self) -> None:
        """Ask what to search for."""
        self.searching.begin()
        self.prompt.open(self.searching)

    def ask_for_filter(self) -> None:
        """Ask which rows are wanted."""
        self.filtering.begin()
        self.prompt.open(self.filtering)

    def go_to(self) -> None:
        """Ask where to go."""
        from trajtui.jumping import Jumping

        self.prompt.open(Jumping(self._session, self))

    @on(Prompt.Closed)
    def _back_to_rows(self) -> None:
        self.timeline.focus()
        self.show_title()

    @on(TimelineView.Selected)
    def show_title(self) -> None:
        """Say in the title which rows are there, what was searched for, and how often it was found."""
        self._show_places()
        wanted, finding = self.timeline.filter, self.timeline.finding
        self.title.left = "Timeline" if wanted is None else f"Filter {wanted.words}"
        count = "" if finding is None else finding.count(self.timeline.cursor)
        nothing = finding is not None and finding.done and not len(finding) and not finding.fault
        self.title.right = "" if finding is None else f"/{finding.query.text}  {count}"
        if self.prompt.purpose is not None and self.prompt.purpose.sign == self.searching.sign:
            self.prompt.count("none" if nothing else count)
            if finding is not None and finding.fault:
                self.prompt.say(finding.fault, bad=True)
