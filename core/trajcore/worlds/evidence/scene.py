"""The files of a recording as they come to be known: who is where, what the recording itself made, moved and
removed, and from when on nothing is certain any more.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Final

from trajcore.worlds.evidence.model import Evidence, Kind, Known, Repository, Witness
from trajcore.worlds.evidence.outputs import Entry
from trajcore.worlds.evidence.trail import Line, Trail

_MOST: Final = 100_000
"""So many paths are kept; what else is named is passed over."""
_LONGEST_PATH: Final = 4000
_LONGEST_NAME: Final = 255
_GENERATED: Final = re.compile(
    r"(?:^|/)(?:__pycache__|\.pytest_cache|\.mypy_cache|\.ruff_cache)(?:/|$)|\.pyc$|\.o$"
)
"""What programs leave behind: seen only after some ran, it is theirs."""


class Scene:
    """All paths that a recording has told of so far."""

    def __init__(self) -> None:
        self.directory: str | None = None
        """Where the shell is, as far as that is known."""
        self.firm = True
        """Whether nothing has run yet of which nobody can say what it did to files."""
        self.first_directory: str | None = None
        self.repository: Repository | None = None
        self.committed = False
        """Whether what git compares with may no longer be what it was at the beginning."""
        self._trails: dict[str, Trail] = {}
        self._gone: list[Trail] = []
        """Trails whose path has another one by now."""
        self._made: set[str] = set()
        """Paths that the recording made or removed: what comes to be below them is its own."""
        self._folders: set[str] = set()
        """Directories that the recording made, or made sure of."""
        self._moves: list[tuple[str, str]] = []
        self.more = 0
        """How many paths were passed over because there were too many."""

    def path(self, word: str, base: str | None = None) -> str | None:
        """The absolute path that a word of a command stands for; None where that cannot be told."""
        if not word or word.startswith("~") or any(not char.isprintable() for char in word):
            return None
        base = base or self.directory
        if not word.startswith("/") and base is None:
            return None
        path = posixpath.normpath(posixpath.join(base or "/", word))
        path = "/" + path.lstrip("/")
        parts = path.split("/")
        if len(path.encode("utf-8", "replace")) > _LONGEST_PATH:
            return None
        if any(len(part.encode("utf-8", "replace")) > _LONGEST_NAME for part in parts):
            return None
        return path

    def trail(self, path: str) -> Trail | None:
        """What is known of a path; None where there are too many of them."""
        found = self._trails.get(path)
        if found is None:
            if len(self._trails) >= _MOST:
                self.more += 1
                return None
            found = self._trails[path] = Trail(self._original(path))
            generated = not self.firm and _GENERATED.search(path)
            if generated or self._was_not_listed(path):
                found.began = False
            found.lost = self._is_ours(path)
        return found

    def saw(self, path: str | None, witness: Witness, **facts: object) -> Trail | None:
        """A path is there. The answer is its trail, where that tells something of the beginning."""
        trail = None if path in (None, "/") else self.trail(path or "")
        if trail is None or not trail.seen(witness, firm=self.firm):
            return None
        if path in self._folders:
            facts = {**facts, "kind": Kind.DIRECTORY}
        if trail.changed:
            facts = {name: value for name, value in facts.items() if name not in ("size", "mtime", "count")}
        trail.tell(**facts)
        return trail

    def listed(
        self,
        path: str | None,
        entries: Iterable[Entry],
        witness: Witness,
        *,
        complete: bool = True,
        hidden: bool = False,
    ) -> None:
        """What is in a directory: all names if it is `complete`, with those that are `hidden`."""
        trail = self.saw(path, witness, kind=Kind.DIRECTORY)
        for entry in entries:
            self.entry(path, entry, witness)
        if trail is not None and complete and self.firm:
            trail.tell(listed=True, all_listed=hidden or None)

    def entry(self, parent: str | None, entry: Entry, witness: Witness) -> None:
        """A name in a directory."""
        if entry.name in (".", "..") or parent is None:
            return
        path = self.path(entry.name, parent)
        trail = self.saw(
            path,
            witness,
            kind=entry.kind,
            mode=entry.mode,
            owner=entry.owner,
            group=entry.group,
            mtime=None if entry.kind is Kind.DIRECTORY else entry.mtime,
            target=entry.target,
            size=entry.size,
        )
        if trail is not None and trail.changed and entry.size is not None and trail.sheet.size is None:
            trail.sheet.size = entry.size

    def holds(self, path: str | None, text: str, witness: Witness, *, exact: bool, ended: bool) -> None:
        """All that a file holds is told."""
        trail = self.saw(path, witness, kind=Kind.FILE)
        if trail is not None:
            trail.sheet.hold(text, exact=exact, ended=ended)

    def shows(
        self, path: str | None, lines: Iterable[tuple[int, str]], witness: Witness, *, exact: bool
    ) -> Trail | None:
        """Some lines of a file are told."""
        trail = self.saw(path, witness, kind=Kind.FILE)
        if trail is not None:
            for number, line in lines:
                trail.sheet.add(number, Line(line, exact))
        return trail

    def made(self, path: str | None, kind: Kind = Kind.FILE, *, anew: bool = False) -> None:
        """The recording makes what is at a path; with `anew` something may have been there before."""
        if kind is Kind.DIRECTORY and path is not None:
            self._folders.add(path)
        trail = None if path is None else self.trail(path)
        if trail is not None and path is not None:
            trail.made(anew=anew)
            if not trail.began:
                self._made.add(path)

    def ensured(self, path: str) -> None:
        """A path leads to a directory from now on, whether that was there before or not."""
        while path != "/":
            self._folders.add(path)
            path = posixpath.dirname(path)

    def has_room(self, path: str | None, witness: Witness) -> None:
        """Something was put at a path, so there is a directory for it."""
        if path is not None:
            self.saw(posixpath.dirname(path), witness, kind=Kind.DIRECTORY)

    def missing(self, path: str | None) -> None:
        """There is nothing at a path, says a program."""
        if path is not None and not any(one.startswith(f"{path}/") for one in self._trails):
            trail = self.trail(path)
            if trail is not None:
                trail.missing()

    def removed(self, path: str | None, witness: Witness, *, was_there: bool) -> None:
        """The recording removes what is at a path, and below it."""
        if path is None:
            return
        if was_there:
            self.saw(path, witness)
        elif path not in self._trails:
            self.made(path, anew=True)
        for below in self._below(path):
            self._trails[below].missing()
        self._made.add(path)

    def changed(self, path: str | None, witness: Witness) -> None:
        """A file that is there is changed, nobody knows how."""
        trail = self.saw(path, witness, kind=Kind.FILE)
        if trail is not None:
            trail.edited(None)

    def moved(self, source: str | None, target: str | None, witness: Witness) -> None:
        """The recording gives what is at a path, and all below it, another path."""
        if source is None or target is None:
            return
        self.saw(source, witness)
        for below in self._below(target):
            self._gone.append(self._trails.pop(below))
        ours = self._is_ours(source)
        for below in self._below(source):
            trail = self._trails.pop(below)
            self._trails[target + below[len(source) :]] = trail
        if ours or source in self._made:
            self._made.add(target)
        else:
            self._made.discard(target)
            self._moves.append((target, source))
        self._made.add(source)
        self.trail(source)

    def unsure(self) -> None:
        """Something runs of which nobody can say what it does to files."""
        self.firm = False

    def size(self, path: str | None) -> int | None:
        """How large a file is now, as far as that was told."""
        trail = None if path is None else self._trails.get(path)
        return None if trail is None else trail.size

    def repository_at(
        self,
        root: str | None,
        branch: str | None = None,
        commit: str | None = None,
        others: tuple[str, ...] = (),
    ) -> None:
        """A git repository is told of, before the recording changed it; `others` are branches it has too."""
        if root is None or self.committed or self._is_ours(root):
            return
        known = self.repository
        if known is None or (len(root) < len(known.root) and known.root.startswith(f"{root}/")):
            kept = Repository(root) if known is None else known
            self.repository = Repository(
                root, branch or kept.branch, commit or kept.commit, others or kept.branches
            )
        elif root == known.root or root.startswith(f"{known.root}/"):
            self.repository = Repository(
                known.root, known.branch or branch, known.commit or commit, known.branches or others
            )

    def is_directory(self, path: str) -> bool:
        """Whether a path is known to lead to a directory now."""
        trail = self._trails.get(path)
        if trail is not None and (trail.about.kind is Kind.DIRECTORY or path in self._folders):
            return True
        return any(one.startswith(f"{path}/") for one in self._trails)

    def evidence(self) -> Evidence:
        """What all of it comes to."""
        known: dict[str, Known] = {}
        absent: set[str] = set()
        overwritten: set[str] = set()
        added_to: set[str] = set()
        for trail in [*self._trails.values(), *self._gone]:
            one = trail.known()
            if one is not None:
                known.setdefault(one.path, one)
            elif trail.began is False:
                absent.add(trail.path)
            else:
                overwritten.add(trail.path)
                added_to |= {trail.path} if trail.doubtful else set()
        parents = _parents_of(known)
        # Had it been a file, the answer would not have been that there is nothing in it.
        parents |= {path for path in _parents_of(absent) if path in known and known[path].guessed}
        for path in parents & known.keys():
            if known[path].kind is Kind.FILE:
                known[path] = Known(
                    path, Kind.DIRECTORY, firm=known[path].firm, witnesses=known[path].witnesses
                )
        absent -= known.keys() | parents
        return Evidence(
            dict(sorted(known.items())),
            frozenset(absent),
            frozenset(overwritten - known.keys()),
            frozenset(added_to - known.keys()),
            self.repository,
            self.first_directory,
        )

    def _below(self, path: str) -> list[str]:
        return [one for one in self._trails if one == path or one.startswith(f"{path}/")]

    def _is_ours(self, path: str) -> bool:
        """Whether the recording made what a path is in."""
        while path not in ("/", ""):
            if path in self._made:
                return True
            if any(path == target for target, _ in self._moves):
                return False
            above = self._trails.get(path)
            if above is not None and above.began is False:
                return True
            path = posixpath.dirname(path)
        return False

    def _was_not_listed(self, path: str) -> bool:
        """Whether a directory that a path is in was listed before, and did not hold the way to it then."""
        while path != "/":
            parent, name = posixpath.split(path)
            above = self._trails.get(parent)
            if above is not None:
                return above.about.listed and not name.startswith(".")
            path = parent
        return False

    def _original(self, path: str) -> str:
        """The path that something had before the recording moved it."""
        for target, source in reversed(self._moves):
            if path == target or path.startswith(f"{target}/"):
                path = source + path[len(target) :]
        return path


def _parents_of(paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        parent = posixpath.dirname(path)
        while parent not in found and parent != "/":
            found.add(parent)
            parent = posixpath.dirname(parent)
    return found
