"""What an agent's program answers to its list of tasks: OpenHands' words, from which others derive theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

MARKS: Final[Mapping[str, str]] = {"todo": "⏳", "in_progress": "🔄", "done": "✅"}


class TaskWords:
    """The words of V0."""

    none = 'No task list found. Use the "plan" command to create one.'
    """There is no list yet."""
    updated = "Task list has been updated with {count} items."

    tells_list = False
    """Whether the list stands beside the words that show it."""

    def planned(self, tasks: Sequence[Any]) -> str:
        """A list was put in place."""
        return self.updated.format(count=len(tasks))

    def viewed(self, tasks: Sequence[Any] | None) -> str:
        """The list is shown; None: there is none."""
        if tasks is None:
            return self.none
        listed = [(number, task) for number, task in enumerate(tasks, 1) if isinstance(task, dict)]
        return self.listed("".join(self.task(number, task) for number, task in listed))

    def listed(self, tasks: str) -> str:
        """The tasks under their heading."""
        return f"# Task List\n\n{tasks}"

    def task(self, number: int, task: Mapping[str, Any]) -> str:
        """One of them."""
        return f"{number}. {mark(task)} {task.get('title', '')}\n{task.get('notes', '')}\n"


def mark(task: Mapping[str, Any]) -> str:
    """How far a task is."""
    return MARKS.get(str(task.get("status")), MARKS["todo"])
