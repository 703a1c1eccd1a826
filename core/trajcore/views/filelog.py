"""What a run has told of the files of its sandbox, change by change, and who made each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from trajcore.replay.policy import asks_the_world
from trajcore.replay.run import EXECUTED, Entry
from trajcore.sandbox.base import FileChange, FileChanges
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.views.lineage import Lineage
from trajcore.views.rows import kind_name
from trajcore.views.timeline import Row, last_row

_NAMED: Final = 5
"""So many steps are named of which it is not known what they changed."""


@dataclass(frozen=True)
class Author:
    """Who changed files at a moment: a step, or the user in the sandbox's shell behind it."""

    row: Row | None
    name: str
    by_hand: bool = False

    @property
    def words(self) -> str:
        """How it is called in a sentence."""
        return f"you, by hand, behind {self.name}" if self.by_hand else self.name


@dataclass(frozen=True)
class Told:
    """What one author changed; None where nobody looked."""

    author: Author
    changes: FileChanges | None


def told(session: Session) -> tuple[Told, ...]:
    """All that was told of the files since the run began, in order."""
    return tuple(_told(session))


def _told(session: Session) -> Iterator[Told]:
    run, trajectory = session.run, session.trajectory
    by_hand: dict[int | None, list[FileChanges]] = {}
    for after, changes in run.by_hand:
        by_hand.setdefault(after, []).append(changes)
    for changes in by_hand.get(None, ()):
        yield Told(Author(last_row(trajectory, run, -1), "the beginning", by_hand=True), changes)
    for place, entry in enumerate(run.entries):
        if _changed_something(session, entry):
            row = Row(entry.origin) if entry.origin is not None else Row(None, place)
            yield Told(Author(row, _name(session, entry)), _changes(session, entry))
        for changes in by_hand.get(entry.id, ()):
            row_before = last_row(trajectory, run, place)
            yield Told(Author(row_before, _name_of(session, row_before), by_hand=True), changes)


def _changed_something(session: Session, entry: Entry) -> bool:
    """Whether an entry is of a step that was carried out."""
    run = session.run
    if run.is_superseded(entry):
        return False
    if entry.id in run.live_steps:
        return asks_the_world(entry.head)
    result = None if entry.origin is None else run.results.get(entry.origin)
    return result is not None and result.status in EXECUTED


def _changes(session: Session, entry: Entry) -> FileChanges | None:
    live = session.run.live_steps.get(entry.id)
    if live is not None:
        return live.files
    return None if entry.origin is None else session.run.results[entry.origin].files


def _name(session: Session, entry: Entry) -> str:
    """The step's label and its kind."""
    index = None if entry.origin is None else session.trajectory.index_of_uid(entry.origin)
    label = entry.label if index is None else session.trajectory.label(index)
    return f"{label} {kind_name(entry.head)}"


def _name_of(session: Session, row: Row | None) -> str:
    index = None if row is None else row.index(session.trajectory)
    if row is not None and row.entry is not None:
        return _name(session, session.run.entries[row.entry])
    if index is None:
        return "the beginning"
    return f"{session.trajectory.label(index)} {kind_name(session.trajectory.head(index))}"


def lineages(all_told: tuple[Told, ...]) -> dict[str, Lineage[Author]]:
    """What has become of each file that was changed, by their paths."""
    found: dict[str, Lineage[Author]] = {}
    for one in all_told:
        for change in one.changes.files if one.changes is not None else ():
            _add(found, change, one.author)
    return found


def _add(found: dict[str, Lineage[Author]], change: FileChange, author: Author) -> None:
    if change.path not in found:
        found[change.path] = Lineage.before(change)
    found[change.path].add(change, author)


def gaps(all_told: tuple[Told, ...]) -> list[str]:
    """What is not known of all that was changed, in words."""
    blind = [one.author.words for one in all_told if one.changes is None]
    notes = [_unseen(one.author, one.changes) for one in all_told if one.changes is not None]
    if blind:
        more = f" and {len(blind) - _NAMED} more" if len(blind) > _NAMED else ""
        notes.insert(0, f"what these changed was not looked at: {', '.join(blind[:_NAMED])}{more}")
    return [safe_line(note) for note in dict.fromkeys(notes) if note]


def _unseen(author: Author, changes: FileChanges) -> str:
    if changes.more:
        return f"{changes.more} changes of {author.words} are not known one by one"
    return changes.note


def who_wrote(all_told: tuple[Told, ...], path: str, number: int) -> str:
    """Who wrote a line of a file, counted from 1, as it was when all this had happened, in a sentence."""
    changed: dict[str, Lineage[Author]] = {}
    for one in all_told:
        for change in one.changes.files if one.changes is not None else ():
            if change.path == path:
                _add(changed, change, one.author)
    named = safe_line(f"line {number} of {path}")
    if path not in changed:
        return f"{named} is as it was before the run began"
    try:
        author = changed[path].author(number)
    except LookupError as error:
        return safe_line(f"who wrote {named} is not known: {error.args[0]}")
    if author is None:
        return f"{named} is as it was before the run began"
    return safe_line(f"{named} was written by {author.words}")
