"""The version store of a world: what each path was that has changed, at each of its revisions.

A revision is known by what changed since the one before it. Going back to it means writing, for each path
that changed behind it, what that path was.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final

from trajcore.sandbox.versions.contents import ContentStore
from trajcore.sandbox.versions.version import BELOW, State, Unknown, Version

Changes = dict[str, tuple[State, State]]
"""What paths were and became."""

_LARGEST_SHARE: Final = 4
"""One file may take the fourth part of all the room."""


@dataclass(eq=False, slots=True)
class Revision:
    """A moment of a world. `is_there`: it can still be gone back to."""

    parent: Revision | None
    changes: Changes
    """Since the parent."""
    children: list[Revision] = field(default_factory=list)
    is_there: bool = True
    holders: int = 1
    """How many were given it as their moment: it is there until each of them has dropped it."""


class Versions:
    """The revisions of one world, in the order in which they came. One call at a time.

    Where there is no room for a further one, the oldest goes.
    """

    def __init__(self, most_bytes: int, most_files: int) -> None:
        """At most so many bytes of files are kept, and so many versions."""
        self.present: dict[str, State] = {}
        """What each path is now that has ever changed."""
        self._contents = ContentStore()
        self._most_bytes, self._most_files = most_bytes, most_files
        self._revisions: list[Revision] = []
        self._here: Revision | None = None
        self._since: Changes = {}
        """What changed since the revision that was made or returned to last."""
        self._users: dict[int, int] = {}
        self._numbers: dict[bytes, int] = {}
        """The contents by their digests."""
        self._digests: dict[int, bytes] = {}
        self._versions = 0

    # Contents

    def keep(self, opened: int, found: os.stat_result, digest: bytes, data: bytes | None) -> int | None:
        """The number of what an open file holds; None where there is no room for it.

        `digest` stands for it and is empty where that is not known; `data` is it, where it was read. It must
        get a user (`note`) before the next `revision`. Raises `OSError`.
        """
        if data is not None:
            return self.keep_data(digest, data)
        if not found.st_size or (known := self._numbers.get(digest)):
            return known if found.st_size else 0
        taken = min(found.st_size, found.st_blocks * 512)
        if taken > self._most_bytes // _LARGEST_SHARE:
            return None
        return self._known_by(digest, self._contents.copy(opened, found.st_size, taken))

    def keep_data(self, digest: bytes, data: bytes) -> int | None:
        """The same of a file that holds `data`."""
        if not data or (known := self._numbers.get(digest)):
            return known if data else 0
        if len(data) > self._most_bytes // _LARGEST_SHARE:
            return None
        return self._known_by(digest, self._contents.add(data))

    def _known_by(self, digest: bytes, number: int) -> int:
        if digest:
            self._numbers[digest], self._digests[number] = number, digest
        return number

    def fill(self, target: int, version: Version) -> None:
        """Write what a file held into an empty open one. Raises `OSError`."""
        if version.content:
            self._contents.write(version.content, target)

    def read(self, version: Version) -> bytes:
        """What a file held that is not large. Raises `OSError`."""
        return self._contents.read(version.content) if version.content else b""

    # Moments

    def note(self, path: str, before: State, now: State) -> None:
        """A path has become something else. `before` is asked only where it has never changed before."""
        before = self.present.get(path, before)
        if path in self.present and before == now:
            return
        first = self._since[path][0] if path in self._since else before
        if path in self._since:
            self._release(self._since[path][1])
        else:
            self._use(first)
            self._versions += 1
        self._use(now)
        self._since[path] = (first, now)
        self._stand(path, now)

    def revision(self) -> Revision:
        """The present moment, as one that can be gone back to."""
        if self._here is not None and self._here.is_there and not self._since:
            self._here.holders += 1
            return self._here
        for revision in self._lost():
            self._let_go(revision)
        if self._here is None:
            self._release_all(self._since)
            self._since = {}
        revision = Revision(self._here, self._since)
        if self._here is not None:
            self._here.children.append(revision)
        self._revisions.append(revision)
        self._here, self._since = revision, {}
        self._make_room()
        return revision

    def _lost(self) -> list[Revision]:
        """Moments that cannot be gone back to any more: of some path it is not known what it was."""
        unknown = {path for path, (before, _) in self._since.items() if before is Unknown.UNKNOWN}
        lost: list[Revision] = []
        if not unknown:
            return lost
        for revision in self._line(self._here):
            if not unknown:
                break
            lost.append(revision)
            unknown -= {
                path for path, (before, _) in revision.changes.items() if before is not Unknown.UNKNOWN
            }
        return lost

    def way_to(self, revision: Revision) -> dict[str, State]:
        """What is to be written so that the world becomes what it was: by path, and only what is not so."""
        wanted: dict[str, State] = {path: before for path, (before, _) in self._since.items()}
        up, down = self._line(self._here), self._line(revision)
        shared = {id(each) for each in down}
        for each in up:
            if id(each) in shared:
                break
            wanted.update((path, before) for path, (before, _) in each.changes.items())
        above = {id(each) for each in up}
        for each in reversed([each for each in down if id(each) not in above]):
            wanted.update((path, after) for path, (_, after) in each.changes.items())
        return {path: state for path, state in wanted.items() if state != self.present.get(path)}

    def everything_at(self, revision: Revision) -> dict[str, State]:
        """What each path was that has ever changed: what makes the world of one in which nothing has."""
        return {**self.present, **self.way_to(revision)}

    def arrive(self, revision: Revision) -> None:
        """The world was made what it was at `revision`."""
        for path, state in self.way_to(revision).items():
            self._stand(path, state)
        self._release_all(self._since)
        left, self._here, self._since = self._here, revision, {}
        if left is not None and not left.is_there:
            self._fold(left)

    def drop(self, revision: Revision) -> None:
        """One of those who were given a moment needs it no more; the last of them has it forgotten."""
        revision.holders -= 1
        if revision.holders <= 0:
            self._let_go(revision)

    def _let_go(self, revision: Revision) -> None:
        """Forget a moment, and what only going back to it needs."""
        if not revision.is_there:
            return
        revision.is_there = False
        self._revisions.remove(revision)
        self._fold(revision)

    def clear(self) -> None:
        """Forget all of them, and begin with the present one anew."""
        for revision in list(self._revisions):
            self._let_go(revision)
        for state in self.present.values():
            self._release(state)
        self._release_all(self._since)
        self.present, self._here, self._since = {}, None, {}

    def close(self) -> None:
        """Forget all of it. May be called twice."""
        self._revisions, self._here = [], None
        self._contents.close()

    def _fold(self, revision: Revision) -> None:
        """Let a moment that is not wanted any more become a part of what follows it, where one thing does."""
        parent, is_here = revision.parent, revision is self._here
        if len(revision.children) + is_here > 1:
            return
        changes, revision.changes = revision.changes, {}
        if parent is None:
            self._release_all(changes)
            changes = {}
        for child in revision.children:
            child.parent, child.changes = parent, self._followed(changes, child.changes, parent)
        if is_here:
            self._here, self._since = parent, self._followed(changes, self._since, parent)
        elif not revision.children:
            self._release_all(changes)
        if parent is not None:
            parent.children.remove(revision)
            parent.children += revision.children
            if not parent.is_there:
                self._fold(parent)

    def _followed(self, changes: Changes, then: Changes, parent: Revision | None) -> Changes:
        """What changed since the parent; where there is none, nobody asks."""
        if parent is None:
            self._release_all(then)
            return {}
        return self._joined(changes, then)

    def _joined(self, first: Changes, then: Changes) -> Changes:
        """Both as one."""
        joined = dict(first)
        for path, (before, after) in then.items():
            if path in joined:
                self._release(joined[path][1])
                self._release(before)
                self._versions -= 1
                before = joined[path][0]
            joined[path] = (before, after)
        return joined

    def _make_room(self) -> None:
        while len(self._revisions) > 1 and (
            self._contents.size > self._most_bytes or self._versions + len(self._revisions) > self._most_files
        ):
            self._let_go(self._revisions[0])

    @staticmethod
    def _line(revision: Revision | None) -> list[Revision]:
        line = []
        while revision is not None:
            line.append(revision)
            revision = revision.parent
        return line

    # Who needs what

    def _stand(self, path: str, state: State) -> None:
        self._use(state)
        if path in self.present:
            self._release(self.present[path])
        self.present[path] = state

    def _use(self, state: State) -> None:
        if isinstance(state, Version) and state.content > 0:
            self._users[state.content] = self._users.get(state.content, 0) + 1

    def _release(self, state: State) -> None:
        if not isinstance(state, Version) or state.content in (0, BELOW):
            return
        number = state.content
        self._users[number] -= 1
        if not self._users[number]:
            del self._users[number]
            digest = self._digests.pop(number, None)
            if digest is not None:
                del self._numbers[digest]
            self._contents.remove(number)

    def _release_all(self, changes: Changes) -> None:
        for before, after in changes.values():
            self._release(before)
            self._release(after)
        self._versions -= len(changes)
