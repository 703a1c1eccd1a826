"""What the user picks from and types into. Texts that are not the user's own are drawn harmless, and kept."""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.strip import Strip
from textual.widgets import Checkbox, Input, OptionList, Static, TextArea

from trajcore.text import TAB, safe_line
from trajtui.widgets.lines import safe_strip

_STAND_IN: Final = 0x100000
"""Characters that would act, or that a text box would take for the end of a line, stand here meanwhile."""

_ACTING: Final = (
    *(code for code in range(0x20) if chr(code) not in "\n\t"),
    *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),
)  # fmt: skip
_ENCODED: Final = {code: _STAND_IN + code for code in _ACTING}
_DECODED: Final = {stand_in: code for code, stand_in in _ENCODED.items()}
_DRAWN: Final = {shown: safe_line(chr(code)) for code, meant in _ENCODED.items() for shown in (code, meant)}

_LONGEST: Final = 100_000
"""So many characters a text may have to be edited on the screen."""

_KEPT: Final = 200
"""So many changes of an input can be taken back."""

_HIGHLIGHTED: Final = 20_000
"""Texts longer than so many characters are edited without colours: they are coloured anew at each key."""


class Choices(OptionList):
    """An option list that also moves by `j` and `k`; its texts are never markup."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "down", show=False),
        Binding("k", "cursor_up", "up", show=False),
    ]

    def _move_page(self, direction: Any) -> None:
        """Go a page on or back; Textual's list would end the program where it has not been laid out yet."""
        if self.scrollable_content_region:
            super()._move_page(direction)


class Tick(Checkbox):
    """A box that is ticked or empty: one can tell which without colours."""

    BUTTON_LEFT, BUTTON_RIGHT = "[", "]"

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]
        """What stands in the box."""
        return "✓" if self.value else " "


class SafeInput(Input):
    """An input whose value, and what completes it, is drawn harmless; the value itself stays as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "undo", "undo typing", show=False)]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._before: deque[tuple[str, int]] = deque(maxlen=_KEPT)
        """What stood in it, and where the cursor was; the latest comes last."""
        super().__init__(*arguments, **named)
        self.cursor_blink = False  # nothing moves unless the world moved

    def watch_value(self, before: str, value: str) -> None:
        """Keep what stood there before."""
        if before != value:
            self._before.append((before, min(self.cursor_position, len(before))))

    def action_undo(self) -> None:
        """Take back what was typed last."""
        if self._before:
            self.value, at = self._before.pop()
            self._before.pop()  # what has just been taken back is no typing
            self.cursor_position = at

    def render_line(self, y: int) -> Strip:
        """One row, without anything that speaks to the terminal."""
        return safe_strip(super().render_line(y))


class LabelledInput(Horizontal):
    """A line to type into behind its name: one that is filled in says what it is, too."""

    def __init__(self, label: str, value: str = "", *, id: str, what: str, password: bool = False) -> None:
        """`what` stands in the line while it is empty; `id` is the line's own."""
        super().__init__()
        self._label = label
        self.line = SafeInput(value, placeholder=what, password=password, id=id, compact=True)

    def compose(self) -> ComposeResult:
        """The name, and the line."""
        yield Static(self._label, markup=False, classes="label")
        yield self.line


class SafeTextArea(TextArea):
    """A text box whose text may hold anything. `value` is the text; Tab leaves the box."""

    def __init__(
        self, value: str = "", *, highlight: str | None = None, id: str | None = None, classes: str = ""
    ) -> None:
        super().__init__(
            value.translate(_ENCODED), show_line_numbers=False, soft_wrap=True, id=id, classes=classes
        )
        self.indent_width = TAB
        self.cursor_blink = False
        self._highlight = highlight
        self._coloured: tuple[str, list[Text]] = ("", [])

    @property
    def value(self) -> str:
        """The text, with all that is drawn otherwise than it is."""
        return self.text.translate(_DECODED)

    @value.setter
    def value(self, value: str) -> None:
        self.text = value.translate(_ENCODED)

    def get_line(self, line_index: int) -> Text:
        """One line, coloured by its language, with pictures in place of what acts."""
        coloured = self._colours()
        if line_index < len(coloured):
            line = coloured[line_index].copy()
            line.end, line.no_wrap = "", True
            return line
        return Text(_drawn(self.document.get_line(line_index)), end="", no_wrap=True)

    def _colours(self) -> list[Text]:
        text = self.text
        if self._highlight is None or len(text) > _HIGHLIGHTED:
            return []
        if text != self._coloured[0]:
            self._coloured = (text, _coloured(_drawn(text), self._highlight))
        return self._coloured[1]


def can_be_edited(text: str) -> bool:
    """Whether a text box can hold a text: one that is not too long, without any of our own stand-ins."""
    return len(text) <= _LONGEST and (text.isascii() or not any(ord(one) in _DECODED for one in text))


def _coloured(text: str, language: str) -> list[Text]:
    from rich.syntax import Syntax  # as heavy as all else here, and few boxes are coloured

    from trajtui.widgets import ink

    spaced = text.replace("\t", " ")
    syntax = Syntax(spaced, language, theme=ink.code(), background_color="default")
    lines = list(syntax.highlight(spaced).split("\n", allow_blank=True))
    written = spaced.split("\n")
    if [line.plain for line in lines[: len(written)]] != written:
        return []  # This lexer drops or adds something: the text is drawn plain.
    return [Text(own, spans=line.spans) for own, line in zip(text.split("\n"), lines, strict=False)]


def _drawn(text: str) -> str:
    """Each character replaced by one other, so that every place in the text stays where it is."""
    return text.translate(_DRAWN)
