"""An event as a form, and as the JSON it is: typed, checked while it is edited, applied in one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import ContentSwitcher, Static, Tab, Tabs, TextArea

from trajcore import BadInput
from trajcore.text import safe_line
from trajcore.views.event_json import FieldProblem, as_text, checked_event, problems_of, read_event
from trajcore.views.form import Draft, FieldPath, fields_of, with_values
from trajtui.screens.dialog import Dialog, tell
from trajtui.screens.dialogs import Choose
from trajtui.widgets.fields import FieldRow
from trajtui.widgets.inputs import SafeTextArea, can_be_edited

_HINT: Final = "Ctrl+S applies · F2 form / raw JSON · Tab next field · Esc leaves"
_CHECK_DELAY: Final = 0.15


@dataclass(frozen=True)
class EventChange:
    """What the user made of an event. `values` are the changed fields, where no more than fields changed."""

    event: dict[str, Any]
    values: tuple[tuple[FieldPath, Any], ...] | None


Apply = Callable[[EventChange], None]
"""Takes what the user made of the event. Raises `BadInput` where that cannot be done."""


class EditEvent(Dialog[bool]):
    """Edits one event; its answer is whether anything was applied. Nothing typed is lost unasked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter", "apply", "apply", priority=True),
        Binding("f2", "turn", "form / raw JSON", priority=True),
        Binding("escape", "leave", "leave"),
    ]

    def __init__(
        self,
        title: str,
        event: Any,
        apply: Apply,
        *,
        draft: Draft | None = None,
        fresh: bool = False,
        raw: bool = False,
    ) -> None:
        """`event` is the value of the event's JSON, which need not be an object that anything can read.

        `draft` is that of a recorded event, and says which fields it has and what is wrong with it. A `fresh`
        event is applied as it is proposed, too. `raw` has the raw JSON shown first.
        """
        super().__init__()
        self._title = title
        self._base = event
        """The event that the form's fields were made from."""
        self._apply = apply
        self._fields_of = draft.fields_of if draft else fields_of
        self._problems_of = draft.problems_of if draft else problems_of
        self._fresh = fresh
        self._fault = self._fault_of(event)
        self._first = "raw" if raw or self._fault else "form"
        self._text = draft.text() if draft else as_text(event)
        """The raw JSON as it was last written from the form, not by the user."""
        self._rewritten = False
        """Whether the form was made from JSON that the user wrote."""
        self._confirmed = ""

    def compose(self) -> ComposeResult:
        """Title, tabs, the form or the JSON, and a line that says what the keys do or what is wrong."""
        with Vertical(classes="dialog editor"):
            yield Static(safe_line(self._title), markup=False, classes="question")
            yield Tabs(Tab("Form", id="form"), Tab("Raw JSON", id="raw"), active=self._first)
            with ContentSwitcher(initial=f"{self._first}-pane", id="edit-switcher"):
                yield VerticalScroll(*self._rows_of(self._base), id="form-pane")
                with Vertical(id="raw-pane"):
                    yield self._raw_editor()
            yield Static(_HINT, markup=False, id="edit-note")

    def on_mount(self) -> None:
        """An event that is not as it should be is shown as the JSON it is, with what is wrong."""
        self._show(self._first)
        if isinstance(self._base, dict):
            self._place(self._problems_of(self._base))
        if self._fault:
            self._say(self._fault, bad=True)

    def _rows_of(self, event: Any) -> list[FieldRow]:
        return [FieldRow(field) for field in self._fields_of(event)] if isinstance(event, dict) else []

    def _raw_editor(self) -> Static | SafeTextArea:
        if not can_be_edited(self._text):
            return Static(
                f"This event has {len(self._text)} characters: E in the timeline opens it in your editor.",
                id="raw-text",
            )
        return SafeTextArea(self._text, highlight="json", id="raw-text")

    # The two tabs

    @property
    def _rows(self) -> list[FieldRow]:
        return list(self.query(FieldRow))

    @property
    def _raw(self) -> SafeTextArea | None:
        """The JSON's editor; None where there is too much of it."""
        found = self.query("#raw-text").first()
        return found if isinstance(found, SafeTextArea) else None

    @property
    def _on_form(self) -> bool:
        return self.query_one("#edit-switcher", ContentSwitcher).current == "form-pane"

    @property
    def _raw_edited(self) -> bool:
        return self._raw is not None and self._raw.value != self._text

    def action_turn(self) -> None:
        """Show the other tab, with what was typed in this one."""
        self.query_one(Tabs).active = "raw" if self._on_form else "form"

    @on(Tabs.TabActivated)
    async def turn(self, event: Tabs.TabActivated) -> None:
        """Carry what was typed over to the tab that was picked, or say why that cannot be."""
        event.stop()
        wanted = event.tab.id or "form"
        if wanted != self.query_one(Tabs).active or (wanted == "form") == self._on_form:
            return  # Another was picked meanwhile, or this one is shown: to show both would never end.
        try:
            if wanted == "raw":
                self._form_to_raw()
            else:
                await self._raw_to_form()
        except BadInput as error:
            self._say(str(error), bad=True)
            self.query_one(Tabs).active = "form" if self._on_form else "raw"
            return
        self._show(wanted)

    def _show(self, tab: str) -> None:
        self.query_one("#edit-switcher", ContentSwitcher).current = f"{tab}-pane"
        self.query_one(Tabs).active = tab
        self._say(_HINT)
        if tab == "form" and self._rows:
            self._rows[0].focus_editor()
        elif tab == "raw" and self._raw is not None:
            self.set_focus(self._raw)

    def _form_to_raw(self) -> None:
        self._text = as_text(with_values(self._base, self._read_form()))
        if self._raw is not None:
            self._raw.value = self._text

    async def _raw_to_form(self) -> None:
        if self._raw is None or not self._raw_edited:
            checked_event(self._base)
            return
        self._base = read_event(self._raw.value)
        self._text = self._raw.value
        self._rewritten = True
        pane = self.query_one("#form-pane", VerticalScroll)
        await pane.remove_children()
        await pane.mount_all(self._rows_of(self._base))

    def _read_form(self) -> tuple[tuple[FieldPath, Any], ...]:
        """The changed fields. Raises `BadInput` where one of them cannot be read."""
        values = []
        for row in self._rows:
            if row.changed:
                try:
                    values.append((row.field.path, row.read()))
                except BadInput as error:
                    row.show_problem(str(error))
                    row.focus_editor()
                    raise BadInput(f"{row.field.name}: {error}") from None
        return tuple(values)

    # Applying

    def action_apply(self) -> None:
        """Apply what was typed, or say what stands in the way."""
        try:
            edited = self._edited()
            problems = self._problems_of(edited.event)
            if problems and not self._may_be_invalid(problems):
                return
            if edited.values == () and not self._fresh:
                self._say("nothing was changed · Esc leaves")
                return
            self._apply(edited)
        except BadInput as error:
            self._say(str(error), bad=True)
            return
        self.dismiss(True)

    def _edited(self) -> EventChange:
        raw = self._raw
        if not self._on_form and raw is not None and self._raw_edited:
            return EventChange(read_event(raw.value), None)
        base, values = checked_event(self._base), self._read_form()
        return EventChange(with_values(base, values), None if self._rewritten else values)

    def _may_be_invalid(self, problems: Sequence[FieldProblem]) -> bool:
        """The form applies nothing invalid; the raw JSON does at the second time of asking."""
        self._place(problems)
        if self._on_form:
            self._say(f"not applied: {_first_of(problems)}", bad=True)
            return False
        text = self._raw.value if self._raw is not None else ""
        if self._confirmed == text:
            return True
        self._confirmed = text
        self._say(f"Ctrl+S again applies it all the same: {_first_of(problems)}", bad=True)
        return False

    def _place(self, problems: Sequence[FieldProblem]) -> None:
        for row in self._rows:
            row.show_problem(next((one.what for one in problems if one.concerns(row.field.whole_name)), ""))

    # While typing

    @on(TextArea.Changed, "#raw-text")
    def _typed(self) -> None:
        """Check the JSON a moment after the last key."""
        self._confirmed = ""
        self.set_timer(_CHECK_DELAY, self._check_raw)

    def _check_raw(self) -> None:
        raw = self._raw
        if raw is None or self._on_form or not self._raw_edited:
            return
        try:
            problems = self._problems_of(read_event(raw.value))
        except BadInput as error:
            self._say(str(error), bad=True)
            return
        if problems:
            self._say(str(problems[0]), bad=True)
        else:
            self._say(_HINT)

    @on(FieldRow.Changed)
    def _edited_field(self) -> None:
        if self._on_form:
            self._say(_HINT)

    def _say(self, text: str, *, bad: bool = False) -> None:
        tell(self.query_one("#edit-note", Static), text, bad=bad)

    # Leaving

    def action_leave(self) -> None:
        """Go; what was typed is asked for first."""
        if not (self._rewritten or self._raw_edited or any(row.changed for row in self._rows)):
            self.dismiss(False)
            return
        answers = {"keep": "Keep editing", "discard": "Throw what was typed away"}
        self.app.push_screen(Choose("Leave without applying what was typed?", answers), self._leave_if)

    def _leave_if(self, answer: str | None) -> None:
        if answer == "discard":
            self.dismiss(False)

    def _fault_of(self, event: Any) -> str:
        """What is wrong with an event as it is in the file; empty where nothing is."""
        try:
            problems = self._problems_of(checked_event(event))
        except BadInput as error:
            return f"this is no event: {error}"
        return f"invalid in the file: {_first_of(problems)}" if problems else ""


def _first_of(problems: Sequence[FieldProblem]) -> str:
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{problems[0]}{more}"
