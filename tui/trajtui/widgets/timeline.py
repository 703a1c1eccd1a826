"""The timeline: one row a step, drawn only while it can be seen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import events, work
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var

from trajcore import Session
from trajcore.views.rows import RowLines, directory_of, running
from trajcore.views.timeline import Row, Rows, Timeline, can_fold, last_row
from trajtui.widgets.lines import LinePane
from trajtui.widgets.rowtext import COMPONENTS, SPENT_FROM, TIMES_FROM, Look, row_text
from trajtui.widgets.running_row import RunningRow

if TYPE_CHECKING:
    from trajcore.views.filtering import Filter
    from trajcore.views.finding import Finding

_GUTTER: Final = 3
"""So many cells at the beginning of a row are marks: a click there is for a breakpoint."""
_TWICE: Final = 2
_MARGIN: Final = 3
"""The part of the pane (one in so many) that shows what comes next while the cursor follows what happens."""


class TimelineView(LinePane):
    """The recording with this run's additions, a cursor, and the mark of what comes next."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *COMPONENTS,
        "timeline--cursor",
        "timeline--picked",
        "timeline--match",
    }

    cursor: var[int] = var(0)
    raw: var[bool] = var(False)

    @dataclass
    class Selected(Message):
        """The cursor is on another row, or the row under it has changed."""

        row: Row | None

    @dataclass
    class Called(Message):
        """The mouse asks for something to be done with the row under the cursor: the name of the action."""

        action: str

    @dataclass
    class Rebuilt(Message):
        """Rows came, went or moved; or, of the same rows, others are shown (`narrowed`)."""

        narrowed: bool = False

    finding: Finding | None = None
    """What was searched for, which the rows mark."""
    filter: Filter | None = None
    """Which rows are wanted; None: all."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._folded: set[int] = set()
        """Delegations (the uids of their actions) whose events are left out."""
        self._anchor: int | None = None
        """The row where the selection of several begins; the cursor is where it ends."""
        self.following = False
        """Whether the cursor goes where something happens; it does until the user moves it."""
        self.every = Timeline(session.trajectory, session.run, beginning=True)
        """All rows, also those that a filter leaves out."""
        self._timeline: Rows = self.every
        self._lines = RowLines(session, self._timeline)
        self.running = RunningRow(self, session)
        """Which row stands for what is carried out at present, and for how long."""
        self._directory: str | None = None
        """What the paths of the recording share; None until that is looked for."""

    @property
    def rows(self) -> Rows:
        """The rows that are shown."""
        return self._timeline

    @property
    def selected(self) -> Row | None:
        """The row under the cursor; None when there is none."""
        return self._timeline[self.cursor] if len(self._timeline) else None

    @property
    def selected_index(self) -> int | None:
        """The index of the recorded event under the cursor; None where there is none."""
        row = self.selected
        return None if row is None else row.index(self._session.trajectory)

    @property
    def picked(self) -> frozenset[int]:
        """The recorded events of the selected rows, by index; empty where no more than the cursor is."""
        trajectory = self._session.trajectory
        found = (self._timeline[number].index(trajectory) for number in self._picked_rows)
        return frozenset(index for index in found if index is not None)

    @property
    def chosen(self) -> list[Row]:
        """The selected rows, or the one under the cursor."""
        numbers = self._picked_rows or range(self.cursor, self.cursor + 1)
        return [self._timeline[number] for number in numbers if number < len(self._timeline)]

    @property
    def _picked_rows(self) -> range:
        if self._anchor is None:
            return range(0)
        first, last = sorted((self._anchor, self.cursor))
        return range(first, min(last, len(self._timeline) - 1) + 1)

    @property
    def has_several(self) -> bool:
        """Whether a selection of several was begun."""
        return self._anchor is not None

    def extend(self, by: int) -> None:
        """Take another row into the selection, or out of it."""
        self.following = False
        if self._anchor is None:
            self._anchor = self.cursor
        self.cursor = max(0, min(len(self._timeline) - 1, self.cursor + by))

    def pick_none(self) -> bool:
        """Select no more than the cursor; whether more was selected."""
        several, self._anchor = self._anchor is not None, None
        if several:
            self.lines_changed()
            self.post_message(self.Selected(self.selected))
        return several

    @property
    def next_row(self) -> int:
        """The row of what comes next."""
        return self._timeline.at_or_after(self._session.position)

    def on_mount(self) -> None:
        """Lay the first rows out."""
        self.lines_changed()

    def complete(self) -> None:
        """Show all rows, where it is only the first so far: a large recording has not been read further."""
        if self._timeline.beginning is not None:
            self.rebuild()
        if self._directory is None:
            self._directory = ""
            self._fold_directory()

    @property
    def folded(self) -> frozenset[int]:
        """The delegations (the uids of their actions) whose events are left out."""
        return frozenset(self._folded)

    def lay_out(self, *, raw: bool, folded: Collection[int]) -> None:
        """Show every event where it is `raw`, and leave out those of delegations that are folded."""
        if raw or folded:
            self._folded.update(folded)
            self.set_reactive(TimelineView.raw, raw or self.raw)
            self.rebuild()

    def on_resize(self, event: events.Resize) -> None:
        """Rows are as wide as the pane."""
        self.lines_changed()
        self._show_cursor()

    def rebuild(self) -> None:
        """Rows were added, removed or moved, or others are to be shown; the cursor stays on its event."""
        trajectory, run = self._session.trajectory, self._session.run
        self.every = Timeline(trajectory, run, raw=self.raw, folded=self._folded)
        self._look_through()
        self.show_wanted()
        self.post_message(self.Rebuilt())

    def narrow(self, filter: Filter | None) -> None:
        """Show the rows that are wanted, as far as that is known at once."""
        self.filter = filter
        self._look_through()
        self.show_wanted()

    def _look_through(self) -> None:
        if self.filter is not None:
            row = self.selected
            first = None if row is None else self.every.number_of(row, self._session.trajectory)
            self.filter.begin(self.every, first)
            self.filter.go_on()

    def show_wanted(self) -> None:
        """Other rows are wanted than before: the cursor stays on its row, or goes to one near it."""
        selected, anchor = self.selected, self._row(self._anchor)
        self._timeline = self._wanted()
        self._lines = RowLines(self._session, self._timeline, self._directory or "")
        self.lines_changed()
        self._anchor = None if anchor is None else self._row_of(anchor, self._anchor or 0)
        if selected is not None:
            self.cursor = self._row_of(selected, self.cursor)
        self.cursor = max(0, min(self.cursor, len(self._timeline) - 1))
        self._show_cursor()
        self.post_message(self.Rebuilt(narrowed=True))

    def _wanted(self) -> Rows:
        if self.filter is None:
            return self.every
        session = self._session
        ended = session.at_end or not len(self.every)
        return self.filter.narrowed(self.every, None if ended else self.every.at_or_after(session.position))

    def fold_selected(self) -> bool:
        """Leave the events of the selected delegation out, or show them again; whether it is one."""
        index = self.selected_index
        if index is None or not can_fold(self._session.trajectory, index):
            return False
        self._folded ^= {self._session.trajectory.uid(index)}
        self.rebuild()
        return True

    def number_of(self, row: Row) -> int | None:
        """Where a row is, or the one that it is folded into; None where it is nowhere."""
        return self._timeline.number_of(row, self._session.trajectory)

    def show_row(self, row: Row) -> None:
        """Put the cursor on a row, out of the delegations that are folded over it."""
        index, number = row.index(self._session.trajectory), self.number_of(row)
        if number is not None and index is not None and self._timeline[number] != row:
            delegations = self._session.trajectory.outline.delegations
            over = {begin for begin, end in delegations.items() if begin < index < end}
            self._folded -= {self._session.trajectory.uid(begin) for begin in over}
            self.rebuild()
            number = self.number_of(row)
        if number is not None:
            self.move(number - self.cursor)

    def show_found(self, finding: Finding | None) -> None:
        """Mark the rows that a search finds."""
        self.finding = finding
        self.found_changed()

    def found_changed(self) -> None:
        """The search has found more rows."""
        self._strips.clear()
        self.refresh()

    def follow(self, index: int) -> None:
        """Put the cursor on the row of a recorded event, or the next one that is shown."""
        self._leave()
        self.cursor = max(0, self._timeline.at_or_after(index))

    def follow_last(self) -> None:
        """Put the cursor on what was done last, and keep it there until the user moves it."""
        self.following = True
        self.show_last()

    def show_last(self) -> None:
        """Put the cursor on what was done last, if it follows that."""
        last = self.last_row
        if self.following and last is not None and last != self.cursor:
            self.pick_none()
            self.cursor = last

    @property
    def last_row(self) -> int | None:
        """Where the row is of what was done last; None where there is none."""
        row = last_row(self._session.trajectory, self._session.run)
        return None if row is None else self.number_of(row)

    def _leave(self) -> None:
        """From now on the cursor is the user's, and it alone is selected."""
        self.following = False
        self.pick_none()

    def go_to(self, row: Row) -> None:
        """Put the cursor on a row, or on the next one that is shown."""
        self._leave()
        self.cursor = max(0, self._row_of(row, self.cursor))

    def move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self._leave()
        self.cursor = max(0, min(len(self._timeline) - 1, self.cursor + by))

    def action_page_down(self) -> None:
        """Move the cursor by what is in view."""
        self.move(self.scrollable_content_region.height)

    def action_page_up(self) -> None:
        """Move the cursor back by what is in view."""
        self.move(-self.scrollable_content_region.height)

    def move_to_end(self, *, last: bool) -> None:
        """Move the cursor to the first or the last row."""
        self._leave()
        self.cursor = len(self._timeline) - 1 if last else 0

    def watch_cursor(self, before: int, now: int) -> None:
        """Draw the cursor in its new place and tell of it."""
        if self._anchor is None:
            self.line_changed(before)
            self.line_changed(now)
        else:
            self._strips.clear()
            self.refresh()
        self._show_cursor()
        self.post_message(self.Selected(self.selected))

    def watch_raw(self) -> None:
        """Show one row a step, or every event."""
        if self.is_mounted:
            self.rebuild()
            self.post_message(self.Selected(self.selected))

    def on_click(self, event: events.Click) -> None:
        """Select the row that was clicked, with Shift all rows up to it; in its gutter and twice, do more."""
        row = event.y - self.gutter.top + self.scroll_offset.y
        if self.is_marked or not 0 <= row < len(self._timeline):
            return
        self.following = False
        if not event.shift:
            self.pick_none()
        elif self._anchor is None:
            self._anchor = self.cursor
        self.cursor = row
        if event.x < _GUTTER:
            self.post_message(self.Called("breakpoint"))
        elif event.chain == _TWICE:
            self.post_message(self.Called("run_to"))

    def _show_cursor(self) -> None:
        """Scroll to the cursor and, while it follows, to some of what comes next."""
        if self.size.height:
            height = 1 + self.following * (self.size.height // _MARGIN)
            rows = Region(0, self.cursor, 1, height)
            self.scroll_to_region(rows, animate=False, immediate=True, x_axis=False)

    def _row(self, number: int | None) -> Row | None:
        return None if number is None or number >= len(self._timeline) else self._timeline[number]

    def _row_of(self, row: Row, number: int) -> int:
        """Where a row is now that was row `number`; there still, where its event is gone."""
        if row.uid is not None:
            index = row.index(self._session.trajectory)
            return number if index is None else self._timeline.at_or_after(index)
        found = self._timeline.of_entry(row.entry) if row.entry is not None else None
        return number if found is None else found

    # Drawing

    def lines_changed(self) -> None:
        """Have all rows drawn again: any of them may say something else."""
        self._lines.forget()
        super().lines_changed()

    def line_count(self) -> int:
        """One line a row."""
        return len(self._timeline)

    def line_text(self, number: int) -> Text:
        """One row: gutter, id, kind, summary, and at its end how it came out."""
        row, width = self._timeline[number], self.scrollable_content_region.width
        is_next = row.entry is None and number == self.next_row and not self._session.at_end
        line = self._lines.line(number, times=width >= TIMES_FROM, spent=width >= SPENT_FROM)
        if number == self.running.number:
            line, is_next = running(line, self.running.seconds), False
        look = Look(width, self._timeline.label_width, self.part_style)
        text = row_text(line, look, is_next=is_next, folded=row.uid in self._folded)
        self._mark_found(text, number)
        if number == self._timeline.extra:
            text.stylize(self.part_style("timeline--aside"))
        if number == self.cursor:
            text.stylize(self.ground_style("timeline--cursor"))
        elif number in self._picked_rows:
            text.stylize(self.ground_style("timeline--picked"))
        return text

    def _mark_found(self, text: Text, number: int) -> None:
        """Mark in a row that was found where it says so; where it does not, its label."""
        if self.finding is None or number not in self.finding:
            return
        style, label = self.part_style("timeline--match"), self._label_cells
        spans = [
            (begin, end) for begin, end in self.finding.query.visible_in(text.plain) if begin >= label.stop
        ]
        for begin, end in spans or [(label.start, label.stop)]:
            text.stylize(style, begin, end)

    @property
    def _label_cells(self) -> range:
        return range(_GUTTER, _GUTTER + self._timeline.label_width)

    def line_width(self) -> int:
        """Rows never scroll sideways."""
        return Size(self.scrollable_content_region.width, 0).width

    @work(exit_on_error=False)
    async def _fold_directory(self) -> None:
        """Find out which directory the paths share, and leave it out of the rows from then on."""
        self._directory = await directory_of(self._session.recording)
        if self._directory:
            self._lines = RowLines(self._session, self._timeline, self._directory)
            self.lines_changed()
