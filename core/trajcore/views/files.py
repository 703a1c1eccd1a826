"""What the Files tab shows of a row: what the step changed in the sandbox, as diffs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from trajcore.replay.policy import asks_the_world
from trajcore.replay.run import Entry, Run, Status
from trajcore.sandbox.base import FileChange, FileChanges
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.views.blocks import BLANK, Block, BlockKind
from trajcore.views.editdiff import changed_lines
from trajcore.views.timeline import Row, last_row

if TYPE_CHECKING:
    from trajcore.worlds.evidence.model import Known

_UNTRACKED: Final = "What this step changed was not looked at: this sandbox does not tell."
_NOT_YET: Final = "Not executed yet. Once it has been, what it changed is shown here."
_NO_STEP: Final = "This event does nothing to the files of the sandbox."
_MOST_LISTED: Final = 1000
_MOST_WITNESSES: Final = 3
_OF_FILES: Final = {"added": BlockKind.ADDED, "deleted": BlockKind.REMOVED, "changed": BlockKind.TEXT}


def blocks_for_files(session: Session, row: Row | None) -> tuple[Block, ...]:
    """The view of a row: a recorded event, or one that this run added."""
    if row is None:
        return ()
    blocks = [*_of_step(session, row), *_of_the_beginning(session, row)]
    for changes in _by_hand(session, row):
        blocks += [BLANK, *_shown(changes, "made by hand after it, in the sandbox's shell")]
    return tuple(blocks)


def _of_step(session: Session, row: Row) -> list[Block]:
    if row.entry is not None:
        entry = session.run.entries[row.entry]
        return _of_live_step(session.run, entry)
    index = row.index(session.trajectory)
    if index is None:
        return []
    index = session.trajectory.outline.answers.get(index, index)
    if not asks_the_world(session.trajectory.head(index)):
        return [_aside(_NO_STEP)]
    result = session.result_of(index)
    if result is None:
        live = session.run.live_entry(session.trajectory.uid(index))
        return [_aside(_NOT_YET)] if live is None else _of_live_step(session.run, live)
    if result.status in (Status.RECORDED, Status.SKIPPED):
        return [_aside(f"Not executed, so nothing was changed: {result.reason}.")]
    return [_aside(_UNTRACKED)] if result.files is None else _shown(result.files)


def _of_live_step(run: Run, entry: Entry) -> list[Block]:
    """What an action of the model has changed."""
    step = run.live_steps.get(entry.id)
    if step is None or step.files is None:
        return [_aside(_UNTRACKED if asks_the_world(entry.head) else _NO_STEP)]
    return _shown(step.files)


def _of_the_beginning(session: Session, row: Row) -> list[Block]:
    """What the world was made of, at what asks nothing of it: each file with the events that tell of it."""
    built, index = session.built, row.index(session.trajectory)
    if built is None or index is None or asks_the_world(session.trajectory.head(index)):
        return []
    from trajcore.worlds.evidence.model import Grade  # who has no such world need not read what it is made of

    files = sorted(built.evidence.files(), key=lambda known: (list(Grade).index(known.grade), known.path))
    lines = [_known(known, made=known.path in built.placed) for known in files[:_MOST_LISTED]]
    blocks = [BLANK, Block(BlockKind.HEADING, f"world: {built.words}")]
    blocks += [Block(BlockKind.TEXT, line) for line in lines]
    if len(files) > _MOST_LISTED:
        blocks.append(_aside(f"and {len(files) - _MOST_LISTED} more, which are not listed"))
    return blocks + [_aside(safe_line(note)) for note in built.notes]


def _known(known: Known, *, made: bool) -> str:
    told = ", ".join(map(str, known.witnesses[:_MOST_WITNESSES]))
    more = len(known.witnesses) - _MOST_WITNESSES
    notes = [f"{told}{f' and {more} more' if more > 0 else ''}"]
    notes += [] if known.firm else ["a guess"]
    notes += [] if made else ["not made here"]
    return safe_line(f"{known.grade.value:<7}  {known.path}  {' · '.join(notes)}")


def _by_hand(session: Session, row: Row) -> Iterable[FileChanges]:
    """What was changed by hand while this row was the last that had been played."""
    run, trajectory = session.run, session.trajectory
    places = {entry.id: place for place, entry in enumerate(run.entries)} if run.by_hand else {}
    for after, changes in run.by_hand:
        if last_row(trajectory, run, -1 if after is None else places[after]) == row:
            yield changes


def _shown(changes: FileChanges, how: str = "") -> list[Block]:
    number = changes.count
    if not number:
        return [_aside(f"No files changed{f': {safe_line(changes.note)}' if changes.note else ''}.")]
    counted = f"{number} {'change' if number == 1 else 'changes'}{f', {how}' if how else ''}"
    blocks = [Block(BlockKind.HEADING, counted)]
    blocks += [Block(_OF_FILES[change.kind], _line(change)) for change in changes.files]
    if changes.more:
        blocks.append(_aside(f"and {changes.more} more, which are not listed"))
    if changes.note:
        blocks.append(_aside(safe_line(changes.note)))
    for change in changes.files:
        if change.diff:
            blocks += [BLANK, Block(BlockKind.HEADING, safe_line(change.path)), changed_lines(change.diff)]
    return blocks


def _line(change: FileChange) -> str:
    notes = [note for note in (_sizes(change), change.note) if note]
    return safe_line(f"{change.kind:<7}  {change.path}{'  ' + ' · '.join(notes) if notes else ''}")


def _sizes(change: FileChange) -> str:
    if change.before == change.after:
        return "" if change.after is None else _size(change.after)
    return " → ".join(_size(size) for size in (change.before, change.after) if size is not None)


def _size(size: int) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


def _aside(text: str) -> Block:
    return Block(BlockKind.NOTE, text)
