"""The dialogue of this run: what was said and done, what came of it, and what the model is writing now."""

from __future__ import annotations

from typing import ClassVar, Final

from trajcore import Session, State, notices
from trajcore.views.blocks import BlockKind
from trajcore.views.chat import ChatPart, ChatTone, Dialogue
from trajcore.views.coming import Coming, Stretch
from trajcore.views.status import totals
from trajtui.widgets.folding import FoldingPane
from trajtui.widgets.hunks import STYLES
from trajtui.widgets.pace import Pace
from trajtui.widgets.paced import PacedPane
from trajtui.widgets.segments import Segment
from trajtui.widgets.speech import Flow, segment_of

_SELDOM: Final = 1 / 10
"""Seconds between two frames of a text that comes faster than anybody reads."""
_UNFINISHED: Final = "── this reply broke off: it is not part of the run"


class ChatPane(FoldingPane, PacedPane):
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
        *STYLES,
    }

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pace = Pace(_SELDOM)
        self._session = session
        self._dialogue = Dialogue(session)
        self._coming = Coming()
        self._flows: dict[Stretch, Flow] = {}
        self._cursor = None
        self._run_changed = True
        self._restarted = False
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
        if not stretches or state.at_work:
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

    # Laying out

    def _lay_out_changes(self) -> None:
        """See `PacedPane`."""
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        rewrapped = width != self._wrapped_at
        if rewrapped:
            self._wrapped_at = width
            self._segments.set(0, ())
            self._flows = {}
        first = self._settle(rewrapped) if rewrapped or self._run_changed else len(self._segments)
        self.rows_changed(min(first, self._add_coming()))
        self.lay_out_later()

    def _settle(self, rewrapped: bool) -> int:
        """Lay out the parts of the dialogue that are others now; the first row that is another one."""
        kept = self._dialogue.refresh(anew=self._restarted)
        kept = 0 if rewrapped else kept
        self._run_changed = self._restarted = False
        return self._segments.set(kept, [self._segment(part) for part in self._dialogue.parts[kept:]])

    def _segment(self, part: ChatPart) -> Segment:
        segment = segment_of(part, self._wrapped_at, folded=part.key not in self._unfolded)
        segment.part = part
        return segment

    def refold(self, number: int) -> None:
        """See `FoldingPane.refold`."""
        part = self._segments.all[number].part
        assert part is not None
        self._segments.all[number] = self._segment(part)
        self.rows_changed(self._segments.resized(number))
        self.lay_out_later()

    @property
    def follows_end(self) -> bool:
        """Until the user goes away from it."""
        return True

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
