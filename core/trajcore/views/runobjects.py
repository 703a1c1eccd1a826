"""A run without a screen, as JSON objects, each with its `kind`: what `replay --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from trajcore import notices
from trajcore.dialects import canonical
from trajcore.text import safe_line
from trajcore.views.additions import Addition

if TYPE_CHECKING:
    from trajcore.live.outcome import LiveOutcome
    from trajcore.replay.report import Report
    from trajcore.replay.run import StepResult
    from trajcore.session import Session

STEP: Final = "step"
TEXT: Final = "text"
REPLY: Final = "reply"
ACTION: Final = "action"
OBSERVATION: Final = "observation"
LIVE: Final = "live"
END: Final = "end"

KINDS: Final = (
    (STEP, "a step of the recording: its `summary`, and `step` as in the report"),
    (TEXT, "a piece of what a live model says, as it comes; `fresh` where a reply begins"),
    (REPLY, "a reply of the model is complete: its `tokens`, `cost` and `seconds`"),
    (ACTION, "what the model does, or you say: `source`, `action` (its kind) and `args`"),
    (OBSERVATION, "what came of the action that `cause` names: `exit_code`, `seconds`, all of its `content`"),
    (LIVE, "what the model's turns came to, as `live` of the report; also where it was interrupted"),
    (END, "the report without its steps, with `summary`, `stopped_before` and `failure`"),
)
"""Every `kind`, and what such an object holds."""


def step_object(session: Session, index: int, result: StepResult) -> dict[str, Any]:
    """A step of the recording, as the report has it."""
    from trajcore.replay.report import Step

    trajectory = session.trajectory
    step = Step.of(index, result, trajectory.head(index).summary(), trajectory.label(index))
    return {"kind": STEP, "summary": safe_line(step.summary), "step": step.to_dict()}


def text_object(text: notices.ModelText) -> dict[str, Any]:
    """A piece of what the model says."""
    return {"kind": TEXT, "text": text.text, "fresh": text.fresh}


def reply_object(reply: notices.ModelReplied) -> dict[str, Any]:
    """What one reply of the model cost."""
    tokens, cost = reply.usage.tokens, reply.usage.cost
    return {"kind": REPLY, "tokens": tokens, "cost": cost, "seconds": round(reply.seconds, 6)}


def addition_object(addition: Addition) -> dict[str, Any]:
    """What a live session adds, whole."""
    entry, head = addition.entry, addition.entry.head
    if head.is_action:
        told = {"kind": ACTION, "id": entry.id, "source": head.source, "action": head.kind}
        return {**told, canonical.ARGUMENTS: canonical.arguments(entry.data())}
    seconds = addition.seconds
    return {
        "kind": OBSERVATION,
        "id": entry.id,
        "cause": entry.cause,
        "observation": head.kind,
        "exit_code": head.exit_code,
        "seconds": None if seconds is None else round(seconds, 6),
        "content": head.content or "",
    }


def outcome_object(outcome: LiveOutcome) -> dict[str, Any]:
    """What the model's turns came to, as the report has it."""
    return {"kind": LIVE, **outcome.to_dict()}


def report_object(report: Report) -> dict[str, Any]:
    """What the run came to: the report without its steps, which were told one by one."""
    told = {key: value for key, value in report.to_dict().items() if key != "steps"}
    failure = None if report.failure is None else str(report.failure)
    return {
        "kind": END, "summary": report.summary, "stopped_before": report.stopped_before,
        "failure": failure, **told,
    }  # fmt: skip
