"""One row of a form: a field's name, the widget that edits it, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from rich.syntax import Syntax
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Select, Static, Switch, TextArea

from trajcore import BadInput
from trajcore.text import safe_line
from trajcore.views.form import Field, FieldType
from trajtui.widgets.inputs import SafeInput, SafeTextArea, can_be_edited


class FieldRow(Vertical):
    """A field of an event, being edited."""

    class Changed(Message):
        """The user has changed the field."""

    def __init__(self, field: Field) -> None:
        super().__init__(classes="field")
        self.field = field
        self.problem = ""
        """What is wrong with what the field holds now; empty where nothing is."""
        self._editor = _editor(field)
        # A Select has its value only once it is on the screen.
        self._at_first = self._seen = _chosen(field) if field.type is FieldType.CHOICE else self._state

    def compose(self) -> ComposeResult:
        """Name and editor beside each other, the problem below."""
        with Horizontal():
            note = "" if self.field.present else "  unset"
            yield Static(safe_line(self.field.name) + note, markup=False, classes="label")
            yield self._editor
            if isinstance(self._editor, Switch):
                yield Static(_in_words(self._editor.value), markup=False, classes="words")
        yield Static("", markup=False, classes="problem")

    @property
    def changed(self) -> bool:
        """Whether the editor holds anything else than at first."""
        return bool(self._state != self._at_first)

    def focus_editor(self) -> None:
        """Give the editor the focus, at once."""
        self.screen.set_focus(self._editor)

    def read(self) -> Any:
        """The value that the editor holds. Raises `BadInput` saying what was expected."""
        state = self._state
        if isinstance(self._editor, Select):
            return self.field.choices[state]
        return self.field.read(state) if isinstance(state, str) else state

    def show_problem(self, problem: str) -> None:
        """Show what is wrong with the field; an empty text takes it away."""
        self.problem = problem
        line = self.query_one(".problem", Static)
        line.update(safe_line(problem))
        line.display = bool(problem)

    @property
    def _state(self) -> Any:
        match self._editor:
            case SafeTextArea():
                return self._editor.value
            case Input() | Select() | Switch():
                return self._editor.value
        return None

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Switch.Changed)
    @on(TextArea.Changed)
    def _edited(self, event: Message) -> None:
        """A value that cannot be one is said so while it is typed."""
        event.stop()
        if self._state == self._seen:
            return
        self._seen = self._state
        if isinstance(self._editor, Switch):
            self.query_one(".words", Static).update(_in_words(self._editor.value))
        try:
            if self.changed:
                self.read()
        except BadInput as error:
            self.show_problem(str(error))
        else:
            self.show_problem("")
        self.post_message(self.Changed())

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        """Enter goes on to the next field."""
        event.stop()
        self.screen.focus_next()


def _chosen(field: Field) -> int:
    """The place of the field's value among its choices, where 1 is not true."""
    same = (
        at for at, one in enumerate(field.choices) if type(one) is type(field.value) and one == field.value
    )
    return next(same)


def _in_words(on: bool) -> str:
    return "true" if on else "false"


def _editor(field: Field) -> Widget:
    text = field.text
    if not can_be_edited(text):
        return Static(f"{len(text)} characters: E in the timeline opens them in your editor", classes="value")
    match field.type:
        case FieldType.FLAG:
            return Switch(bool(field.value), animate=False, classes="value")
        case FieldType.CHOICE:
            options = [(Content(choice_name(field, one)), at) for at, one in enumerate(field.choices)]
            return Select(options, value=_chosen(field), allow_blank=False, compact=True, classes="value")
        case FieldType.TEXT | FieldType.JSON:
            return SafeTextArea(text, highlight=_language(field), classes="value")
    return SafeInput(text, compact=True, select_on_focus=False, classes="value")


def _language(field: Field) -> str | None:
    """The language of the field's text, by what it is or by the name of the file it is of."""
    if field.file_name is None:
        return field.language
    name = Syntax.guess_lexer(field.file_name)
    return None if name == "default" else name


_RISKS = {-1: "-1 unknown", 0: "0 low", 1: "1 medium", 2: "2 high"}
_RECOVERIES = {1: "1 restart before the loop", 2: "2 reuse the last message", 3: "3 stop"}


def choice_name(field: Field, value: Any) -> str:
    """How a choice is called: by its value, with the meaning of a number behind it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    names = {"security_risk": _RISKS, "option": _RECOVERIES}.get(field.name, {})
    return safe_line(names.get(value, str(value)) if isinstance(value, int) else str(value)) or "(empty)"
