"""The list of tasks that a live model keeps: what OpenHands answers to `task_tracking`.

OpenHands keeps the list in a file of its session, outside of the sandbox. Here the run itself is that file:
the list is what the last `plan` before it says, so it goes back, branches and is saved with the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from trajcore.dialects.tasklists import TaskWords
from trajcore.events.actions import TaskTrackingAction
from trajcore.events.base import Event

PLAN: Final = "plan"
"""The command that puts another list in the place of the one there is; any other shows it."""


def answer(action: TaskTrackingAction, before: Sequence[Event], words: TaskWords) -> tuple[str, list[Any]]:
    """The text that comes back, and the list beside it; `before` is the run so far."""
    if action.args.command == PLAN:
        return words.planned(action.args.task_list), action.args.task_list
    tasks = next(filter(lambda tasks: tasks is not None, map(_planned, reversed(before))), None)
    return words.viewed(tasks), (tasks or []) if words.tells_list else []


def _planned(event: Event) -> list[Any] | None:
    """The list that an event puts in place; None where it does not."""
    plans = isinstance(event, TaskTrackingAction) and event.args.command == PLAN
    return event.args.task_list if plans and isinstance(event, TaskTrackingAction) else None
