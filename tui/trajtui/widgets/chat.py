"""The dialogue of this run: what was said and done, what came of it, and what the model is writing now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar, Final

from rich.text import Text
from textual import events, work
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size

from trajcore import Session, State, notices
from trajcore.views.blocks import BlockKind
from trajcore.views.chat import ChatPart, ChatTone, Dialogue
from trajcore.views.coming import Coming, Stretch
from trajcore.views.status import totals
from trajtui.widgets.lines import LinePane
from trajtui.widgets.pace import Pace
from trajtui.widgets.segments import Flow, Segment, Segments, body_of, segment_of

_SELDOM: Final = 1 / 10
"""Seconds between two frames of a text that comes faster than anybody reads."""
_UNFINISHED: Final = "── this reply broke off: it is not part of the run"


class ChatPane(LinePane):
    """What was said, oldest first. Parts that come from the recording are dim; long results are folded.

    What has been laid out stays: a frame takes as long as what has come since the last one.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chat--speaker",
        "chat--aside",
        "chat--live",
        "chat--bad",
        "chat--added",
        "chat--removed",
        "chat--more",
        "chat--cursor",
    }
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "flip", "unfold, fold", show=False)]

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._dialogue = Dialogue(session)
        self._coming = Coming()
        self._segments = Segments()
        self._flows: dict[Stretch, Flow] = {}
        self._unfolded: set[tuple[int, int]] = set()
        self._cursor: int | None = None
        """The row of the cursor; None while it follows the end."""
        self._wrapped_at = 0
        self._pace = Pace(_SELDOM)
        self._due = False
        self._run_changed = True
        self._restarted = False
        self._laying_out = False
        self._waited = 0.0
        """Seconds for which replies of this run were waited for."""

    def on_mount(self) -> None:
        """Keep the end in view until the user goes away from it."""
        self.anchor()

    # What is told

    def follow(self, notice: notices.Notice) -> None:
        """Show what a notice tells of: what the model writes, or that the run has other events."""
        match notice:
            case notices.ModelText() | notices.ModelThinking() | notices.ModelCall():
                self._coming.hear(notice)
                self._pace.step()
                self._draw_soon()
            case notices.ModelReplied():
                self._keep_thought(len(self._session.run))
                self._dialogue.replied(notice)
                self._waited += notice.seconds
                self._show_cost()
                self._changed()
            case notices.RunChanged(restarted):
                self._waited = 0.0 if restarted else self._waited
                self._show_cost()
                self._keep_thought(len(self._session.run) - 1)
                self._coming.end()
                self._restarted = self._restarted or restarted
                self._changed()
            case notices.PositionChanged() | notices.StepDone():
                self._pace.step()
                self._changed()
            case notices.WentBack():
                self._changed()
            case notices.StateChanged(state):
                self._keep_unfinished(state)

    def _show_cost(self) -> None:
        self.aside = totals(self._session, self._waited) if self._waited else ""

    def _keep_thought(self, place: int) -> None:
        """The reply that was coming is complete: what the model thought stays, folded."""
        thought = self._coming.replied()
        if thought.strip():
            self._dialogue.add_aside(max(0, place), BlockKind.TEXT, thought, ChatTone.THOUGHT, "thinking")

    def _keep_unfinished(self, state: State) -> None:
        """Nothing came of a reply: what there was of it stays, and says so."""
        stretches = self._coming.stretches
        if not stretches or state in (State.THINKING, State.EXECUTING, State.AWAITING_CONFIRMATION):
            return
        place = len(self._session.run)
        for stretch in stretches:
            self._dialogue.add_aside(place, BlockKind.TEXT, stretch.text, stretch.tone, stretch.speaker)
        self._dialogue.add_aside(place, BlockKind.NOTE, _UNFINISHED, ChatTone.ASIDE)
        self._coming.end()
        self._changed()

    def _changed(self) -> None:
        self._run_changed = True
        self._draw_soon()

    def _draw_soon(self) -> None:
        if self.display and not self._due:
            self._due = True
            self.set_timer(self._pace.delay(), self._draw)

    def on_show(self) -> None:
        """Catch up with what came while this was hidden."""
        self._draw()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._draw()

    # Laying out

    def _draw(self) -> None:
        """Lay out what has changed, if it can be seen; what is hidden catches up when it is shown."""
        self._due = False
        width = self.scrollable_content_region.width
        if not self.display or width <= 0:
            return
        rewrapped = width != self._wrapped_at
        if rewrapped:
            self._wrapped_at = width
            self._segments.set(0, ())
            self._flows = {}
        first = self._settle(rewrapped) if rewrapped or self._run_changed else len(self._segments)
        self._rows_changed(min(first, self._add_coming()))

    def _settle(self, rewrapped: bool) -> int:
        """Lay out the parts of the dialogue that are others now; the first row that is another one."""
        kept = self._dialogue.refresh(anew=self._restarted)
        kept = 0 if rewrapped else kept
        self._run_changed = self._restarted = False
        return self._segments.set(kept, [self._segment(part) for part in self._dialogue.parts[kept:]])

    def _segment(self, part: ChatPart) -> Segment:
        segment = segment_of(part, self._wrapped_at, folded=part.key not in self._unfolded)
        if segment.later is not None and not self._laying_out:
            self._laying_out = True
            self._lay_out_long()
        return segment

    def _add_coming(self) -> int:
        """Add what the model is writing; the first row that is another one now."""
        settled, before = len(self._dialogue.parts), list(self._flows.values())
        self._flows = {stretch: self._flow_of(stretch) for stretch in self._coming.stretches}
        changed = {flow: flow.more(stretch.take()) for stretch, flow in self._flows.items()}
        flows = list(changed)
        self._segments.set(settled, flows)
        same = 0
        for flow, known in zip(flows, before, strict=False):
            if flow is not known or changed[flow] is not None:
                break
            same += 1
        row = changed[flows[same]] if same < len(flows) and flows[same] in before else 0
        return self._segments.start(settled + same) + (row or 0)

    def _flow_of(self, stretch: Stretch) -> Flow:
        flow = self._flows.get(stretch)
        if flow is None:
            stretch.again()
            flow = Flow(stretch.speaker, stretch.tone, self._wrapped_at)
        flow.called(stretch.speaker)
        return flow

    @work
    async def _lay_out_long(self) -> None:
        """Lay out, in a thread, what would keep the keys waiting."""
        try:
            while (number := self._unready()) is not None:
                segment, width = self._segments.all[number], self._wrapped_at
                part, block = segment.part, segment.later
                assert part is not None
                assert block is not None
                rows = await asyncio.to_thread(body_of, part, block, width)
                if width == self._wrapped_at and segment in self._segments.all:
                    segment.body, segment.later = rows, None
                    self._rows_changed(self._segments.resized(self._segments.all.index(segment)))
        finally:
            self._laying_out = False

    def _unready(self) -> int | None:
        """The segment that is shown next of those which are still to be laid out: the last one."""
        numbers = range(len(self._segments.all) - 1, -1, -1)
        return next((number for number in numbers if self._segments.all[number].later is not None), None)

    # Drawing

    def line_count(self) -> int:
        """The rows after wrapping."""
        return len(self._segments)

    def line_text(self, number: int) -> Text:
        """One row."""
        row = self._segments.row(number)
        if isinstance(row, Text):
            text = row.copy()
        else:
            text = Text(row[0], self.part_style(row[1]) if row[1] else "")
        if self.has_focus and number == self._row:
            text.pad_right(max(0, self._wrapped_at - text.cell_len))
            text.stylize(self.ground_style("chat--cursor"))
        return text

    def _rows_changed(self, first: int) -> None:
        """Have the rows from this one on drawn again; those before it are as they were."""
        self._forget(lambda row: row >= first)
        size = Size(self.line_width(), self.line_count())
        if size != self.virtual_size:
            self.virtual_size = size
            self.refresh()
        else:
            self.refresh_lines(first, max(1, self.line_count() - first))

    def _forget(self, changed: Callable[[int], bool]) -> None:
        """Rows that are others now are not what was drawn of them."""
        drawn = list(self._strips.keys())
        for key in drawn:
            if changed(key[0]):
                self._strips.discard(key)

    # The cursor

    @property
    def _row(self) -> int:
        """The row of the cursor."""
        last = max(0, len(self._segments) - 1)
        return last if self._cursor is None else min(self._cursor, last)

    def move(self, by: int) -> None:
        """Move the cursor by so many rows, from where it can be seen."""
        top = self.scroll_offset.y
        bottom = max(top, min(top + self.scrollable_content_region.height, len(self._segments)) - 1)
        self._go(max(top, min(self._row, bottom)) + by)

    def move_to_end(self, *, last: bool) -> None:
        """Go to the first or the last row."""
        self._go(len(self._segments) if last else 0)

    def _go(self, row: int) -> None:
        before, last = self._row, max(0, len(self._segments) - 1)
        row = max(0, min(row, last))
        self._cursor = None if row == last else row
        if row == last:
            self.scroll_end(animate=False, immediate=True)
        else:
            self.release_anchor()
            self.scroll_to_region(Region(0, row, 1, 1), animate=False, immediate=True, x_axis=False)
        self._forget(lambda one: one in (before, row))
        for one in (before, row):
            self.refresh_line(one)

    def on_focus(self) -> None:
        """Show the cursor."""
        self._go(self._row)

    def on_blur(self) -> None:
        """Show it no longer."""
        self._rows_changed(self._row)

    def action_scroll_up(self) -> None:
        """One row up."""
        self.move(-1)

    def action_scroll_down(self) -> None:
        """One row down."""
        self.move(1)

    def action_scroll_home(self) -> None:
        """The first row."""
        self.move_to_end(last=False)

    def action_scroll_end(self) -> None:
        """The last row."""
        self.move_to_end(last=True)

    def action_page_up(self) -> None:
        """As far up as is in view."""
        self.move(-self.scrollable_content_region.height)

    def action_page_down(self) -> None:
        """As far down as is in view."""
        self.move(self.scrollable_content_region.height)

    def action_flip(self) -> None:
        """Unfold what the cursor is on, or the next part above it that can be seen; or fold it again."""
        number, top = self._segments.at(self._row), self.scroll_offset.y
        while number >= 0 and self._segments.all:
            if self._flip(number):
                return
            if self._segments.start(number) <= top:
                break
            number -= 1
        raise SkipAction

    def on_click(self, event: events.Click) -> None:
        """Unfold, or fold, what was clicked."""
        row = event.y - self.gutter.top + self.scroll_offset.y
        if not self.is_marked and 0 <= row < len(self._segments) and not self._flip(self._segments.at(row)):
            self._go(row)

    def _flip(self, number: int) -> bool:
        """Unfold a segment, or fold it; whether there is anything to unfold."""
        part = self._segments.all[number].part
        if part is None or not part.folds:
            return False
        self._unfolded ^= {part.key}
        self._segments.all[number] = self._segment(part)
        self._rows_changed(self._segments.resized(number))
        self._go(self._segments.start(number))
        return True
