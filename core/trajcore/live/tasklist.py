"""The list of tasks that a live model keeps: what OpenHands answers to `task_tracking`.

OpenHands keeps the list in a file of its session, outside of the sandbox. Here the run itself is that file:
the list is what the last `plan` before it says, so it goes back, branches and is saved with the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from trajcore.events.actions import TaskTrackingAction
from trajcore.events.base import Event

PLAN: Final = "plan"
"""The command that puts another list in the place of the one there is; any other shows it."""

_MARKS: Final = {"todo": "⏳", "in_progress": "🔄", "done": "✅"}
_NONE: Final = 'No task list found. Use the "plan" command to create one.'


def answer(action: TaskTrackingAction, before: Sequence[Event]) -> tuple[str, list[Any]]:
    """The text that comes back, and the list beside it, as OpenHands has them; `before` is the run so far."""
    if action.args.command == PLAN:
        return f"Task list has been updated with {len(action.args.task_list)} items.", action.args.task_list
    tasks = next(filter(lambda tasks: tasks is not None, map(_planned, reversed(before))), None)
    return (_NONE if tasks is None else _written(tasks)), []


def _planned(event: Event) -> list[Any] | None:
    """The list that an event puts in place; None where it does not."""
    plans = isinstance(event, TaskTrackingAction) and event.args.command == PLAN
    return event.args.task_list if plans and isinstance(event, TaskTrackingAction) else None


def _written(tasks: Iterable[Any]) -> str:
    """The list as the file has it."""
    lines = [_task(number, task) for number, task in enumerate(tasks, 1) if isinstance(task, dict)]
    return "# Task List\n\n" + "".join(lines)


def _task(number: int, task: dict[str, Any]) -> str:
    mark = _MARKS.get(str(task.get("status")), _MARKS["todo"])
    return f"{number}. {mark} {task.get('title', '')}\n{task.get('notes', '')}\n"
