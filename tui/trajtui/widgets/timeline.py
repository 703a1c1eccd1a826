"""The timeline: one row a step, drawn only while it can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var

from trajcore.events.head import Head
from trajcore.events.kinds import DELEGATE, MESSAGE, kind_named
from trajcore.replay.player import Service
from trajcore.replay.run import Entry, Status
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.views import marks
from trajcore.views.timeline import Row, Timeline, can_fold
from trajtui.widgets.lines import LinePane

_KIND_WIDTH: Final = 9
_LONGEST_KIND: Final = 16
_DEEPEST: Final = 8


_CHOSEN: Final = {Service.RECORDED: marks.SERVED, Service.SKIP: marks.SKIPPED}


class TimelineView(LinePane):
    """The recording with this run's additions, a cursor, and the mark of what comes next."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "timeline--cursor",
        "timeline--id",
        "timeline--kind",
        "timeline--user",
        "timeline--good",
        "timeline--bad",
        "timeline--next",
        "timeline--edited",
        "timeline--breakpoint",
        "timeline--live",
        "timeline--aside",
        "timeline--picked",
    }

    cursor: var[int] = var(0)
    raw: var[bool] = var(False)

    @dataclass
    class Selected(Message):
        """The cursor is on another row, or the row under it has changed."""

        row: Row | None

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._folded: set[int] = set()
        """Delegations (the uids of their actions) whose events are left out."""
        self._anchor: int | None = None
        """The row where the selection of several begins; the cursor is where it ends."""
        self._downstream = range(0)
        """What was played after something that has been edited since."""
        self._timeline = Timeline(session.trajectory, session.run)
        self.border_title = "Timeline"

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
    def _picked_rows(self) -> range:
        if self._anchor is None:
            return range(0)
        first, last = sorted((self._anchor, self.cursor))
        return range(first, min(last, len(self._timeline) - 1) + 1)

    def extend(self, by: int) -> None:
        """Take another row into the selection, or out of it."""
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
        """Lay the rows out."""
        self.rebuild()

    def on_resize(self, event: events.Resize) -> None:
        """Rows are as wide as the pane."""
        self.lines_changed()
        self._show_cursor()

    def rebuild(self) -> None:
        """Rows were added, removed or moved, or others are to be shown; the cursor stays on its event."""
        selected, anchor = self.selected, self._row(self._anchor)
        self._timeline = Timeline(
            self._session.trajectory, self._session.run, raw=self.raw, folded=self._folded
        )
        self.lines_changed()
        self._anchor = None if anchor is None else self._row_of(anchor, self._anchor or 0)
        if selected is not None:
            self.cursor = self._row_of(selected, self.cursor)
        self.cursor = max(0, min(self.cursor, len(self._timeline) - 1))
        self._show_cursor()

    def lines_changed(self) -> None:
        """Have the rows drawn again, those that an edit has overtaken dim."""
        first = self._session.first_stale
        self._downstream = range(0) if first is None else range(first, self._session.position)
        super().lines_changed()

    def fold_selected(self) -> bool:
        """Leave the events of the selected delegation out, or show them again; whether it is one."""
        index = self.selected_index
        if index is None or not can_fold(self._session.trajectory, index):
            return False
        self._folded ^= {self._session.trajectory.uid(index)}
        self.rebuild()
        return True

    def follow(self, index: int) -> None:
        """Put the cursor on the row of a recorded event, or the next one that is shown."""
        self.pick_none()
        self.cursor = max(0, self._timeline.at_or_after(index))

    def follow_end(self) -> None:
        """Put the cursor on the last event that this run added."""
        for place in range(len(self._session.run) - 1, -1, -1):
            row = self._timeline.of_entry(place)
            if row is not None:
                self.cursor = row
                return

    def move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self.pick_none()
        self.cursor = max(0, min(len(self._timeline) - 1, self.cursor + by))

    def action_page_down(self) -> None:
        """Move the cursor by what is in view."""
        self.move(self.scrollable_content_region.height)

    def action_page_up(self) -> None:
        """Move the cursor back by what is in view."""
        self.move(-self.scrollable_content_region.height)

    def move_to_end(self, *, last: bool) -> None:
        """Move the cursor to the first or the last row."""
        self.pick_none()
        self.cursor = len(self._timeline) - 1 if last else 0

    def watch_cursor(self) -> None:
        """Draw the cursor in its new place and tell of it."""
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
        """Select the row that was clicked; with Shift, all rows up to it."""
        if not event.shift:
            self.pick_none()
        elif self._anchor is None:
            self._anchor = self.cursor
        row = event.y - self.gutter.top + self.scroll_offset.y
        if 0 <= row < len(self._timeline):
            self.cursor = row

    def _show_cursor(self) -> None:
        if self.size.height:
            self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, immediate=True, x_axis=False)

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

    def line_count(self) -> int:
        """One line a row."""
        return len(self._timeline)

    def line_text(self, number: int) -> Text:
        """One row: gutter, id, kind, summary, and at its end how it came out."""
        row = self._timeline[number]
        index = row.index(self._session.trajectory)
        text = self._added(row.entry) if index is None else self._recorded(index, number)
        if number == self.cursor:
            text.stylize(self.ground_style("timeline--cursor"))
        elif number in self._picked_rows:
            text.stylize(self.ground_style("timeline--picked"))
        return text

    def _recorded(self, index: int, number: int) -> Text:
        session = self._session
        head = session.trajectory.head(index)
        result = session.result_of(index)
        mark, style = marks.RECORDED_ONLY, "timeline--aside"
        if result is not None:
            mark = marks.mark_of(result)
            style = "timeline--bad" if result.status is Status.DIVERGED else "timeline--good"
        elif index < session.position:
            mark = " "
        else:
            mark = _CHOSEN.get(session.service_of(index), mark)
        if index in session.trajectory.edited or index in session.stale:
            mark, style = marks.EDITED, "timeline--edited"
        gutter = Text()
        stop = marks.BREAKPOINT if session.trajectory.uid(index) in session.breakpoints else " "
        gutter.append(stop, self.part_style("timeline--breakpoint"))
        gutter.append(mark, self.part_style(style))
        is_next = number == self.next_row and not session.at_end
        gutter.append(marks.NEXT if is_next else " ", self.part_style("timeline--next"))
        label = session.trajectory.label(index)
        depth = session.trajectory.outline.depth(index)
        right, bad = self._outcome(index, head)
        name = "  " * min(depth, _DEEPEST) + self._fold_mark(index, head) + _shown_kind(head)
        text = self._drawn(gutter, label, head, name, right, bad=bad)
        if index in self._downstream:
            text.stylize(Style(dim=True))
        return text

    def _fold_mark(self, index: int, head: Head) -> str:
        if head.action != DELEGATE:
            return ""
        return "▸ " if self._session.trajectory.uid(index) in self._folded else "▾ "

    def _outcome(self, index: int, head: Head) -> tuple[str, bool]:
        """What stands at the end of a row: exit code and duration, the recorded ones until it is played."""
        if index in self._session.stale:
            return "stale", False
        if head.wait_for_response:
            return "waits", False
        trajectory = self._session.trajectory
        result = self._session.result_of(index)
        if result is not None:
            code = "" if result.exit_code is None else f"exit {result.exit_code}"
            diverged = result.status is Status.DIVERGED
            return _outcome(code, marks.duration(result.seconds)), diverged
        answer = trajectory.outline.answer_of.get(index)
        shown = trajectory.head(answer) if answer is not None else head
        if shown.exit_code is not None:
            return _outcome(f"exit {shown.exit_code}"), False
        return (_outcome("error") if shown.failed_edit else ""), False

    def _added(self, place: int | None) -> Text:
        entry: Entry = self._session.run.entries[place or 0]
        gutter = Text(" " + marks.LIVE + " ", self.part_style("timeline--live"))
        right = "waits" if entry.head.wait_for_response else ""
        answer = self._answer_to(entry, place or 0)
        if answer is not None and answer.exit_code is not None:
            right = _outcome(f"exit {answer.exit_code}")
        return self._drawn(gutter, str(entry.id), entry.head, _shown_kind(entry.head), right, bad=False)

    def _answer_to(self, entry: Entry, place: int) -> Head | None:
        following = self._session.run.entries[place + 1 : place + 2]
        return next((other.head for other in following if other.cause == entry.id), None)

    def _drawn(self, gutter: Text, label: str, head: Head, name: str, right: str, *, bad: bool) -> Text:
        width = self.scrollable_content_region.width
        digits = max(3, len(str(len(self._session.trajectory))))
        line = gutter
        line.append(f"{label:>{digits}} ", self.part_style("timeline--id"))
        style = "timeline--user" if head.source == "user" else "timeline--kind"
        line.append(set_cell_size(name, max(_KIND_WIDTH, cell_len(name) + 1)), self.part_style(style))
        room = max(0, width - line.cell_len - (cell_len(right) + 1 if right else 0))
        summary = _fitted(safe_line(head.summary()), room, keep_end=kind_named(head.kind).file)
        aside = "timeline--aside" if not head.is_action else None
        line.append(summary, self.part_style(aside) if aside else None)
        if right:
            line.append(" " + right, self.part_style("timeline--bad" if bad else "timeline--aside"))
        return line

    def line_width(self) -> int:
        """Rows never scroll sideways."""
        return Size(self.scrollable_content_region.width, 0).width


def _shown_kind(head: Head) -> str:
    return _shortened(kind_name(head), _LONGEST_KIND)


def _outcome(code: str, duration: str = "") -> str:
    """Exit code and duration in columns that line up."""
    return f"{code:>8} {duration:>6}"


def _fitted(text: str, room: int, *, keep_end: bool) -> str:
    """A text in exactly `room` cells; of a path the end is kept, of anything else the beginning."""
    if cell_len(text) <= room:
        return set_cell_size(text, room)
    if keep_end and text.isascii():
        return "…" + text[len(text) - room + 1 :] if room else ""
    return set_cell_size(text, max(0, room - 1)) + "…"


def _shortened(text: str, room: int) -> str:
    return text if cell_len(text) <= room else set_cell_size(text, room - 1) + "…"


def kind_name(head: Head) -> str:
    """How the timeline calls an event: by its speaker for messages, else by its kind."""
    if head.kind == MESSAGE:
        return "user" if head.source == "user" else "say"
    return safe_line(kind_named(head.kind).title)
