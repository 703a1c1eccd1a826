"""What the user and the session say to each other: the question that is open, the queue, the message box."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.containers import Vertical

from trajcore import Delivery, Mode, Session
from trajcore.views.status import message_hint, queue_hint
from trajtui.flows import Flows
from trajtui.widgets.message_box import MessageBox
from trajtui.widgets.question import QuestionBox
from trajtui.widgets.queued import QueuedBox
from trajtui.widgets.running_input import RunningInput


class Conversation(Vertical):
    """The boxes below the panes; each is there while it has something to show."""

    def __init__(self, session: Session, flows: Flows, left: Callable[[], None]) -> None:
        """`left` is called when no box has the focus any more."""
        super().__init__(id="conversation")
        self._session = session
        self._flows = flows
        self._left = left
        self.question = QuestionBox(id="question")
        self.queue = QueuedBox(self._leave)
        self.running = RunningInput(self._leave)
        self.box = MessageBox(self._send, self._leave, id="message")

    async def complete(self) -> None:
        """Bring in the boxes, which no first frame has: the question on top, what is typed at the bottom."""
        await self.mount(self.question, self.queue, self.running, self.box)

    @property
    def is_typing(self) -> bool:
        """Whether the user is typing: a message, or into a command."""
        return self.box.has_focus_within or self.running.has_focus_within

    def open_box(self) -> None:
        """Open the message box; it says what the keys do here."""
        self.box.open(message_hint(self._session))

    def put_back_unsent(self) -> None:
        """What an earlier session could not send is the user's again."""
        if self._session.unsent:
            self.box.put_back("\n\n".join(self._session.unsent))

    # The running command

    @on(RunningInput.Typed)
    def _type_into(self, event: RunningInput.Typed) -> None:
        self._flows.begin(self._session.send_input(event.text))

    # The question

    def show_question(self) -> None:
        """Put the question that is open, or take it away. It gets the focus unless something is typed."""
        box, asked = self.question, self._session.asked
        if asked is None:
            had = box.has_focus
            box.withdraw()
            if had:
                self._left()
        elif box.asked is not asked:
            box.ask(asked)
            if not self.is_typing:
                box.focus()

    @on(QuestionBox.Answered)
    def _answer(self, event: QuestionBox.Answered) -> None:
        from trajtui.actions import confirming  # dialogs

        self._flows.begin(confirming.answer(self._session, self._flows.ask, event.asked, event.verdict))

    # The queue

    def show_queue(self) -> None:
        """Show what is queued. Where nothing is under way that would deliver it, it is the user's again."""
        session, box = self._session, self.queue
        if session.queued and not session.busy:
            self._take_back(None)
            return
        had = box.has_focus
        box.show(session.queued, queue_hint(session))
        if had and not session.queued:
            self._leave()
        if self.box.display and not self.box.goes_live:
            self.box.hint(message_hint(session))

    def _take_back(self, number: int | None) -> None:
        """Put a queued message, or all of them (None), back into the message box."""
        text = self._flows.attempt(lambda: self._session.take_back(number))
        if isinstance(text, str):
            self.box.put_back(text)
            self.open_box()

    @on(MessageBox.Recalled)
    def _take_back_last(self) -> None:
        if self._session.queued:
            self._take_back(-1)

    @on(QueuedBox.TakenBack)
    def _take_back_one(self, event: QueuedBox.TakenBack) -> None:
        if self._is_queued(event.number, event.text):
            self._take_back(event.number)

    @on(QueuedBox.Dropped)
    def _drop(self, event: QueuedBox.Dropped) -> None:
        if self._is_queued(event.number, event.text):
            self._flows.attempt(lambda: self._session.drop(event.number))

    def _is_queued(self, number: int, text: str) -> bool:
        """Whether a message is still where it was shown; it may have been delivered meanwhile."""
        queued = self._session.queued
        there = number < len(queued) and queued[number] == text
        if not there:
            self._flows.say("this message has just been delivered", bad=True)
        return there

    # The message box

    def _send(self, text: str, delivery: Delivery) -> None:
        from trajcore.views.question import before_live
        from trajtui.actions import places  # dialogs

        def hand_on() -> None:
            self._hand_on(text, delivery)

        if before_live(self._session, delivery) is None:
            hand_on()
        else:
            self._flows.begin(places.hand_over(self._session, self._flows.ask, hand_on))

    def _hand_on(self, text: str, delivery: Delivery) -> None:
        session = self._session
        if self._flows.attempt(lambda: session.message(text, delivery)) is not False:
            self.box.clear()
            self.box.close()
            inserted = delivery is Delivery.INSERT and session.mode is Mode.REPLAY
            if inserted and not session.busy:
                self._flows.say("the message is part of this run now: s or c goes on")

    def _leave(self) -> None:
        if self._session.asked is None:
            self._left()
        else:
            self.question.focus()
