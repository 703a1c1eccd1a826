"""What came back for an action: the verdict of comparing, and both observations, as blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from trajcore.dialects import canonical
from trajcore.longtext import LongText
from trajcore.replay.run import Status, StepResult
from trajcore.replay.verdict import Cause, Match
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.views.blocks import BLANK, Block, BlockKind, text_of
from trajcore.views.differing import HunksBlock
from trajcore.views.hunks import Hunks, Lines, hunks
from trajcore.views.marks import duration, mark_of
from trajcore.views.windows import MOST, window_of

if TYPE_CHECKING:
    from trajcore.events.base import Observation

AS_ANSWERED: Final = "formatted_output_and_error"
"""Where an editor's whole answer is, if not in the content."""


def object_of(session: Session, index: int) -> dict[str, Any]:
    """A recorded event in today's spelling; empty where it cannot be read."""
    try:
        return session.trajectory.modern(index)
    except (ValueError, TypeError):
        return {}


def seen_of(session: Session, index: int) -> tuple[dict[str, Any], LongText | None]:
    """A recorded event to be looked at: as `object_of`, and its content where that is long and not in it."""
    try:
        return session.trajectory.skimmed(index)
    except (ValueError, TypeError):
        return {}, None


@dataclass(frozen=True)
class Came:
    """What came back for an action, once: when it was recorded, or in this run."""

    title: str
    told: Observation | Mapping[str, Any]
    """A typed observation, or an event in today's spelling."""
    exit_code: int | None = None
    seconds: float | None = None
    failed: bool = False
    """Whether a model's own action failed, which nothing was compared with."""
    content: LongText | None = None
    """What it says, where that is long: `told` has the beginning of it."""

    @property
    def heading(self) -> str:
        """Whose it is, with its exit code and how long it took."""
        notes = [] if self.exit_code is None else [f"exit {self.exit_code}"]
        notes += [] if self.seconds is None else [duration(self.seconds)]
        return " · ".join([self.title, *notes])

    @property
    def blocks(self) -> list[Block]:
        """It under its heading."""
        kind = BlockKind.BAD if self.failed else BlockKind.NOTE
        return [BLANK, Block(kind, f"── {self.heading} ──"), *self.contents]

    @property
    def contents(self) -> list[Block]:
        """What it says."""
        return contents_of(self.told, self.content)


def answers(session: Session, index: int) -> tuple[Came | None, Came | None]:
    """What came back for an action when it was recorded, and in this run."""
    return _recorded(session, index), _actual(session, index)


def added_answer(session: Session, place: int) -> Came | None:
    """What came back for an action that this run added."""
    run = session.run
    entry = run.entries[place]
    answer = run.answer_to(place) if entry.head.is_action else None
    if answer is None:
        return None
    title = "failed" if answer.head.failed else "what came back"
    return Came(title, answer.data(), answer.head.exit_code, run.spent_on(entry.id), answer.head.failed)


def _actual(session: Session, index: int) -> Came | None:
    result = session.result_of(index)
    if result is None or result.actual is None or result.status is Status.RECORDED:
        return None
    return Came("actual", result.actual, result.exit_code, result.seconds)


def _recorded(session: Session, index: int) -> Came | None:
    trajectory, result = session.trajectory, session.result_of(index)
    answer = trajectory.outline.answer_of.get(index)
    if answer is None:
        return None
    uid, head = trajectory.uid(index), trajectory.head(answer)
    seconds = _recorded_seconds(trajectory.head(index).timestamp, head.timestamp)
    if result is not None and result.recorded is not None and trajectory.is_branch:
        title = _title(session, index, failed=False)
        return Came(title, result.recorded, result.recorded_exit_code, seconds)
    if result is None and (entry := session.run.live_entry(uid)) is not None:
        seconds = session.run.spent_on(entry.id)
    failed = result is None and uid in trajectory.grown and head.failed
    told, content = seen_of(session, answer)
    return Came(_title(session, index, failed=failed), told, head.exit_code, seconds, failed, content)


def _recorded_seconds(begun: str | None, ended: str | None) -> float | None:
    """How long an action took, if the times of it and of its answer say so."""
    try:
        seconds = (datetime.fromisoformat(ended or "") - datetime.fromisoformat(begun or "")).total_seconds()
    except (ValueError, TypeError):
        return None
    return seconds if seconds >= 0 else None


def _title(session: Session, index: int, *, failed: bool) -> str:
    """What an observation is that the trajectory has."""
    trajectory = session.trajectory
    if trajectory.uid(index) in trajectory.grown:
        if session.result_of(index) is not None:
            return "what came back the first time"
        return "failed" if failed else "what came back"
    return "recorded under the old action" if index in trajectory.rewritten else "recorded"


def recorded_text(recorded: dict[str, Any]) -> str:
    """What a recorded observation says came back."""
    answered = canonical.details(recorded).get(AS_ANSWERED)
    return answered if isinstance(answered, str) else text_of(recorded.get("content"))


def contents_of(told: Observation | Mapping[str, Any], content: LongText | None = None) -> list[Block]:
    """What an observation says: a typed one, or an event in today's spelling.

    `content` is what it says where that is long, and `told` has the beginning of it.
    """
    from trajcore.events.parse import parse  # typed events come with the first that is looked at
    from trajcore.live.messages.pictures import EMBEDDED
    from trajcore.views.contents import PIECEWISE, contents, long_contents

    if content is not None and isinstance(told, Mapping):
        answered = isinstance(canonical.details(told).get(AS_ANSWERED), str)
        if told.get("observation") in PIECEWISE and not answered and not content.has(EMBEDDED):
            return long_contents(parse(dict(told)).event, content)
        told = {**told, "content": content.whole}
    typed = parse(dict(told)).event if isinstance(told, Mapping) else told
    return contents(typed, recorded_text(typed.model_dump(include={"content", canonical.DETAILS})))


def observations(session: Session, index: int) -> list[Block]:
    """How a step came out and what came back, once; where it diverged, the first difference."""
    recorded, actual = answers(session, index)
    result = session.result_of(index)
    blocks: list[Block] = [] if result is None else [BLANK, verdict(result)]
    if result is None or actual is None:
        return blocks if recorded is None else [*blocks, *recorded.blocks]
    if recorded is None:
        return [*blocks, *replace(actual, title="actual (nothing was recorded)").blocks]
    blocks += actual.blocks
    differing = difference(session, result)
    if differing is None or result.match is Match.EQUAL:
        return blocks
    if result.match is Match.NORMALISED:
        return [*blocks, BLANK, Block(BlockKind.NOTE, "3 shows what was set aside")]
    heading = Block(BlockKind.NOTE, f"── {recorded.heading} · the first difference · 3 shows both ──")
    return [*blocks, BLANK, heading, HunksBlock(differing.make, differing.key, differing.size, most=1)]


# What differs


def changed_by(session: Session, index: int) -> str:
    """The diff that an answer to an edit tells, in this run or else when it was recorded; empty if none."""
    result, answer = session.result_of(index), session.trajectory.outline.answer_of.get(index)
    if result is not None and result.actual is not None and result.status is not Status.RECORDED:
        told = getattr(result.actual.extras, "diff", None)
    elif answer is None or index in session.trajectory.rewritten:
        told = None
    else:
        told = canonical.details(object_of(session, answer)).get("diff")
    return told if isinstance(told, str) else ""


def difference(session: Session, result: StepResult) -> HunksBlock | None:
    """In what the two texts of a step differ; None where they were not compared."""
    recorded, actual = result.recorded, result.actual
    if recorded is None or actual is None or result.comparison is None or not result.comparison.compared:
        return None
    size = len(recorded.content) + len(actual.content)
    return HunksBlock(partial(_hunks, session, result), (recorded.content, actual.content), size)


def _hunks(session: Session, result: StepResult) -> Hunks:
    """The differences of two answers; of very long ones, of as much as is behind the first one."""
    recorded, actual = result.recorded, result.actual
    if recorded is None or actual is None or max(len(recorded.content), len(actual.content)) <= MOST:
        return _all_hunks(session, result)
    window = window_of(recorded.content, actual.content, MOST)
    told = [
        answer.model_copy(update={"content": answer.content[window.begin : end]})
        for answer, end in zip((recorded, actual), window.ends, strict=True)
    ]
    found = _all_hunks(session, replace(result, recorded=told[0], actual=told[1]), window.before)
    first, *others = found.hunks or (None,)
    if first is not None:
        gap = replace(first.gap, lines=first.gap.lines + window.before)
        found = replace(found, hunks=(replace(first, gap=gap), *others))
    behind = replace(found.behind, lines=found.behind.lines + window.behind * (not window.unread))
    return Hunks(found.hunks, behind, window.unread)


def _all_hunks(session: Session, result: StepResult, before: int = 0) -> Hunks:
    from trajcore.replay import tempnames  # what comparing knows takes a while to load
    from trajcore.replay.sides import aligned

    texts, comparison = session.texts_of(result), result.comparison
    if texts is None or comparison is None:
        return Hunks(())

    def same(line: str, its: str) -> bool:
        one, other = aligned(*tempnames.aligned(line, its), comparison.names)
        return one == other

    left, right = Lines.of(texts.recorded, texts.old), Lines.of(texts.actual, texts.new)
    first = before + 1, before + 1
    return hunks(left, right, same, all_aside=comparison.match is not None, first=first)


_SERVED: Final = "served from the recording"
_TONES: Final = {Status.DIVERGED: BlockKind.BAD, Status.UNKNOWN: BlockKind.NOTE}


def verdict(result: StepResult) -> Block:
    """How a step was satisfied, and why it diverged, was skipped or served."""
    words = {
        Status.MATCHED: "equal to the recording",
        Status.DIVERGED: "diverged",
        Status.RECORDED: f"{_SERVED}, not executed",
        Status.SKIPPED: "skipped",
        Status.UNKNOWN: "unknown: it rests on what the recording does not tell of its files",
    }[result.status]
    if result.status is Status.MATCHED and result.match is None:
        words = "executed"
    elif result.match is not None and result.match.value == "normalised":
        words = "equal once what is known to vary is set aside"
    why = result.reason
    if result.status is Status.RECORDED:  # the words before say so
        why = why.removesuffix(_SERVED).removesuffix(": ")
    reason = f": {safe_line(why)}" if why else ""
    if result.cause is not None and result.cause is not Cause.OTHER:
        words += f" ({_CAUSES[result.cause]})"
    kind = _TONES.get(result.status, BlockKind.GOOD)
    return Block(kind, f"{mark_of(result)} {words}{reason}")


_CAUSES: Final = {
    Cause.WORLD: "a file of its world",
    Cause.PROGRAM: "a program, or its version",
    Cause.NETWORK: "the network",
    Cause.TIME: "a time",
    Cause.ORDER: "the order",
    Cause.PERMISSION: "a permission",
}
