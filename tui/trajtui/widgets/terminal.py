"""What the sandbox was told and what came of it: a terminal in which each step has its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual import events, work
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.filter import LineFilter

from trajcore import Session, notices
from trajcore.views.sandboxlog import HOST, Passage, SandboxLog
from trajcore.views.timeline import Row
from trajtui.legible import Depth, Readable
from trajtui.widgets.marking import Part
from trajtui.widgets.paced import PacedPane
from trajtui.widgets.passages import Laid, as_chosen, drawn_output
from trajtui.widgets.segments import Segments
from trajtui.widgets.wrapping import UNWRAPPED, wrapped

_NARROWEST: Final = 10
_PARTS: Final = {"note": "note", "rule": "rule", "bad": "failed", "failed": "failed"}
_CHOSEN: Final = frozenset({"prompt", "rule", "bad"})


class TerminalPane(PacedPane):
    """A prompt for each command, its output as it comes, a rule when it has ended.

    What has been laid out stays: a frame takes as long as what has come since the last one.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "terminal--prompt",
        "terminal--command",
        "terminal--rule",
        "terminal--failed",
        "terminal--note",
        "terminal--chosen",
    }
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "flip", "unfold, fold", show=False)]
    can_wrap = True

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._log = SandboxLog(session)
        self._segments = Segments()
        self._unfolded: set[Passage] = set()
        self._chosen: Passage | None = None
        """What the selected row of the timeline brought."""
        self._sought: Passage | None = None
        """What is to be gone to, once it can be seen."""
        self._seeks = False
        """Whether what is searched for is to come in sight there."""
        self._row: Row | None = None
        self._hint: list[str] = []
        self._first: int | None = 0
        """The first passage that is another one than what is laid out; None where none is."""
        self._width = 0
        self._widest = 0

    def get_line_filters(self) -> Sequence[LineFilter]:
        """A program may choose any colour on any other: what could not be read can."""
        return [*super().get_line_filters(), Readable(Depth.of(self.app.console))]

    def on_mount(self) -> None:
        """Keep the end in view until the user goes away from it."""
        self.anchor()

    # What is told

    def follow(self, notice: notices.Notice) -> None:
        """Show what a notice tells of. The notices of a command come in the order in which it happened."""
        first = self._log.hear(notice)
        if first is None:
            return
        if isinstance(notice, notices.Executing):
            self._pace.step()
        self._first = first if self._first is None else min(self._first, first)
        self._draw_soon()

    def output_of(self, row: Row) -> str:
        """What a row has written in this run, with its colours."""
        return self._log.output_of(row)

    def show_row(self, row: Row | None) -> None:
        """Go to what a row of the timeline brought, once for each; the last that ran is followed."""
        chosen = self._log.of_row(row)
        if chosen is self._chosen and row == self._row:
            return
        self._chosen = self._sought = chosen
        if chosen is None and self._log.is_behind_all(row):
            self._sought = self._log.last_step
        self._row = row
        self._strips.clear()
        self.refresh()
        self._go()

    def _go(self) -> None:
        """Go to what is sought, once that is laid out."""
        passage = self._sought
        if passage is None or self._first is not None or not self.display:
            return
        self._sought = None
        if self._seeks:
            self._seeks = False
            self._find_sought(passage)
        elif passage is self._log.last_step:
            self.anchor()
        elif self._is_laid_out(passage):
            self.release_anchor()
            self._bring_up(self._top + self._segments.start(self._log.place(passage)))

    def _is_laid_out(self, passage: Passage) -> bool:
        return 0 <= self._log.place(passage) < len(self._segments.all)

    def seek(self) -> None:
        """See `LinePane.seek`: in what the selected row brought, which may have to be unfolded."""
        self._seeks, self._sought = self._chosen is not None, self._chosen
        self._go()

    @work(group="seeking", exclusive=True, exit_on_error=False)
    async def _find_sought(self, passage: Passage) -> None:
        from trajtui.widgets.seeking import first_place  # with the first search

        query = self._query
        for _ in range(2):
            if query is None or not self._is_laid_out(passage):
                return
            number = self._log.place(passage)
            begin = self._top + self._segments.start(number)
            rows = range(begin, begin + len(self._segments.all[number]))
            if (place := await first_place(self, rows, query)) is not None:
                self.release_anchor()
                self.bring_in_sight(*place)
                return
            if not passage.folded or passage in self._unfolded or not query.visible_in(passage.said):
                return
            self._flip(passage)

    def _bring_up(self, row: int) -> None:
        """Have a row in sight: where it is, or at the top."""
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if not top <= row < top + height - 1:
            self.scroll_to(y=row, animate=False, immediate=True)

    # Laying out

    def watch_wraps(self) -> None:
        """Continue wide lines below, or have them scroll sideways."""
        if self.is_mounted:
            self._width = 0
            self._draw()

    def _lay_out_changes(self) -> None:
        """See `PacedPane`."""
        if not self.size.width:
            return
        width = max(_NARROWEST, self.scrollable_content_region.width)
        if width != self._width:
            self._width, self._first = width, 0
            self._segments.set(0, ())
        if self._first is not None:
            self._lay_out(self._first)
            self._first = None
            self.lines_changed()
        self._go()

    def _lay_out(self, first: int) -> None:
        known = {laid.passage: laid for laid in self._segments.all[first:] if isinstance(laid, Laid)}
        laid = []
        for passage in self._log.passages[first:]:
            before = known.get(passage)
            laid.append((before and before.more()) or self._segment(passage))
        self._segments.set(first, laid)
        self._widest = max([self._widest if first else 0, *(one.widest for one in laid)])
        hint = self._log.hint
        self._hint = wrapped(hint, self._width) if hint else []

    def _segment(self, passage: Passage) -> Laid:
        width = self._width if self.wraps else UNWRAPPED
        return Laid(passage, width, unfolded=passage in self._unfolded)

    # Drawing

    @property
    def _top(self) -> int:
        """The rows above all passages."""
        return bool(self._log.dropped)

    def line_count(self) -> int:
        """All rows, one that says how many are not kept, and what stands here before the first step."""
        return self._top + len(self._segments) + len(self._hint)

    def line_width(self) -> int:
        """The widest row, where rows are not wrapped."""
        room = self.scrollable_content_region.width
        return room if self.wraps else max(room, self._widest)

    def line_text(self, number: int) -> Text:
        """One row, its colours decoded."""
        number -= self._top
        if number < 0:
            return Text(f"({self._log.dropped} earlier lines are no longer kept)", self._style("note"))
        if number >= len(self._segments):
            return Text(self._hint[number - len(self._segments)], self._style("note"))
        laid, place = self._at(number)
        passage, row = laid.passage, laid[place]
        if isinstance(row, tuple):
            part = row[1]
            text = self._drawn(row[0], part)
        else:
            assert isinstance(row, Text)
            text, part = row.copy(), "output"
        if passage is self._chosen and part in _CHOSEN:
            text = Text(as_chosen(text.plain), text.style if part == "bad" else self._style("chosen"))
        if passage.is_gone or (passage.is_recorded and part == "output"):
            text.stylize(self._style("note"))
        return text

    def _drawn(self, row: str, part: str) -> Text:
        """A row of a text. Of a prompt where the command runs is dim, and the command stands out."""
        if part == "output":
            return drawn_output(row)
        if part != "prompt":
            return Text(row, self._style(_PARTS[part]))
        where, dollar, command = row.partition("$ ") if row.startswith(HOST) else ("", "", row)
        return Text.assemble((where + dollar, self._style("prompt")), (command, self._style("command")))

    def copied(self, number: int) -> str:
        """See `LinePane.copied`."""
        text = self.line_text(number).plain
        number -= self._top
        if not 0 <= number < len(self._segments):
            return text
        laid, place = self._at(number)
        end = laid.end(place)
        return text.rstrip() if end == "\n" else Part(text, end)

    def _at(self, number: int) -> tuple[Laid, int]:
        """The passage that a row is of, and which of its rows that is."""
        place = self._segments.at(number)
        laid = self._segments.all[place]
        assert isinstance(laid, Laid)
        return laid, number - self._segments.start(place)

    def _style(self, part: str) -> Style:
        return self.part_style(f"terminal--{part}")

    # Folding, and going to a step

    def on_click(self, event: events.Click) -> None:
        """Unfold, or fold, what was clicked; otherwise select the step's row in the timeline."""
        number = event.y - self.gutter.top + self.scroll_offset.y - self._top
        if self.is_marked or not 0 <= number < len(self._segments):
            return
        laid, place = self._at(number)
        if laid.is_folding(place):
            self._flip(laid.passage)
        elif (row := self._log.row_of(laid.passage)) is not None:
            self._row, self._chosen = row, laid.passage  # it is in sight: nothing is to be gone to
            self.lines_changed()
            self.post_message(self.RowChosen(row))

    def action_flip(self) -> None:
        """Unfold what the selected step brought, or else the last that can be seen; or fold it again."""
        top = max(0, self.scroll_offset.y - self._top)
        bottom = min(top + self.scrollable_content_region.height, len(self._segments)) - 1
        if bottom < 0:
            raise SkipAction
        shown = range(self._segments.at(top), self._segments.at(bottom) + 1)
        folding = [passage for passage in map(self._log.passages.__getitem__, shown) if passage.folded]
        if not folding:
            raise SkipAction
        self._flip(self._chosen if self._chosen in folding else folding[-1])

    def _flip(self, passage: Passage) -> None:
        self._unfolded ^= {passage}
        place = self._log.place(passage)
        self._segments.all[place] = self._segment(passage)
        self._segments.resized(place)
        self.release_anchor()
        self.lines_changed()
