"""What of the selected rows can be copied: a row of the table each, and the text that it comes to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.events.head import Head
from trajcore.events.kinds import EDIT, action_kind, kind_named
from trajcore.replay.run import Entry, Status, StepResult
from trajcore.sandbox.base import FileChanges
from trajcore.session import Session
from trajcore.text import as_shown, safe, safe_json, without_escapes
from trajcore.views.blocks import text_of
from trajcore.views.timeline import Row


@dataclass(frozen=True)
class Part:
    """One thing that can be copied: the key for it, its name, and what it is.

    `has` says of a row, at a glance, whether it has such a thing; `of` is the text, as it stands.
    """

    key: str
    name: str
    what: str
    has: Callable[[Step], bool]
    of: Callable[[Step], str]


class Step:
    """A selected row: its event and what came back for it, each read when it is asked for."""

    def __init__(self, session: Session, row: Row) -> None:
        self.session = session
        self.row = row
        self.index = row.index(session.trajectory)

    @property
    def entry(self) -> Entry | None:
        """What this run added, where the row is of that."""
        place = self.row.entry
        return None if place is None else self.session.run.entries[place]

    @cached_property
    def head(self) -> Head:
        """What the timeline shows of the event."""
        if self.entry is not None:
            return self.entry.head
        return Head() if self.index is None else self.session.trajectory.head(self.index)

    @cached_property
    def data(self) -> dict[str, Any]:
        """The event, in today's spelling."""
        if self.entry is not None:
            return self.entry.data()
        return {} if self.index is None else _object_of(self.session, self.index)

    @property
    def stored(self) -> str:
        """The event as a save writes it."""
        if self.index is not None:
            return self.session.trajectory.as_stored(self.index).decode("utf-8", "replace")
        return json.dumps(self.data, ensure_ascii=False)

    @property
    def fields(self) -> dict[str, Any]:
        """What is told of the event beside its content."""
        return dict((canonical.arguments if self.head.is_action else canonical.details)(self.data))

    @cached_property
    def result(self) -> StepResult | None:
        """What came of it when it was played."""
        return None if self.index is None else self.session.result_of(self.index)

    @cached_property
    def actual(self) -> str | None:
        """What came back in this run; None where nothing did, or it was served from the recording."""
        if self.row.entry is not None:
            answer = self.session.run.answer_to(self.row.entry) if self.head.is_action else self.entry
            return None if answer is None else text_of(answer.data().get("content"))
        if self.result is None or self.result.actual is None or self.result.status is Status.RECORDED:
            return None
        return self.result.actual.content

    @property
    def answer(self) -> int | None:
        """The recorded event that answers it: for an observation it itself."""
        if self.index is None or not self.head.is_action:
            return self.index
        return self.session.trajectory.outline.answer_of.get(self.index)

    @cached_property
    def recorded(self) -> str | None:
        """What was recorded for it."""
        from trajcore.views.observations import recorded_text

        return None if self.answer is None else recorded_text(_object_of(self.session, self.answer))

    @property
    def files(self) -> FileChanges | None:
        """What it changed in the sandbox's files, where that is told."""
        if self.entry is not None:
            live = self.session.run.live_steps.get(self.entry.id)
            return None if live is None else live.files
        return None if self.result is None else self.result.files


# What there is, and what it comes to


def _object_of(session: Session, index: int) -> dict[str, Any]:
    from trajcore.views.observations import object_of  # what shows events: keys are bound without it

    return object_of(session, index)


def _has_command(step: Step) -> bool:
    return step.head.is_action and action_kind(step.head.action).body is not None


def _command(step: Step) -> str:
    body = action_kind(step.head.action).body
    return "" if body is None else text_of(step.fields.get(body[0]))


def _has_output(step: Step) -> bool:
    return step.actual is not None or step.answer is not None


def _output(step: Step) -> str:
    return _as_output((step.recorded if step.actual is None else step.actual) or "")


def _has_both(step: Step) -> bool:
    return step.actual is not None and step.answer is not None


def _recorded(step: Step) -> str:
    return _as_output(step.recorded or "") if step.actual is not None else ""


def _as_output(text: str) -> str:
    """What a terminal would show of it; tabs stay tabs."""
    return without_escapes(as_shown(text, tabs=False))


def _has_path(step: Step) -> bool:
    return kind_named(step.head.kind).file


def _path(step: Step) -> str:
    return text_of(step.fields.get("path"))


def _has_diff(step: Step) -> bool:
    changed = step.files is not None and any(change.diff for change in step.files.files)
    diverged = step.result is not None and step.result.status is Status.DIVERGED
    return changed or step.head.action == EDIT or (diverged and _has_both(step))


def _diff(step: Step) -> str:
    """What it changed in files, or as an edit asked for; and how its answer differs from the recorded one."""
    diffs = [change.diff for change in step.files.files if change.diff] if step.files is not None else []
    if not diffs and step.head.action == EDIT:
        diffs = [_of_edit(step)]
    if step.result is not None and step.result.status is Status.DIVERGED and _has_both(step):
        diffs.append(_unified("/output", _as_output(step.recorded or ""), _output(step)))
    return "".join(diff if diff.endswith("\n") else f"{diff}\n" for diff in diffs if diff)


def _of_edit(step: Step) -> str:
    asked = step.fields
    old = None if asked.get("file_text") is not None else text_of(asked.get("old_str"))
    return _unified(
        f"/{_path(step).lstrip('/')}", old, text_of(asked.get("file_text") or asked.get("new_str"))
    )


def _unified(name: str, before: str | None, after: str) -> str:
    from trajcore.sandbox.tracking.textdiff import Differ  # what most never ask for

    return Differ().unified(name, None if before is None else _ended(before), _ended(after))


def _ended(text: str) -> str:
    """A text whose last line ends: that it does not is no difference that anybody sees."""
    return f"{text}\n" if text and not text.endswith("\n") else text


def _all(step: Step) -> str:
    from trajcore.views.event import blocks_for

    return "\n".join(block.text for block in blocks_for(step.session, step.row))


def _always(step: Step) -> bool:
    return True


PARTS: Final = (
    Part("c", "command", "the command, code or message", _has_command, _command),
    Part("o", "output", "the output: that of this run, else the recorded one", _has_output, _output),
    Part("r", "recorded", "the recorded output", _has_both, _recorded),
    Part("d", "diff", "the diff: of files, an edit, recorded and actual", _has_diff, _diff),
    Part("p", "path", "the path of the file", _has_path, _path),
    Part("e", "event", "the event as JSON, as it is stored", _always, lambda step: step.stored),
    Part("a", "all", "all that the Event tab shows", _always, _all),
)
"""In the order of the menu."""

_JSON: Final = "event"


def offered(session: Session, rows: Sequence[Row]) -> list[Part]:
    """What there is to copy of these rows. Any thread may ask."""
    return [part for part in PARTS if any(part.has(Step(session, row)) for row in rows)]


def copied(session: Session, rows: Iterable[Row], part: Part) -> str:
    """The text of one part of these rows, one below the other, with nothing in it that acts on a terminal.

    Secrets are masked. Any thread may ask.
    """
    steps = [step for row in rows if part.has(step := Step(session, row))]
    texts = [text for step in steps if (text := part.of(step))]
    if part.name == _JSON:
        return "\n".join(map(safe_json, texts))
    return "\n".join(safe(text).removesuffix("\n") for text in texts)
