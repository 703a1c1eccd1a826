"""Where agents keep what they record: a row an agent. Of each, the newest sessions are found there.

Only names and times are read, of the places themselves: no session is opened for that.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from trajcore.errors import BadInput


class Place(Struct, frozen=True):
    """A directory in which each entry may be a session.

    It is what the `variable` of the environment says, with `below` behind it; without that, `usual`, where
    `~` is the user's home. A session is a directory that has one of `marks` in it or, where there is an
    `ending`, a file whose name ends so.
    """

    usual: str
    variable: str = ""
    below: str = ""
    marks: tuple[str, ...] = ()
    ending: str = ""

    def path(self, environment: Mapping[str, str]) -> Path | None:
        """The directory; None where there is neither a variable nor a usual place."""
        moved = environment.get(self.variable, "") if self.variable else ""
        if moved:
            return Path(os.path.expanduser(moved)) / self.below
        return Path(os.path.expanduser(self.usual)) if self.usual else None


_EVENTS: Final = ("events", "base_state.json")
_TRAJECTORY: Final = ".traj.json"
PLACES: Final[Mapping[str, tuple[Place, ...]]] = {
    "openhands": (
        Place("~/.openhands/conversations", "OPENHANDS_CONVERSATIONS_DIR", marks=_EVENTS),
        Place("", "OPENHANDS_PERSISTENCE_DIR", "conversations", marks=_EVENTS),
        Place("workspace/conversations", "OH_CONVERSATIONS_PATH", marks=_EVENTS),
        Place("~/.openhands/v1_conversations", "OH_PERSISTENCE_DIR", "v1_conversations"),
        Place("~/.openhands/sessions", "FILE_STORE_PATH", "sessions", marks=_EVENTS),
    ),
    "mini": (
        Place("~/.config/mini-swe-agent", "XDG_CONFIG_HOME", "mini-swe-agent", ending=_TRAJECTORY),
        Place("~/Library/Application Support/mini-swe-agent", ending=_TRAJECTORY),
        Place("", "MSWEA_GLOBAL_CONFIG_DIR", ending=_TRAJECTORY),
    ),
}
"""By the agent's name: the command line and the app of OpenHands V1, its server, V0; mini-swe-agent keeps the
last run of its command line beside its configuration.
"""

_MOST: Final = 20_000
"""So many entries of a place are looked at."""


class Session(Struct, frozen=True):
    """A session that was found, and when it was written last, in seconds since the epoch."""

    path: Path
    written: float


def newest(agent: str, count: int, environment: Mapping[str, str] = os.environ) -> list[Session]:
    """The sessions of an agent that were written last, so many, the newest first. Raises `BadInput`."""
    places = PLACES.get(agent)
    if places is None:
        raise BadInput(f"where {agent} keeps its sessions is not known: the agents are {', '.join(PLACES)}.")
    known = {path: place for place in places if (path := place.path(environment)) is not None}
    found = (session for path, place in known.items() for session in _sessions(path, place))
    return heapq.nlargest(count, found, key=lambda one: one.written)


def latest(agent: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The newest one. Raises `BadInput`, saying where was looked, where there is none."""
    found = newest(agent, 1, environment)
    if not found:
        looked = dict.fromkeys(str(place.path(environment) or "") for place in PLACES[agent])
        raise BadInput(f"no session of {agent} is in {', '.join(filter(None, looked))}.")
    return found[0].path


def newest_of_all(
    count: int, environment: Mapping[str, str] = os.environ, but: Iterable[Path] = ()
) -> list[tuple[str, Path]]:
    """The newest sessions, whoever's they are, each with its agent; `but` these, whatever they are called."""
    known = set(map(os.path.realpath, but))
    found = [(one.written, agent, one.path) for agent in PLACES for one in newest(agent, count, environment)]
    ordered = [(agent, path) for _, agent, path in sorted(found, reverse=True)[:count]]
    return [(agent, path) for agent, path in ordered if os.path.realpath(path) not in known]


def _sessions(path: Path, place: Place) -> Iterator[Session]:
    marks = place.marks
    with suppress(OSError), os.scandir(path) as entries:
        for entry, _ in zip(entries, range(_MOST), strict=False):
            with suppress(OSError):
                if place.ending:
                    if entry.name.endswith(place.ending) and entry.is_file():
                        yield Session(Path(entry.path), entry.stat().st_mtime)
                elif entry.is_dir() and (written := _written(Path(entry.path), marks)) is not None:
                    yield Session(Path(entry.path), written)


def _written(session: Path, marks: tuple[str, ...]) -> float | None:
    """When a session was written last: each new event is a file of its own. None: it is none."""
    times = []
    for mark in marks:
        with suppress(OSError):
            times.append((session / mark).stat().st_mtime)
    if not marks:
        return session.stat().st_mtime
    return max(times, default=None)
