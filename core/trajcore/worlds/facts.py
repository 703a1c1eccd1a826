"""What names the world of a recording: what is told of it, and what follows from that by its harness's rules.

How a harness composes the names of its images was read in its own code (OpenHands V0 `evaluation/`, as of
2025-11). A row of `HARNESSES` is one data set of one harness.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from trajcore.dialects.told import Around, Fact, What
from trajcore.errors import BadInput
from trajcore.formats.json.reading import as_object
from trajcore.formats.lists import LISTS
from trajcore.reading import SETTINGS, read_file

if TYPE_CHECKING:
    from trajcore.trajectory import Trajectory

_EVENTS: Final = 40
"""So many events are looked at: whatever tells of the world comes before the work."""
_WORKSPACE: Final = PurePosixPath("/workspace")
"""Where the shell of a recording begins, as a rule; a directory without a slash is below it."""


class Prelude(Enum):
    """What a harness runs before the first step (`worlds.prelude`)."""

    SWE = "the repository is copied from /testbed"
    MULTI = "the repository is copied from /home"


class Harness(Struct, frozen=True):
    """One data set, as one harness runs it."""

    name: str
    data_set: re.Pattern[str]
    """What the name of the data set has in it."""
    images: tuple[Callable[[Told], str | None], ...]
    """What its images are called, the likeliest first."""
    prelude: Prelude | None = None
    conda: bool = True
    """Whether the environment `testbed` is activated."""
    conda_first: bool = False
    """Whether its programs stand first in the PATH besides."""
    by_instance: bool = False
    """Whether the work's directory has the name of the instance, not of repository and version."""


class Told:
    """What is told of a recording's world, asked by what it is."""

    def __init__(self, facts: tuple[Fact, ...]) -> None:
        self.facts = facts

    def first(self, *whats: What) -> Fact | None:
        """The first fact of these sorts that there is."""
        return next((fact for fact in self.facts if fact.what in whats), None)

    def value(self, what: What) -> str:
        """What the first fact of a sort says; empty where there is none."""
        fact = self.first(what)
        return fact.value if fact else ""

    @property
    def name(self) -> str:
        """The repository's last part."""
        return self.value(What.REPOSITORY).rpartition("/")[2]


def _joined(prefix: str, between: str) -> Callable[[Told], str | None]:
    """`owner__name-1` with another text between the two, in small letters, as images are called."""

    def image(told: Told) -> str | None:
        instance = told.value(What.INSTANCE)
        owner, found, rest = instance.partition("__")
        name = f"{owner}{between}{rest}" if found else instance
        return f"{prefix}/sweb.eval.x86_64.{name.replace('__', between)}:latest".lower() if instance else None

    return image


def _multi(told: Told) -> str | None:
    owner, found, name = told.value(What.REPOSITORY).partition("/")
    number = told.value(What.INSTANCE).rpartition("-")[2]
    return f"mswebench/{owner}_m_{name}:pr-{number}".lower() if found and number.isdigit() else None


def _of_instance(text: str) -> Callable[[Told], str | None]:
    return lambda told: text.format(told.value(What.INSTANCE)) if told.value(What.INSTANCE) else None


def _of_repository(text: str) -> Callable[[Told], str | None]:
    return lambda told: text.format(told.name.lower()) if told.name else None


def _fixed(image: str) -> Callable[[Told], str | None]:
    return lambda told: image


def _any(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


_OFFICIAL: Final = _joined("swebench", "_1776_")
_OPENHANDS: Final = _joined("xingyaoww", "_s_")

_SWE, _MULTI = Prelude

HARNESSES: Final = (
    Harness("Multi-SWE-bench", _any(r"multi[-_]?swe"), (_multi,), _MULTI, conda=False),
    Harness("SWE-Gym", _any("swe-gym"), (_OPENHANDS,), _SWE),
    Harness(
        "SWE-bench-Live", _any("swe-bench-live"), (_joined("starryzhang", "_1776_"),), _SWE, conda=False,
        by_instance=True,
    ),
    Harness("SWE-rebench", _any("swe-rebench"), (_joined("swerebench", "_1776_"),), _SWE, conda_first=True),
    Harness("SWE-fficiency", _any("swefficiency|swe-fficiency"),
            (_of_instance("ghcr.io/swefficiency/swefficiency-images:{}"),), _SWE),
    Harness("SWE-Perf", _any("swe-perf"), (_joined("betty1202", "_s_"),), _SWE),
    Harness("TestGenEval", _any("testgeneval"), (_joined("kdjain", "_s_"),), _SWE),
    Harness("NoCode-bench", _any("nocode"), (_OPENHANDS,), _SWE),
    Harness("Visual SWE-bench", _any("visual|multimodal"), (_OPENHANDS, _joined("luolin101", "_s_")), _SWE),
    Harness("commit0", _any("commit0"), (_of_repository("wentingzhao/{}:v0"),)),
    Harness("GAIA", _any("gaia"), (_fixed("nikolaik/python-nodejs:python3.12-nodejs22"),)),
    Harness("LCA CI repair", _any(r"\blca\b|ci[-_]builds[-_]repair"), (_fixed("python:3.12-bookworm"),)),
    Harness("SWE-bench", _any(r"swe[-_]?bench"), (_OFFICIAL, _OPENHANDS), _SWE),
)  # fmt: skip
"""The first whose data set fits is the one; its images are asked for in their order."""

_INSTANCE: Final = re.compile(r"[\w.-]+__[\w.-]+-\d+")
"""What SWE-bench calls its instances; a row without a data set that is called so is one of its."""
_IMAGE: Final = re.compile(
    r"[a-z0-9][\w.-]*(?::\d+)?(?:/[\w.-]+)*(?::[\w.-]{1,128})?(?:@sha256:[0-9a-f]{64})?"
)
_PLAIN: Final = re.compile(r"[\w.@+-][\w.@+/-]{0,200}")
"""What may stand in a command of a prelude."""


class Found(Told):
    """What names the world of a recording, and what that comes to."""

    def __init__(
        self, facts: tuple[Fact, ...], instance: Mapping[str, Any] | None = None, *, has_prelude: bool = True
    ) -> None:
        """`has_prelude`: as the dialect says."""
        told = Told(facts)
        self.harness = _harness(told)
        """The data set and harness that it was made with, where they are known."""
        self.prelude = self.harness.prelude if self.harness is not None and has_prelude else None
        """What was run before the first step, where something was."""
        self.instance = dict(instance or {})
        """The data set's own row, without what solves it."""
        super().__init__((*facts, *_derived(told, self.harness, has_prelude=has_prelude)))

    @property
    def images(self) -> tuple[str, ...]:
        """What its image may be called, the likeliest first."""
        return tuple(fact.value for fact in self.facts if fact.what is What.IMAGE)

    @property
    def line(self) -> str:
        """What names the world, in one line; empty where nothing does."""
        found = [self.first(what) for what in (What.IMAGE, What.REPOSITORY, What.COMMIT, What.DIRECTORY)]
        return " · ".join(f"{fact.what.value} {fact.value}" for fact in found if fact is not None)

    @property
    def commit(self) -> str:
        """The commit that the repository was at; empty where that is not told."""
        commit = self.value(What.COMMIT)
        return commit if re.fullmatch(r"[0-9a-fA-F]{7,64}", commit) else ""

    @cached_property
    def directory(self) -> str:
        """Where the agent worked, as an absolute path; empty where that is not told, or is no such."""
        for fact in self.facts:
            path = _WORKSPACE / fact.value
            if (
                fact.what in (What.DIRECTORY, What.HOME, What.SHELL)
                and ".." not in path.parts
                and len(path.parts) > 1
                and "\0" not in fact.value
            ):
                return str(path)
        return ""

    @property
    def home(self) -> str:
        """Where the agent's program was started; empty where that is not told, or is no absolute path."""
        path = PurePosixPath(self.value(What.HOME))
        usable = path.is_absolute() and len(path.parts) > 1 and ".." not in path.parts
        return str(path) if usable and "\0" not in str(path) else ""

    @property
    def begins_in(self) -> str:
        """Where the shell was when it was first heard of; empty where that is not told."""
        if self.home:
            return self.home
        paths = [fact.value for fact in self.facts if fact.what is What.SHELL]
        return paths[0] if paths and paths[0].startswith("/") else ""

    @property
    def work_name(self) -> str:
        """What the directory of the work is called below `/workspace`; empty where that is not known."""
        directory = PurePosixPath(self.directory or "/")
        if directory.parent == _WORKSPACE:
            return directory.name
        if self.harness is None:
            return ""
        name = f"{self.value(What.REPOSITORY)}__{self.value(What.VERSION)}"
        composed = self.value(What.INSTANCE) if self.harness.by_instance else name.replace("/", "__")
        return composed if _PLAIN.fullmatch(composed) and "/" not in composed else ""

    @property
    def is_plain(self) -> bool:
        """Whether what goes into a prelude's commands is what harnesses have there."""
        values = (self.value(What.INSTANCE), self.value(What.REPOSITORY), self.work_name)
        return all(_PLAIN.fullmatch(value) and ".." not in value.split("/") for value in values)


def _harness(told: Told) -> Harness | None:
    data_set, instance = told.value(What.DATA_SET), told.value(What.INSTANCE)
    if not data_set:
        return HARNESSES[-1] if _INSTANCE.fullmatch(instance) else None
    found = next((row for row in HARNESSES if row.data_set.search(data_set)), None)
    if found is HARNESSES[0] and told.value(What.LANGUAGE).lower() == "python":
        return HARNESSES[-1]
    return found


def _derived(told: Told, harness: Harness | None, *, has_prelude: bool) -> Iterator[Fact]:
    """What follows from what is told, where its parts are such as names are made of.

    A harness's further images are OpenHands' own, as its preludes are.
    """
    if harness is None:
        return
    facts = filter(None, map(told.first, (What.DATA_SET, What.INSTANCE, What.REPOSITORY)))
    places: dict[str, list[str]] = {}
    for fact in facts:
        source, _, place = fact.where.partition(": ")
        places.setdefault(source, []).append(place)
    where = "; ".join(f"{source}: {', '.join(names)}" for source, names in places.items())
    for compose in harness.images if has_prelude else harness.images[:1]:
        image = compose(told)
        if image is not None and _IMAGE.fullmatch(image):
            yield Fact(What.IMAGE, image, f"composed as for {harness.name}, of {where}", derived=True)
    if harness.prelude is not None and has_prelude:
        yield Fact(What.PRELUDE, f"that of {harness.name}", f"by the data set, {where}", derived=True)


def found_in(trajectory: Trajectory) -> Found:
    """What names the world of a recording, looked for in it and beside it. Never raises."""
    return _found(trajectory, _around(trajectory))


async def looked_for(trajectory: Trajectory) -> Found:
    """The same; what takes long with a large file is done in a thread."""
    return _found(trajectory, await asyncio.to_thread(_around, trajectory))


def _around(trajectory: Trajectory) -> Around:
    return Around(_holder(trajectory), _beside(trajectory))


def _found(trajectory: Trajectory, around: Around) -> Found:
    count = min(len(trajectory), _EVENTS)
    events = ((trajectory.label(index), trajectory.skimmed(index)[0]) for index in range(count))
    instance = around.holder.get("instance")
    known = instance if isinstance(instance, dict) else {}
    dialect = trajectory.dialect
    facts = tuple(dialect.world(events, around))
    return Found(facts, _without_solution(known), has_prelude=dialect.has_prelude)


def _holder(trajectory: Trajectory) -> dict[str, Any]:
    """The members of the object that holds the list of records, but for such lists."""
    layout = trajectory.layout
    if layout.holder is None:
        return {}
    raw = layout.sources[0].data[slice(*layout.holder)]
    try:
        members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        lists = {*LISTS, layout.around}
        return as_object(msgspec.json.encode({key: raw for key, raw in members.items() if key not in lists}))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}


def _beside(trajectory: Trajectory) -> dict[str, dict[str, Any]]:
    """The objects in the files beside a recording that its dialect knows; none beside what was packed."""
    path, layout = trajectory.path, trajectory.layout
    if layout.store is not None:
        own = _own_files(trajectory)
        if own:
            return own
    if path is None or any(source.packed for source in trajectory.layout.sources):
        return {}
    directory = path if trajectory.layout.format == "directory" else path.parent
    places = [directory, *([directory.parent] if directory.name == "events" else [])]
    if trajectory.layout.format != "directory" and trajectory.layout.holder is None:
        return {}  # a list by itself is no part of what else lies there
    found: dict[str, dict[str, Any]] = {}
    for name in trajectory.dialect.beside:
        for place in places:
            read = _object_at(place / name)
            if read and name not in found:
                found[name] = read
    return found


def _own_files(trajectory: Trajectory) -> dict[str, dict[str, Any]]:
    """Those of its own files that are such, wherever they were read from; the first of each name."""
    layout, found = trajectory.layout, dict[str, dict[str, Any]]()
    for name, record in zip(layout.store.names if layout.store else (), layout.records, strict=False):
        file = name.rsplit("/", 1)[-1]
        if file in trajectory.dialect.beside and file not in found:
            found[file] = as_object(record)
    return found


def _object_at(path: Path) -> dict[str, Any]:
    try:
        read = as_object(read_file(path, SETTINGS))
    except (BadInput, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


_SOLUTION: Final = re.compile("patch", re.IGNORECASE)


def _without_solution(value: Any) -> Any:
    """The same without what solves the task: `patch`, `test_patch`, and whatever else is called a patch."""
    if isinstance(value, dict):
        return {key: _without_solution(one) for key, one in value.items() if not _SOLUTION.search(str(key))}
    return [_without_solution(one) for one in value] if isinstance(value, list) else value
