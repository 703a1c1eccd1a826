"""In which world a run is to begin, as the user wants it, and what they wanted of a recording before."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import platformdirs
from msgspec import Struct

from trajcore.errors import BadInput, in_words, meant
from trajcore.options import WORLDS
from trajcore.reading import SETTINGS, read_file
from trajcore.storage import write_atomically
from trajcore.trust import APP

AUTO, IMAGE, EVIDENCE, NONE = WORLDS

_COMMIT: Final = re.compile(r"(?P<source>.+)@(?P<commit>[0-9a-fA-F]{7,64})")
_URL: Final = re.compile(r"(?:https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:(?!//)\S+")


class Repository(Struct, frozen=True):
    """A repository that the user names: a directory, or (`is_url`) an address; `commit` may be empty."""

    source: str
    commit: str = ""

    @property
    def is_url(self) -> bool:
        """Whether it has to be fetched."""
        return _URL.fullmatch(self.source) is not None

    @property
    def text(self) -> str:
        """As it is typed."""
        return f"{self.source}@{self.commit}" if self.commit else self.source

    @property
    def address(self) -> str:
        """Where it is, without what an address may hold of an account."""
        return re.sub(r"//[^/@\s]*@", "//", self.source)

    @property
    def shown(self) -> str:
        """As it is typed, without that."""
        return f"{self.address}@{self.commit}" if self.commit else self.address

    @classmethod
    def of(cls, text: str) -> Repository:
        """What `PATH|URL[@COMMIT]` means: a commit is hexadecimal, so `git@host:path` is an address.

        Raises `BadInput` where it is neither a directory that is there nor an address.
        """
        named = _COMMIT.fullmatch(text)
        found = cls(text)
        if named is not None and not os.path.isdir(text):
            found = cls(named["source"], named["commit"])
        if found.is_url:
            return found
        path = Path(os.path.expanduser(found.source))
        if not os.path.isdir(path):
            raise BadInput(
                f"--repo {text}: there is no such directory, and it is no address of a repository."
            )
        return cls(str(path.absolute()), found.commit)


class PathMap(Struct, frozen=True):
    """A directory of the recording's, and the one that stands for it here."""

    recorded: str
    here: str

    @property
    def text(self) -> str:
        """As it is typed."""
        return f"{self.recorded}={self.here}"

    @classmethod
    def of(cls, text: str) -> PathMap:
        """What `FROM=TO` means. Raises `BadInput`."""
        recorded, found, here = text.partition("=")
        paths = [os.path.normpath(path) for path in (recorded, here)]
        if not found or not all(path.startswith("/") and path.strip("/") for path in paths):
            raise BadInput(f"--map {text}: expected two absolute paths, FROM=TO.")
        return cls(*paths)


class Choice(Struct, frozen=True):
    """What the user wants of the world that a run begins in."""

    kind: str = AUTO
    """One of `options.WORLDS`."""
    repository: Repository | None = None
    dockerfile: Path | None = None
    """The directory of a Dockerfile that an image is built from."""
    maps: tuple[PathMap, ...] = ()
    pull: bool = False
    """Whether the image may be fetched."""

    @property
    def is_default(self) -> bool:
        """Whether nothing was chosen that another session could begin with."""
        return self in (Choice(), Choice(kind=NONE))


def choice_of(
    world: str | None = None,
    repo: str | None = None,
    dockerfile: Path | str | None = None,
    maps: Sequence[str] = (),
    pull: bool = False,
) -> Choice:
    """The choice that options make. Raises `BadInput` where they name nothing, or do not fit together."""
    if world is not None and world not in WORLDS:
        *others, last = WORLDS
        known = f"{', '.join(others)} or {last}"
        raise BadInput(f"world: expected {known}, got {world[:40]!r}.{meant(world, WORLDS)}")
    directory = None if dockerfile is None else Path(os.path.expanduser(dockerfile)).absolute()
    if directory is not None and not os.path.isfile(directory / "Dockerfile"):
        compose = any(os.path.isfile(directory / name) for name in _COMPOSE)
        hint = " Compose files are not built." if compose else ""
        raise BadInput(f"--dockerfile {dockerfile}: there is no Dockerfile in it.{hint}")
    repository = Repository.of(repo) if repo else None
    kind = world or AUTO
    if directory is not None and kind in (EVIDENCE, NONE):
        raise BadInput(f"--dockerfile makes a world of its own: leave --world {kind} out.")
    if repository is not None and kind == EVIDENCE:
        raise BadInput("--repo gives the files: leave --world evidence out.")
    return Choice(kind, repository, directory, tuple(map(PathMap.of, maps)), pull)


_COMPOSE: Final = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")


# What was chosen before, by the recording's real path and row


def remembered(recording: Path | None, row: str | None = None) -> Choice | None:
    """What the user last chose for a recording; None where nothing usable is kept of it. Never raises."""
    if recording is None:
        return None
    try:
        said = json.loads(read_file(_record(recording, row), SETTINGS, own=True))
    except (BadInput, ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("path") != os.path.realpath(recording):
        return None
    try:
        return _read(said)
    except (BadInput, TypeError, ValueError):
        return None


def _read(said: Mapping[str, Any]) -> Choice:
    maps = said.get("maps") or []
    return choice_of(said.get("kind"), said.get("repository"), said.get("dockerfile"), maps)


def remember(recording: Path | None, row: str | None, choice: Choice) -> None:
    """Keep what the user chose for a recording; forget it where it is nothing. Raises `BadInput`."""
    if recording is None:
        return
    record = _record(recording, row)
    try:
        if choice.is_default:
            record.unlink(missing_ok=True)
            return
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        record.touch(mode=0o600)
    except OSError as error:
        raise BadInput(f"{record} cannot be written: {in_words(error)}.") from None
    said = {
        "path": os.path.realpath(recording),
        "kind": choice.kind,
        "repository": choice.repository and choice.repository.text,
        "dockerfile": choice.dockerfile and str(choice.dockerfile),
        "maps": [one.text for one in choice.maps],
    }
    write_atomically(record, [json.dumps(said).encode()])


def _record(recording: Path, row: str | None) -> Path:
    name = f"{os.path.realpath(recording)}\0{row or ''}"
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()
    return Path(platformdirs.user_state_dir(APP)) / "worlds" / f"{digest}.json"
