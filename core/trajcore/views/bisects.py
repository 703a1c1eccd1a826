"""What a bisect comes to, as lines and as an object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from trajcore.bisecting import Bisected, Place, Visit
from trajcore.dialects import canonical
from trajcore.events.kinds import STEPS
from trajcore.sandbox.base import FileChange, FileChanges
from trajcore.text import safe, safe_line
from trajcore.trajectory import Trajectory
from trajcore.views.blocks import Block, BlockKind, note, prose
from trajcore.views.comparison import short
from trajcore.views.editdiff import changed_lines

_SAID: Final = 3
"""So many lines of what the agent said are shown."""
_WIDTH: Final = 200
_NO_FILE: Final = "it changed no file that is watched"
_FILES: Final = 20
"""So many of the files that the step changed are shown."""


def place_words(place: Place, recording: Trajectory, steps: int) -> str:
    """Where the command was run."""
    if place.after is None:
        return "before the first step"
    return f"after step {place.step}/{steps}, event {recording.label(place.after)}"


def visit_line(visit: Visit, recording: Trajectory, steps: int) -> str:
    """One verdict, with the last line of what the command wrote."""
    said = _last_line(visit)
    sign = {True: "✓", False: "✗", None: "?"}[visit.passes]
    words = f"{sign} {place_words(visit.place, recording, steps)}: {safe_line(visit.words)}"
    return f"{words} · {said}" if said else words


def lines(found: Bisected, recording: Trajectory, steps: int) -> list[str]:
    """What was found, or why nothing was: the step, what the agent said with it, what it changed."""
    if found.first is None:
        between = [place_words(place, recording, steps) for place in found.doubtful]
        return [f"not found: {found.fault}", *(f"  perhaps {place}" for place in between)]
    first = found.first
    answer = [f"first {place_words(first, recording, steps)}: {_summary(first, recording)}"]
    if found.result is not None and found.result.exit_code:
        answer[0] += f" · exit {found.result.exit_code}"
    answer += [f"  │ {line}" for line in _said(first, recording)]
    answer += _changes(found)
    answer += [
        f"then {place_words(place, recording, steps)}: {_summary(place, recording)}"
        for place in found.changes[1:]
    ]
    return answer


def visit_block(visit: Visit, recording: Trajectory, steps: int) -> Block:
    """One verdict."""
    kind = {True: BlockKind.GOOD, False: BlockKind.BAD, None: BlockKind.NOTE}[visit.passes]
    return Block(kind, visit_line(visit, recording, steps))


def blocks(found: Bisected, recording: Trajectory, steps: int) -> list[Block]:
    """What was found, as `lines`, with the files that the step changed."""
    head, *rest = lines(found, recording, steps)
    if found.first is None:
        return [Block(BlockKind.HEADING, head), *(Block(BlockKind.TEXT, line) for line in rest)]
    said = _message(found.first, recording)
    return [
        Block(BlockKind.HEADING, head),
        *([prose(said)] if said else []),
        *_changed(found),
    ]


def _changed(found: Bisected) -> Iterator[Block]:
    """The files that the first step changed, as the Files tab shows what became of them."""
    files = None if found.result is None else found.result.files
    if files is None:
        return
    for file in files.files[:_FILES]:
        yield Block(BlockKind.TEXT, _file_line(file))
        if file.diff:
            yield changed_lines(file.diff)
    yield from map(note, _beside(files))


def to_dict(found: Bisected, recording: Trajectory) -> dict[str, Any]:
    """As `trajtui bisect --json` prints it."""
    return {
        "first": None if found.first is None else _named(found.first, recording, found),
        "worlds": len(found.visits),
        "verdicts": [_verdict(visit, recording) for visit in found.visits],
        "changes": [_named(place, recording) for place in found.changes],
        "doubtful": [_named(place, recording) for place in found.doubtful],
        "fault": found.fault or None,
    }


def next_event(found: Bisected, recording: Trajectory) -> str | None:
    """The event before which the world is what the step left (`--at`); None at the recording's end."""
    if found.first is None or found.first.before >= len(recording):
        return None
    return recording.label(found.first.before)


def _named(place: Place, recording: Trajectory, found: Bisected | None = None) -> dict[str, Any]:
    named = {"id": _id(place, recording), "step": place.step}
    if found is None:
        return named
    result = found.result
    files = None if result is None or result.files is None else result.files.files
    return {
        **named,
        "summary": _summary(place, recording),
        "said": _message(place, recording),
        "files": None
        if files is None
        else [{"path": file.path, "change": file.kind, "diff": file.diff} for file in files],
        "next": _event_id(found.first.before, recording) if found.first else None,
    }


def _verdict(visit: Visit, recording: Trajectory) -> dict[str, Any]:
    return {
        "after": _id(visit.place, recording),
        "step": visit.place.step,
        "passes": visit.passes,
        "exit_code": visit.tried.exit_code,
        "words": visit.words,
        "last_line": _last_line(visit),
        "seconds": round(visit.tried.seconds, 3),
    }


def _id(place: Place, recording: Trajectory) -> int | str | None:
    return None if place.after is None else _event_id(place.after, recording)


def _event_id(index: int, recording: Trajectory) -> int | str | None:
    """What an event is called in an object; None behind the last."""
    if index >= len(recording):
        return None
    id = recording.outline.ids[index]
    return recording.label(index) if id is None else id


def _summary(place: Place, recording: Trajectory) -> str:
    return "" if place.after is None else recording.head(place.after).summary()


def _last_line(visit: Visit) -> str:
    written = visit.tried.output.strip()
    return short(written.rpartition("\n")[2], _WIDTH) if written else ""


def _message(place: Place, recording: Trajectory) -> str:
    """What the agent said with a step; or before it, since the step before that."""
    if place.after is None:
        return ""
    thought = canonical.arguments(recording.modern(place.after)).get("thought")
    if isinstance(thought, str) and thought.strip():
        return thought.strip()
    for index in range(place.after - 1, -1, -1):
        head = recording.head(index)
        if head.is_action and head.kind in STEPS:
            break
        if head.is_action and head.source == "agent" and head.text.strip():
            return head.text.strip()
    return ""


def _said(place: Place, recording: Trajectory) -> Sequence[str]:
    written = [line for line in safe(_message(place, recording)).split("\n") if line.strip()]
    shown = [line[:_WIDTH] + "…" * (len(line) > _WIDTH) for line in written[:_SAID]]
    return [*shown, *(["…"] if len(written) > _SAID else [])]


def _changes(found: Bisected) -> Iterator[str]:
    """The files that the first step changed, and how."""
    files = None if found.result is None else found.result.files
    if files is None:
        return
    for file in files.files[:_FILES]:
        yield f"  {_file_line(file)}"
        yield from (f"  {line}" for line in safe(file.diff).rstrip("\n").split("\n") if line)
    yield from (f"  {line}" for line in _beside(files))


def _file_line(file: FileChange) -> str:
    return safe_line(f"{file.kind} {file.path}{f' ({file.note})' if file.note else ''}")


def _beside(files: FileChanges) -> Iterator[str]:
    """What there is to say of the files that are not named."""
    left = files.count - min(len(files.files), _FILES)
    if left:
        yield f"and {left} more"
    if not files.count:
        yield _NO_FILE
