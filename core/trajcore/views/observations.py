"""What came back for an action: the verdict of comparing, and both observations, as blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from trajcore.dialects import canonical
from trajcore.replay.run import Status, StepResult
from trajcore.replay.verdict import Cause
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.views.blocks import BLANK, Block, BlockKind, text_of
from trajcore.views.marks import duration, mark_of

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


def observations(session: Session, index: int) -> list[Block]:
    """Recorded and actual, below each other; one of them when they are equal."""
    answer = session.trajectory.outline.answer_of.get(index)
    recorded = object_of(session, answer) if answer is not None else None
    result = session.result_of(index)
    blocks: list[Block] = []
    if result is not None:
        blocks += [BLANK, _verdict(result)]
    if result is not None and result.actual is not None and result.status is not Status.RECORDED:
        title = "actual" if recorded is not None else "actual (nothing was recorded)"
        blocks += observation(title, result.actual, result.exit_code, result.seconds)
    if recorded is not None and answer is not None:
        told: Observation | Mapping[str, Any] = recorded
        code, seconds = session.trajectory.head(answer).exit_code, None
        uid = session.trajectory.uid(index)
        if result is not None and result.recorded is not None and session.trajectory.is_branch:
            told, code = result.recorded, result.recorded_exit_code
        elif result is None and (entry := session.run.live_entry(uid)) is not None:
            seconds = session.run.spent_on(entry.id)
        failed = result is None and uid in session.trajectory.grown and session.trajectory.head(answer).failed
        title, kind = _title(session, index, failed=failed), BlockKind.BAD if failed else BlockKind.NOTE
        blocks += observation(title, told, code, seconds, kind)
    return blocks


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


def contents_of(told: Observation | Mapping[str, Any]) -> list[Block]:
    """What an observation says: a typed one, or an event in today's spelling."""
    from trajcore.events.parse import parse  # typed events come with the first that is looked at
    from trajcore.views.contents import contents

    typed = parse(dict(told)).event if isinstance(told, Mapping) else told
    return contents(typed, recorded_text(typed.model_dump(include={"content", canonical.DETAILS})))


_TONES: Final = {Status.DIVERGED: BlockKind.BAD, Status.UNKNOWN: BlockKind.NOTE}


def _verdict(result: StepResult) -> Block:
    words = {
        Status.MATCHED: "equal to the recording",
        Status.DIVERGED: "diverged",
        Status.RECORDED: "served from the recording, not executed",
        Status.SKIPPED: "skipped",
        Status.UNKNOWN: "unknown: it rests on what the recording does not tell of its files",
    }[result.status]
    if result.status is Status.MATCHED and result.match is None:
        words = "executed"
    elif result.match is not None and result.match.value == "normalised":
        words = "equal once what is known to vary is set aside"
    reason = f": {safe_line(result.reason)}" if result.reason else ""
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


def observation(
    title: str,
    told: Observation | Mapping[str, Any],
    exit_code: int | None,
    seconds: float | None,
    kind: BlockKind = BlockKind.NOTE,
) -> list[Block]:
    """One observation under its heading."""
    notes = [] if exit_code is None else [f"exit {exit_code}"]
    notes += [] if seconds is None else [duration(seconds)]
    heading = f"── {title}" + (f" · {' · '.join(notes)}" if notes else "") + " ──"
    return [BLANK, Block(kind, heading), *contents_of(told)]
