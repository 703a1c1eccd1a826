"""What the files of a conversation are called: by which index and which id, and what new ones are called."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import Member
from trajcore.formats.json.edit import with_value
from trajcore.formats.ownership import owner_of

STATE: Final = "base_state.json"
"""The state of a conversation, which says among other things on which branch it goes on."""
_META: Final = "meta.json"
"""What a server keeps of a conversation, which names it, too."""
EVENTS: Final = "events/"
CHILDREN: Final = "subagents/"
"""Below it each conversation of an agent that another one has asked for help."""
ASIDE: Final = "damaged/"
"""Here lies what could not be read and was taken out of a conversation."""


class Style(NamedTuple):
    """How files of events are called. `strict` is what their own program finds again."""

    name: re.Pattern[str]
    strict: re.Pattern[str]
    made: str
    """Of the index and the id of an event; empty where they stand in the order of their times."""


INDEXED: Final = Style(
    re.compile(r"event-(?P<index>\d+)-(?P<id>.+)\.json"),
    re.compile(r"event-(\d{5}|[1-9]\d{5,})-[0-9a-fA-F-]{8,}\.json"),
    "event-{:05d}-{}.json",
)
EXPORTED: Final = Style(
    re.compile(r"event_(?P<index>\d+)_(?P<id>.+)\.json"),
    re.compile(r"event_(\d{6}|[1-9]\d{6,})_.+\.json"),
    "event_{:06d}_{}.json",
)
TIMED: Final = Style(
    re.compile(r"(\d{14}_\w+_)?(?P<id>[0-9a-f]{32})\.json"), re.compile(r".+"), ""
)  # fmt: skip
STYLES: Final = (INDEXED, EXPORTED, TIMED)
_OF_ITS_WRITER: Final = re.compile(r"\..*\.(lock|marker)|owner_lease\.json|.*\.tmp")
_HOME: Final = re.compile(r"[0-9a-f]{32}")
_STALE: Final = ".eventlog-len-*.marker"
_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def is_member(name: str) -> bool:
    """Whether a file of an archive may be one of a conversation."""
    file = name.rsplit("/", 1)[-1]
    return file == STATE or any(style.name.fullmatch(file) for style in STYLES if style.made)


def prefix_of(name: str) -> str:
    """The directory of the conversation that a file of an archive belongs to, `/` behind it."""
    directory = name[: name.rfind("/") + 1]
    outer = directory.removesuffix(EVENTS) if f"/{directory}".endswith(f"/{EVENTS}") else directory
    at = f"/{outer}".find(f"/{CHILDREN}")
    return outer if at < 0 else outer[:at]


def whole_of(path: Path) -> Path:
    """The directory of the conversation that a file is the state of, or an event of; else the file itself."""
    try:
        if path.name == STATE and os.path.isfile(path) and os.path.isdir(path.parent / EVENTS):
            return path.parent
        if INDEXED.name.fullmatch(path.name) and os.path.isfile(path) and path.parent.name == EVENTS[:-1]:
            return path.parent.parent
    except (OSError, ValueError):
        return path
    return path


def text_in(data: bytes, key: str) -> str:
    """The string under a key of an object; empty where there is none."""
    try:
        found = msgspec.json.decode(_decoder.decode(data).get(key, b"null"))
    except (msgspec.DecodeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


class Named:
    """Files whose names say where in the conversation each event stands, and its id."""

    last_number: Final = -1

    def __init__(self, names: Sequence[str], where: str) -> None:
        self.names: Sequence[str] = names
        self._where = where

    def named(self, members: Sequence[Member]) -> list[str]:
        """From the first that comes, goes or moves on, files are numbered without a gap; others keep theirs.

        A new event stands with the one before it. Raises `BadInput` where the files are in the order of
        times and a moved or inserted event is not.
        """
        named: list[str] = []
        places: dict[str, _Numbering] = {}
        place = self._first_place()
        for member in members:
            if member.source is not None:
                name = self.names[member.source]
                if name.rsplit("/", 1)[-1] == STATE:
                    named.append(name)
                    place = self._first_place(prefix=name.removesuffix(STATE))
                    continue
                place = name[: name.rfind("/") + 1]
            if place not in places:
                places[place] = _Numbering(self, place)
            named.append(place + places[place].next(member))
        return named

    def _first_place(self, prefix: str | None = None) -> str:
        """Where the events of a conversation lie; by default those of the first."""
        for name in self.names:
            directory = name[: name.rfind("/") + 1]
            is_event = name.rsplit("/", 1)[-1] != STATE
            if is_event and (prefix is None or directory in (prefix + EVENTS, prefix)):
                return directory
        return (prefix or "") + EVENTS

    def refuse(self) -> BadInput:
        """Why events that are in the order of their times can't be in any other."""
        return BadInput(
            f"{self._where} keeps its events in the order of their times: an event that was moved, or "
            "inserted in the middle, has no place there. Save it as one file instead (save as)."
        )

    def is_kept_at(self, target: Path) -> bool:
        """A file is asked for by the ending of its name; anything else is a directory."""
        return not target.suffix

    def home(self, target: Path, first: msgspec.Raw | bytes) -> str:
        """A conversation is in a directory that is called by its id, which its state knows, if there is one.

        What was exported is in none.
        """
        if _HOME.fullmatch(target.name) or not self._is_indexed:
            return ""
        has_state = self.names[0].rsplit("/", 1)[-1] == STATE
        id = text_in(bytes(first), "id").replace("-", "") if has_state else ""
        return id if _HOME.fullmatch(id) else uuid.uuid4().hex

    def at_home(self, name: str) -> str:
        """As its program calls it: events are in a directory of their own."""
        own = name.removeprefix(self._prefix)
        return EVENTS + own if self._is_indexed and INDEXED.name.fullmatch(own) else own

    def at_place(self, target: Path, name: str, data: bytes) -> bytes:
        """With the id that the directory is called by, as its program wants to find it there.

        It stands in the state, and in what a server keeps beside that.
        """
        own = name.removeprefix(self._prefix)
        if not _HOME.fullmatch(target.name) or own not in (STATE, _META):
            return data
        id = text_in(data, "id")
        if id.replace("-", "") in ("", target.name):
            return data
        return with_value(data, ("id",), str(uuid.UUID(target.name)) if "-" in id else target.name)

    @property
    def _is_indexed(self) -> bool:
        return any(INDEXED.name.fullmatch(name.rsplit("/", 1)[-1]) for name in self.names)

    @property
    def _prefix(self) -> str:
        """The directory of the conversation below the one that was opened."""
        states = [name.removesuffix(STATE) for name in self.names if name.rsplit("/", 1)[-1] == STATE]
        return states[0] if states else self._first_place().removesuffix(EVENTS)

    def beside(self, directory: Path) -> Sequence[str]:
        """All but what tells who writes into it: its list of tasks, long outputs, other conversations."""
        read = set(self.names)
        found: list[str] = []
        for path in sorted((directory / self._prefix).rglob("*")):
            name = path.relative_to(directory).as_posix()
            is_plain = (
                os.path.isfile(path) and not os.path.islink(path) and not _OF_ITS_WRITER.fullmatch(path.name)
            )
            if is_plain and name not in read:
                found.append(name)
        return found

    def stale(self, directory: Path) -> Sequence[Path]:
        """The marks that say how many events there are."""
        places = {directory / name[: name.rfind("/") + 1] for name in self.names}
        return [path for place in sorted(places) for path in place.glob(_STALE)]

    def aside(self, source: int, *, damaged: bool) -> str:
        """What cannot be read, and a state, are kept in a directory beside the events."""
        name = self.names[source]
        is_state = name.rsplit("/", 1)[-1] == STATE
        if not damaged and not is_state:
            return ""
        directory = name[: name.rfind("/") + 1].removesuffix(EVENTS)
        return f"{directory}{ASIDE}{name.rsplit('/', 1)[-1]}"

    def owner(self, directory: Path) -> str:
        """The program that holds the lock of the events, or the lease of the conversation."""
        prefixes = [name.removesuffix(STATE) for name in self.names if name.rsplit("/", 1)[-1] == STATE]
        return next(filter(None, (owner_of(directory / prefix) for prefix in prefixes or [""])), "")


class _Numbering:
    """Names the events of one directory, in order."""

    def __init__(self, store: Named, place: str) -> None:
        self._store = store
        own = [at for at, name in enumerate(store.names) if name[: name.rfind("/") + 1] == place]
        self._own = [at for at in own if store.names[at].rsplit("/", 1)[-1] != STATE]
        first = store.names[self._own[0]] if self._own else INDEXED.made.format(0, "")
        file = first[first.rfind("/") + 1 :]
        self._style = next((style for style in STYLES if style.name.fullmatch(file)), INDEXED)
        self._expected = iter(self._own)
        self._shifted = False
        self._last = -1
        self._time = ""

    def next(self, member: Member) -> str:
        name = None if member.source is None else self._store.names[member.source]
        file = "" if name is None else name[name.rfind("/") + 1 :]
        if not self._style.made:
            return self._in_time(member, file)
        if not self._shifted and member.source != next(self._expected, None):
            self._shifted = True
        match = self._style.name.fullmatch(file)
        if match and not self._shifted:
            self._last = int(match["index"])
            return file
        self._last += 1
        id = match["id"] if match else text_in(bytes(member.text), "id")
        return self._style.made.format(self._last, id)

    def _in_time(self, member: Member, file: str) -> str:
        text = bytes(member.text)
        time = text_in(text, "timestamp") or self._time
        if time < self._time:
            raise self._store.refuse()
        self._time = time
        return file or f"{text_in(text, 'id').replace('-', '')}.json"
