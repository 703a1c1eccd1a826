"""The question about an action of the model: at the bottom of the screen, until it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from trajcore.views import asking

if TYPE_CHECKING:
    from trajcore import Verdict, notices


class QuestionBox(Vertical, can_focus=True):
    """Shows what a model wants to do, and takes the user's word.

    A letter answers only while this has the focus: elsewhere it is what it always is. The arrows and the page
    keys move through a long text.
    """

    @dataclass
    class Answered(Message):
        """The user has said a word."""

        asked: notices.Asked
        verdict: Verdict

    asked: notices.Asked | None = None

    def ask(self, asked: notices.Asked) -> None:
        """Put a question."""
        self.asked = asked
        self.border_title = asking.title(asked)
        if not self.query(_Words):
            self.mount(
                VerticalScroll(Static(asking.text(asked), markup=False, id="question-text"), can_focus=False),
                Static(asking.why(asked), markup=False, id="question-why"),
                _Words(),
            )
        else:
            self.query_one("#question-text", Static).update(asking.text(asked))
            self.query_one("#question-why", Static).update(asking.why(asked))
            self.query_one(VerticalScroll).scroll_home(animate=False)
            self.query_one(_Words).refresh()
        self.display = True

    def withdraw(self) -> None:
        """The question is answered, or nobody wants to know any more."""
        self.asked = None
        self.display = False

    def say(self, verdict: Verdict) -> None:
        """Hand a word on."""
        if self.asked is not None:
            self.post_message(self.Answered(self.asked, verdict))

    def on_key(self, event: events.Key) -> None:
        """A marked letter answers; the arrows scroll."""
        if self.asked is None:
            return
        moves = {
            "up": "scroll_up",
            "down": "scroll_down",
            "pageup": "scroll_page_up",
            "pagedown": "scroll_page_down",
        }
        chosen = next((one for one in asking.choices(self.asked) if one.letter == event.key), None)
        if event.key in moves:
            getattr(self.query_one(VerticalScroll), moves[event.key])(animate=False)
        elif chosen is not None:
            self.say(chosen.verdict)
        else:
            return
        event.stop()
        event.prevent_default()


class _Words(Widget):
    """The words that can be said, in a row; the letter of each is marked."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"question--letter", "question--word"}

    def render(self) -> RenderResult:
        """The words, and what Esc does."""
        text = Text(no_wrap=True)
        letter = self.get_component_rich_style("question--letter", partial=True)
        for one in self._choices:
            word = Text(f" {one.word} ", self.get_component_rich_style("question--word", partial=True))
            at = one.word.lower().index(one.letter) + 1
            word.stylize(letter, at, at + 1)
            text.append_text(word)
            text.append("  ")
        text.append("Esc interrupts")
        return text

    def on_click(self, event: events.Click) -> None:
        """The word that was clicked is said."""
        event.stop()
        at = 0
        for one in self._choices:
            width = len(one.word) + 2
            if at <= event.x < at + width:
                self._box.say(one.verdict)
                return
            at += width + 2

    @property
    def _box(self) -> QuestionBox:
        box = self.parent
        assert isinstance(box, QuestionBox)
        return box

    @property
    def _choices(self) -> list[asking.Choice]:
        asked = self._box.asked
        return [] if asked is None else list(asking.choices(asked))
