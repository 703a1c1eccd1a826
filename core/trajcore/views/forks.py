"""What `fork` came to, as lines: a row a model, and where the models part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trajcore.forking import Forked
from trajcore.live.outcome import ERROR
from trajcore.text import safe_line
from trajcore.views.branches import columns
from trajcore.views.comparison import figures, files_in_words, first_difference, parting_line, short

_SAID: Final = 60
"""So many characters of the last message stand in the table."""


def table(results: Sequence[Forked]) -> list[str]:
    """A row a model: how it ended, the exit code of the command, what it changed and cost, what it said."""
    return columns([_row(one) for one in results]) if results else []


def _row(one: Forked) -> tuple[str, ...]:
    if one.branch is None:
        return (safe_line(one.model), ERROR, "", "", "", "", "", "", short(str(one.failure), 10_000))
    ending = ERROR if one.failure is not None else one.ending or one.state
    steps, tokens, cost, time = figures(one.spent)
    said = str(one.failure) if one.failure is not None else one.last_message
    most = 10_000 if one.failure is not None else _SAID
    return (
        safe_line(one.branch), ending.replace("_", " "), _exit(one), files_in_words(one.spent),
        steps, tokens, cost, time, short(said, most),
    )  # fmt: skip


def _exit(one: Forked) -> str:
    if one.tried is None:
        return ""
    return safe_line(one.tried.fault) if one.tried.exit_code is None else f"exit {one.tried.exit_code}"


def summary(results: Sequence[Forked]) -> str:
    """All of them in one line: how each ended, and how many files it changed."""
    told = (
        f"{safe_line(one.branch or one.model)}: {one.ending.replace('_', ' ')}, {files_in_words(one.spent)}"
        for one in results
    )
    return " · ".join(told)


def partings(results: Sequence[Forked]) -> list[str]:
    """Where each parts from the first, in a line each."""
    found = [one for one in results if one.trajectory is not None and one.branch is not None]
    if len(found) < 2:
        return []
    first, *others = found
    assert first.trajectory is not None
    return [
        parting_line(
            str(other.branch), str(first.branch), first_difference(other.trajectory, first.trajectory)
        )
        for other in others
        if other.trajectory is not None
    ]


def exit_code(results: Sequence[Forked]) -> int:
    """The exit code of `trajtui fork`: 1 where a model failed; that of the failure where none answered."""
    failed = [one.failure for one in results if one.failure is not None]
    if not failed:
        return 0
    nothing = len(failed) == len(results) and all(one.branch is None for one in results)
    return max(failure.exit_code for failure in failed) if nothing else 1
