"""The live output of the sandbox. Lines are kept as they came and coloured only while they can be seen."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.ansi import AnsiDecoder
from rich.style import Style
from rich.text import Text
from textual.filter import LineFilter

from trajcore import notices
from trajcore.text import as_shown, safe, safe_line, safe_with_colours
from trajcore.views.marks import duration
from trajcore.views.worlds import lacking, world_notes
from trajtui.legible import Depth, Readable
from trajtui.widgets.lines import LinePane, wrapped
from trajtui.widgets.pace import Pace

_KEPT_CHARACTERS: Final = 32_000_000
_KEPT_LINES: Final = 400_000
_DRAWN_WIDTH: Final = 2_000
_LOOKED_AT: Final = 4 * _DRAWN_WIDTH
"""So many characters of a line are looked at when it is drawn, and one more says that there are others."""
_PLAIN, _PROMPT, _RULE, _NOTE, _RECORDED = range(5)


class TerminalPane(LinePane):
    """A prompt for each command, its output as it comes, a rule when it has ended."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "terminal--prompt",
        "terminal--command",
        "terminal--rule",
        "terminal--failed",
        "terminal--note",
    }

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[str] = []
        self._kinds: dict[int, int] = {}
        """What a line is when it is not plain output, by its number since the beginning."""
        self._kept = 0
        self._dropped = 0
        self._open = False
        self._style_of_output = _PLAIN
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stale = False
        self._pace = Pace()
        self._widest = 0
        self._wrapped_at = 80
        """The width of the pane when it was last seen: what runs while it is hidden is wrapped to that."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """A program may choose any colour on any other: what could not be read can."""
        return [*super().get_line_filters(), Readable(Depth.of(self.app.console))]

    def on_mount(self) -> None:
        """Keep the end in view until the user scrolls away from it."""
        self.anchor()

    def on_resize(self) -> None:
        """Remember the width; a pane that is hidden has none."""
        width = self.scrollable_content_region.width
        self._wrapped_at = max(20, width - 2) if width else self._wrapped_at

    def follow(self, notice: notices.Notice) -> None:
        """Show what a notice tells of. The notices of a command come in the order in which it happened."""
        match notice:
            case notices.Output(data):
                self.write(data)
            case notices.Executing(directory=directory, recorded=recorded):
                mark = "(recorded) " if recorded else "(before the first step) " * notice.is_prelude
                self.prompt(directory, notice.line, recorded=recorded, mark=mark)
            case notices.WorldChosen():
                for line in world_notes(notice):
                    self.note(f"── {line}")
            case notices.WorldLacks():
                self.note(f"── {lacking(screen=True)}")
            case notices.Executed(exit_code, seconds, note):
                self.end(exit_code, seconds, note)
            case notices.WentBack(_, text):
                self.note(f"── {text}")
            case notices.RunChanged(restarted=True):
                self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._lines.clear()
        self._kinds.clear()
        self._kept = self._dropped = self._widest = 0
        self._open = False
        self._changed()

    def prompt(self, directory: str, command: str, *, recorded: bool, mark: str = "") -> None:
        """A command begins."""
        self._pace.step()
        self._style_of_output = _RECORDED if recorded else _PLAIN
        lines = safe(command).split("\n")
        where = "" if recorded and not directory else f"root@sandbox:{safe_line(directory)}"
        typed = "\n> ".join([f"{where}$ {mark}{lines[0]}", *lines[1:]])
        self._append(_PROMPT, typed)
        self._changed()

    def write(self, data: bytes) -> None:
        """Output has come; a line may arrive in pieces."""
        text = self._decoder.decode(data)
        if not text:
            return
        pieces = text.split("\n")
        if self._open and self._lines:
            before = self._lines.pop()
            self._kept -= len(before) + 1
            pieces[0] = _joined(before, pieces[0])
        pieces = [_bounded(piece) for piece in pieces]
        if self._style_of_output == _RECORDED:
            first = self._dropped + len(self._lines)
            self._kinds.update((number, _RECORDED) for number in range(first, first + len(pieces)))
        self._lines.extend(pieces)
        self._kept += sum(map(len, pieces)) + len(pieces)
        self._widest = max(self._widest, max(map(len, pieces)))
        self._open = True
        self._changed()

    def end(self, exit_code: int | None, seconds: float, note: str) -> None:
        """The command has ended."""
        if self._open and self._lines and not self._lines[-1]:
            self._lines.pop()
        self._open = False
        self._decoder.reset()
        parts = [] if exit_code is None else [f"exit {exit_code}"]
        parts += [duration(seconds)] if seconds else []
        parts += [safe_line(note)] if note else []
        self._append(_RULE, "── " + " · ".join(parts))
        self._changed()

    def note(self, text: str) -> None:
        """Something the program itself says."""
        self._append(_NOTE, safe(text))
        self._changed()

    def _append(self, kind: int, text: str) -> None:
        """Lines of the program's own, wrapped; output is not wrapped, as its columns have to line up."""
        for line in wrapped(text, self._wrapped_at):
            self._kinds[self._dropped + len(self._lines)] = kind
            self._lines.append(line)
            self._kept += len(line)
        self._open = False

    def _changed(self) -> None:
        self._drop_oldest()
        if not self._stale:
            self._stale = True
            self.set_timer(self._pace.delay(), self._redraw)

    def _drop_oldest(self) -> None:
        """Keep what a person may scroll back to; what is dropped is counted, and said."""
        while len(self._lines) > 1 and (self._kept > _KEPT_CHARACTERS or len(self._lines) > _KEPT_LINES):
            count = len(self._lines) // 2
            self._kept -= sum(map(len, self._lines[:count])) + count
            del self._lines[:count]
            self._dropped += count
            self._kinds = {number: kind for number, kind in self._kinds.items() if number >= self._dropped}

    def _redraw(self) -> None:
        self._stale = False
        self.lines_changed()

    def line_count(self) -> int:
        """The lines that are kept, and one that says how many are not."""
        return len(self._lines) + bool(self._dropped)

    def line_width(self) -> int:
        """The widest line, within reason."""
        return max(self.scrollable_content_region.width, min(self._widest, _DRAWN_WIDTH))

    def line_text(self, number: int) -> Text:
        """One line, its colours decoded."""
        if self._dropped:
            if number == 0:
                return Text(f"({self._dropped} earlier lines are no longer kept)", self._style("note"))
            number -= 1
        line = self._lines[number]
        kind = self._kinds.get(self._dropped + number, _PLAIN)
        if kind == _PLAIN:
            return output_text(line)
        if kind == _RECORDED:
            text = output_text(line)
            text.stylize(self._style("note"))
            return text
        if kind == _PROMPT:
            return self._typed(line)
        failed = kind == _RULE and line.startswith("── exit ") and not line.startswith("── exit 0 ")
        name = "failed" if failed else "rule" if kind == _RULE else "note"
        return Text(line, self._style(name))

    def _typed(self, line: str) -> Text:
        """A row of a prompt: where the command runs is dim, the command stands out."""
        before, dollar, command = line.partition("$ ")
        if not dollar or (before and not before.startswith("root@sandbox:")):
            return Text(line, self._style("command"))
        return Text.assemble((before + dollar, self._style("prompt")), (command, self._style("command")))

    def _style(self, part: str) -> Style:
        return self.part_style(f"terminal--{part}")


def _joined(before: str, piece: str) -> str:
    """The open line with more behind it; a line that only redraws itself does not grow."""
    if piece.startswith("\r") and not piece.startswith("\r\n") and len(before) > _DRAWN_WIDTH:
        return piece
    return before + piece if len(before) <= _LOOKED_AT else before


def _bounded(line: str) -> str:
    """As much of a line as is looked at when it is drawn: that of its last redraw, where it is redrawn."""
    if len(line) <= _LOOKED_AT:
        return line
    return line[line.rfind("\r", 0, -1) + 1 :][: _LOOKED_AT + 1]


def output_text(line: str) -> Text:
    """One line of a command's output: redraws carried out, colours kept, everything else made harmless."""
    if len(line) > _LOOKED_AT:
        line = line[:_LOOKED_AT] + "…"
    shown = safe_with_colours(as_shown(line).strip("\n")).replace("\n", " ")
    return AnsiDecoder().decode_line(shown) if "\x1b" in shown else Text(shown)
