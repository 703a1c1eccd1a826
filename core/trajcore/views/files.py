"""What the Files tab shows: what a step changed in the sandbox, all steps together, or the user by hand."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trajcore.replay.policy import asks_the_world
from trajcore.replay.run import Entry, Run, Status
from trajcore.sandbox.base import Exported, FileChange, FileChanges
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.views.blocks import BLANK, Block, BlockKind
from trajcore.views.filelog import Author, Told, gaps, lineages, told, who_wrote
from trajcore.views.filetree import MARKS, FileBlock, Moments, size_words, tree
from trajcore.views.timeline import Row

if TYPE_CHECKING:
    from trajcore.worlds.evidence.model import Known

_UNTRACKED: Final = "What this step changed was not looked at: this sandbox does not tell."
_NOT_YET: Final = "Not executed yet. Once it has been, what it changed is shown here."
_NO_STEP: Final = "This event does nothing to the files of the sandbox."
_MOST_LISTED: Final = 1000
_MOST_WITNESSES: Final = 3


def makes_archive(target: Path) -> bool:
    """Whether what is saved out of the sandbox at `target` becomes an archive; else it is a directory."""
    from trajcore.sandbox.trees.exporting import is_archive  # needed when something is saved

    return is_archive(target)


def saved_words(exported: Exported, target: str) -> str:
    """What was saved out of the sandbox, in a sentence."""
    count = exported.entries
    what = f": {count:,} entries, {size_words(exported.size)}" if count > 1 else ""
    what = what or (f": {size_words(exported.size)}" if count else "")
    return safe_line(" · ".join((f"saved {target}{what}", *exported.notes)))


class Scope(Enum):
    """Whose changes are shown."""

    STEP = "this step"
    START = "since the start"
    HAND = "by hand"


class FileViews:
    """The three views of the files of a session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._told: tuple[Told, ...] = ()

    def blocks(self, scope: Scope, row: Row | None) -> tuple[Block, ...]:
        """The view of a scope; that of a step is the selected row's."""
        self._told = told(self.session)
        match scope:
            case Scope.STEP:
                return tuple(self._of_row(row)) if row is not None else ()
            case Scope.START:
                return tuple(self._since_the_start())
            case Scope.HAND:
                return tuple(self._all_by_hand())

    def who_wrote(self, file: FileBlock, number: int, *, gone: bool) -> str:
        """Who wrote a line of a file that is shown; `gone`: one that is not there any more."""
        moment = file.moments.before if gone else file.moments.after
        return who_wrote(self._told[:moment], file.path, number)

    def _of_row(self, row: Row) -> Iterable[Block]:
        yield from _of_step(self, row)
        yield from _of_the_beginning(self.session, row)
        for number, one in enumerate(self._told):
            if one.author.by_hand and one.author.row == row and one.changes is not None:
                yield BLANK
                yield from self.shown(one.changes, number, "made by hand after it, in the sandbox's shell")

    def _since_the_start(self) -> Iterable[Block]:
        known = lineages(self._told)
        changes = [change for one in known.values() if (change := one.change()) is not None]
        yield from _counted(changes, 0, "by now") or [_aside("The files are what they were at the start.")]
        yield from map(_aside, gaps(self._told))
        yield from tree(changes, Moments(0, len(self._told)), lambda path: known[path].last)

    def _all_by_hand(self) -> Iterable[Block]:
        mine = [(number, one) for number, one in enumerate(self._told) if one.author.by_hand]
        if not mine:
            yield _aside("You have changed no file by hand: ! opens the sandbox's shell.")
        for number, one in mine:
            assert one.changes is not None
            yield from [BLANK] * (one is not mine[0][1])
            yield from self.shown(one.changes, number, f"by hand, behind {safe_line(one.author.name)}")

    def shown(self, changes: FileChanges, number: int | None = None, how: str = "") -> list[Block]:
        """Changes of one moment; `number`: which of all that were told."""
        if not changes.count:
            return [_aside(f"No files changed{f': {safe_line(changes.note)}' if changes.note else ''}.")]
        blocks = _counted(changes.files, changes.more, how)
        if changes.more:
            blocks.append(_aside(f"and {changes.more} more, which are not listed"))
        if changes.note:
            blocks.append(_aside(safe_line(changes.note)))
        moments = Moments(0, 0) if number is None else Moments(number, number + 1)
        later = {} if number is None else self._later(number)
        return [*blocks, *tree(changes.files, moments, later.get)]

    def _later(self, number: int) -> dict[str, Author]:
        """Who changed each file last, where that was behind a moment."""
        return {
            change.path: one.author
            for one in self._told[number + 1 :]
            for change in (one.changes.files if one.changes is not None else ())
        }

    def shown_of(self, row: Row, changes: FileChanges) -> list[Block]:
        """What the step of a row changed."""
        numbers = (
            number
            for number, one in enumerate(self._told)
            if not one.author.by_hand and one.changes is changes and _is_of(self.session, one.author, row)
        )
        return self.shown(changes, next(numbers, None))


def _is_of(session: Session, author: Author, row: Row) -> bool:
    """Whether a row is that of an author, or of what came back for its step."""
    index = row.index(session.trajectory)
    if author.row == row or index is None:
        return author.row == row
    action = session.trajectory.outline.answers.get(index, index)
    return author.row == Row(session.trajectory.uid(action))


def _of_step(views: FileViews, row: Row) -> list[Block]:
    session = views.session
    if row.entry is not None:
        entry = session.run.entries[row.entry]
        return _of_live_step(views, row, session.run, entry)
    index = row.index(session.trajectory)
    if index is None:
        return []
    index = session.trajectory.outline.answers.get(index, index)
    if not asks_the_world(session.trajectory.head(index)):
        return [_aside(_NO_STEP)]
    result = session.result_of(index)
    if result is None:
        live = session.run.live_entry(session.trajectory.uid(index))
        return [_aside(_NOT_YET)] if live is None else _of_live_step(views, row, session.run, live)
    if result.status in (Status.RECORDED, Status.SKIPPED):
        return [_aside(f"Not executed, so nothing was changed: {result.reason}.")]
    return [_aside(_UNTRACKED)] if result.files is None else views.shown_of(row, result.files)


def _of_live_step(views: FileViews, row: Row, run: Run, entry: Entry) -> list[Block]:
    """What an action of the model has changed."""
    step = run.live_steps.get(entry.id)
    if step is None or step.files is None:
        return [_aside(_UNTRACKED if asks_the_world(entry.head) else _NO_STEP)]
    return views.shown_of(row, step.files)


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


def _counted(files: Iterable[FileChange], more: int, how: str) -> list[Block]:
    """How many changes there are, and of which kinds: what the marks mean."""
    kinds = [change.kind for change in files]
    number = len(kinds) + more
    if not number:
        return []
    each = ", ".join(f"{kinds.count(kind)} {mark} {kind}" for kind, mark in MARKS.items() if kind in kinds)
    text = f"{number} {'change' if number == 1 else 'changes'}{f', {how}' if how else ''}"
    return [Block(BlockKind.HEADING, f"{text}: {each}")]


def _aside(text: str) -> Block:
    return Block(BlockKind.NOTE, text)
