"""What a program that ended too early has left of a recording, as offers to take, leave or throw away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trajcore.branches import Branch
from trajcore.errors import BadInput
from trajcore.journal.recovery import Orphan, orphans
from trajcore.session import Session
from trajcore.text import safe, safe_line
from trajcore.trajectory import Trajectory
from trajcore.views.question import Question

LATER: Final = "later"
RESTORE: Final = "restore"
DIFFERENCES: Final = "differences"
SAVE: Final = "save"
WORDS: Final = "words"
DISCARD: Final = "discard"
RESUME: Final = "resume"

_SHOWN: Final = 60

_LATER_IN_WORDS: Final = "Decide later: it stays where it is"


def warnings(session: Session) -> list[str]:
    """What else is to be known of the work that is kept on disk; empty where it is as it should be."""
    keeping = session.keeping
    if keeping is None:
        return []
    said = [keeping.fault] if keeping.fault else []
    if keeping.others:
        names = ", ".join(f"pid {process}" for process in keeping.others)
        said.append(f"trajtui ({names}) has this recording open too: whoever saves last is asked")
    return said


@dataclass(frozen=True)
class Unreadable:
    """What was left and cannot be offered, in a line. It stays as it is."""

    line: str


async def offers(session: Session) -> AsyncGenerator[EditsOffer | RunOffer | BranchOffer | Unreadable, None]:
    """One offer after the other; while one is looked at, no other program takes it."""
    async for offer in _orphans(session):
        yield offer
    await session.branches.look()
    for branch in session.branches:
        if branch.kept is not None and branch.kept.was_cut_off:
            yield BranchOffer(session, branch)


async def _orphans(session: Session) -> AsyncGenerator[EditsOffer | RunOffer | Unreadable, None]:
    if session.keeping is None:
        return
    for orphan in await asyncio.to_thread(orphans, session.trajectory):
        try:
            if orphan.fault:
                yield Unreadable(orphan.fault)
                continue
            if orphan.edits:
                yield EditsOffer(session, orphan, await _restored(session, orphan))
            if orphan.has_run:
                yield RunOffer(session, orphan)
        finally:
            await asyncio.to_thread(orphan.release)


async def _restored(session: Session, orphan: Orphan) -> Trajectory | None:
    try:
        return await asyncio.to_thread(orphan.restored, session.trajectory)
    except BadInput:
        return None


class EditsOffer:
    """Edits that were not saved. `restored` is the recording with them; None where they no longer fit it."""

    def __init__(self, session: Session, orphan: Orphan, restored: Trajectory | None) -> None:
        self._session = session
        self._orphan = orphan
        self.restored = restored

    @property
    def question(self) -> Question:
        """What is to become of them: `later`, `restore`, `save`, `differences` or `discard`.

        Edits of the recording as it is on disk cannot be made on one that has been edited since: where other
        work has been restored, the recording with these can be saved as another file.
        """
        if self.restored is None:
            return Question(self._why_unusable(), {LATER: "Keep them there", DISCARD: "Throw them away"})
        fits = not self._session.trajectory.history
        first = (RESTORE, "Restore them (u takes them back, Ctrl+S saves them)")
        instead = (SAVE, "Save the recording with them as another file")
        answers = {
            LATER: _LATER_IN_WORDS,
            **dict([first if fits else instead]),
            DIFFERENCES: "Show what they change",
            DISCARD: "Throw them away",
        }
        beside = (
            ""
            if fits
            else (
                f" They were made on the recording as it is on disk, not on what has been edited now, "
                f"and are kept in {self._orphan.edits_path}"
            )
        )
        return Question(self._what_is_left() + beside, answers)

    async def restore(self) -> str:
        """Make them again; what is to be said of it."""
        count = len(self._orphan.edits)
        for edit in self._orphan.edits:
            self._session.editing.made_again(edit)
        await asyncio.to_thread(self._orphan.remove_edits)
        return f"restored {_count(count, 'edit')}: not saved yet"

    async def save(self, path: Path) -> str:
        """Save the recording with them as another file; what is to be said of it. Raises `BadInput`."""
        assert self.restored is not None
        await asyncio.to_thread(self.restored.save, path)
        await asyncio.to_thread(self._orphan.remove_edits)
        return f"saved with those edits: {path}"

    async def discard(self) -> str:
        """Throw them away; what is to be said of it."""
        await asyncio.to_thread(self._orphan.remove_edits)
        return "the unsaved edits were thrown away"

    def keep(self) -> str:
        """Leave them where they are; what is to be said of it."""
        the = "" if self.restored is None else "the "
        return f"{the}unsaved edits are kept in {self._orphan.edits_path}"

    def _what_is_left(self) -> str:
        orphan, edits = self._orphan, self._orphan.edits
        last = str(edits[-1].get("label", ""))[:60]
        name = self._session.trajectory.name
        changed = (
            f" {name} has changed on disk since, and they can be made on it as it is now."
            if orphan.file_changed
            else ""
        )
        when = f"{orphan.written:%d %B %H:%M}"
        return (
            f"trajtui ended with {_count(len(edits), 'edit')} of this recording unsaved ({when}; "
            f"the last: {last}).{changed}"
        )

    def _why_unusable(self) -> str:
        count = _count(len(self._orphan.edits), "unsaved edit")
        return (
            f"trajtui ended with {count} of this recording, which has changed on disk since: they cannot be "
            f"made on it as it is now. They are kept in {self._orphan.edits_path}"
        )


class BranchOffer:
    """A live session that was cut off."""

    def __init__(self, session: Session, branch: Branch) -> None:
        assert branch.kept is not None
        self._session = session
        self.branch = branch
        self._kept = branch.kept
        steps = _count(self._kept.steps, "step")
        begun = f" ({self._kept.begun:%d %B %H:%M})" if self._kept.begun else ""
        by = f" by {safe_line(branch.model)}" if branch.model else ""
        text = f"trajtui ended in a live session{begun}: {safe_line(branch.name)}, {steps}{by}."
        answers = {
            LATER: "Decide later: it stays among the branches (Alt+B)",
            RESUME: "Resume: have its world made again, and go on there",
            SAVE: "Save it as a file",
            DISCARD: "Throw it away",
        }
        self.question = Question(text, answers)
        """What is to become of it: `later`, `resume`, `save` or `discard`."""

    async def save(self, path: Path) -> str:
        """Save it; what is to be said of it. Raises `BadInput`."""
        await self._session.branches.save(self.branch, path)
        return f"{safe_line(self.branch.name)} saved: {path}"

    async def discard(self) -> str:
        """Throw it away; what is to be said of it."""
        self._session.branches.delete(self.branch)
        return f"{safe_line(self.branch.name)} was thrown away"

    def keep(self) -> str:
        """Leave it where it is; what is to be said of it."""
        return f"{safe_line(self.branch.name)} is among the branches: Alt+B"


class RunOffer:
    """A run that was not saved, with what was still to be said in it (`queued`)."""

    def __init__(self, session: Session, orphan: Orphan) -> None:
        self._session = session
        self._orphan = orphan
        self.queued = orphan.queued
        self.question = Question(self._text(), self._answers())
        """What is to become of it: `later`, `save`, `words` (only those) or `discard`."""

    def _text(self) -> str:
        orphan, count = self._orphan, len(self.queued)
        run = "a run of this recording unsaved" if orphan.has_events else "words of yours unsent"
        holds = ", which holds messages" if orphan.has_events else ""
        first = next((line for line in safe(self.queued[0]).split("\n") if line.strip()), "") if count else ""
        unsent = (
            f"; {count} message{'s' * (count != 1)} of yours had not been sent: {first[:_SHOWN]}"
            if count
            else ""
        )
        return f"trajtui ended with {run} ({orphan.written:%d %B %H:%M}){holds}{unsent}."

    def _answers(self) -> dict[str, str]:
        back = " the words go back into the message box"
        answers = {LATER: _LATER_IN_WORDS}
        if self._orphan.has_events:
            answers[SAVE] = f"Save it as a run{';' + back if self.queued else ''}"
        else:
            answers[WORDS] = f"Take them:{back}"
        return {**answers, DISCARD: "Throw it away"}

    async def save(self, path: Path) -> str:
        """Save it; what is to be said of it. The words are this session's now. Raises `BadInput`."""
        await asyncio.to_thread(self._orphan.save_run, path)
        return f"run saved: {path}{self._took_words()}"

    async def take_words(self) -> str:
        """The words are this session's now; what is to be said of them."""
        said = self._took_words()
        await asyncio.to_thread(self._orphan.remove_run)
        return said.removeprefix(" · ")

    def _took_words(self) -> str:
        self._session.give_back(self.queued)
        return " · your words are in the message box: m" if self.queued else ""

    async def discard(self) -> str:
        """Throw it away; what is to be said of it."""
        await asyncio.to_thread(self._orphan.remove_run)
        return "the unsaved run was thrown away"

    def keep(self) -> str:
        """Leave it where it is; what is to be said of it."""
        return f"the unsaved run is kept in {self._orphan.run_path}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
