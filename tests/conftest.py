"""What all tests share: recordings, what a test needs of the machine, and a user without settings."""

from __future__ import annotations

import gc
import itertools
import json
import os
import re
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from browser import chromium, new_tab, tab
from needs import IN_CI, need_bubblewrap, need_chromium, need_docker, need_tmux
from program import ROOT
from recordings import SHARED, TRAJECTORIES
from trajcore import masking
from trajcore.live.lasting import lasting

__all__ = ["chromium", "new_tab", "tab"]

RECORDINGS = TRAJECTORIES / "openhands"
CASES = SHARED / "cases"

settings.register_profile(
    "trajtui",
    deadline=None,
    derandomize=IN_CI,
    # Tests run in directories of their own; what was found to fail is kept at the root.
    database=None if IN_CI else DirectoryBasedExampleDatabase(ROOT / ".hypothesis" / "examples"),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("trajtui")

_NEEDS = {
    "docker": need_docker,
    "bubblewrap": need_bubblewrap,
    "terminal": need_tmux,
    "browser": need_chromium,
}


_SANDBOX = re.compile(r"docker(?:, from inside)?(?:, plain)?|bubblewrap|local")
_MANY = 50_000
_left_alone = [0]
"""How many objects were left alone when that was last looked at."""
_is_as_left = [False]
"""Whether nobody has left others alone since then: to count them takes as long as the shortest ten tests."""
_LONGEST = 900
"""Seconds that a test of the long suite may take, if it does not say so itself."""


def _told(change: Callable[[], None]) -> Callable[[], None]:
    """The same for whoever calls it, and known here."""

    def told() -> None:
        _is_as_left[-1] = False
        change()

    return told


gc.freeze, gc.unfreeze = _told(gc.freeze), _told(gc.unfreeze)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays as long as the tests: the garbage collector never walks through it.

    That takes half of the time of collecting, and a fifth of that of the tests behind it.
    """
    with lasting():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Each test finds the garbage collector as the screen has it, and nothing of another's screen.

    A replay has garbage looked for seldom, for the rest of the program, and a live session leaves alone all
    that is there. Textual holds what was drawn of a thousand widgets: 5 MB a screen, for a cache of colours.
    """
    drawn = sys.modules.get("textual._styles_cache")
    if drawn is not None:
        drawn.StylesCache.get_inner_outer.cache_clear()
    gc.set_threshold(10_000, 1, 1)
    if not _is_as_left[-1] and abs(gc.get_freeze_count() - _left_alone[-1]) > _MANY:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        _left_alone[-1] = gc.get_freeze_count()
    _is_as_left[-1] = True
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of what is `sampled`, each nth is for each change; the others are `long`.

    In docker they are others than elsewhere. Of what is there for several sandboxes `in_turns`, one is, which
    the name of the test chooses. What is long may take its time, on a machine that is busy too.
    """
    seen: Counter[tuple[str, bool]] = Counter()
    turns: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        sampled = item.get_closest_marker("sampled")
        if sampled is not None:
            test = item.nodeid.partition("[")[0], item.get_closest_marker("docker") is not None
            if (seen[test] + test[1]) % sampled.args[0]:
                item.add_marker(pytest.mark.long)
            seen[test] += 1
        if item.get_closest_marker("in_turns") and not item.get_closest_marker("long"):
            turns[_SANDBOX.sub("*", item.nodeid)].append(item)
    for name, same in turns.items():
        for at, item in enumerate(same):
            if at != zlib.crc32(name.encode()) % len(same):
                item.add_marker(pytest.mark.long)
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_LONGEST))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, need in _NEEDS.items():
        if item.get_closest_marker(marker):
            need()


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names of directories that are not there yet: `mktemp` would look at all that are, for each."""
    place = tmp_path_factory.mktemp("homes")
    return (place / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def user_without_settings(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads the settings, keys or files of whoever runs it; the answer is the empty home.

    No test knows the secrets of another.
    """
    monkeypatch.setattr(masking, "_told", set())
    masking.all_told.cache_clear()
    home = next(homes)
    home.mkdir(0o700)
    for name in list(os.environ):
        if name.startswith(("LLM_", "TRAJTUI_")) and name != "TRAJTUI_TEST_IMAGE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    elsewhere = home / "here"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return home


@pytest.fixture(scope="session")
def recordings() -> dict[str, Path]:
    """Real OpenHands recordings by their file name; they are not part of this repository."""
    found = {path.name: path for path in sorted(RECORDINGS.glob("*.json"))}
    if not found:
        pytest.skip("no recordings: the directory shared/trajectories/openhands is not beside the repository")
    return found


@pytest.fixture
def case(tmp_path: Path) -> Callable[[str], Path]:
    """The recording of a case by its name; cases are not part of this repository."""

    def written(name: str) -> Path:
        path = CASES / name / "case.json"
        if not path.is_file():
            pytest.skip(f"no case {name}: the directory shared/cases is not beside the repository")
        told = json.loads(path.read_bytes())
        if not isinstance(told, dict) or "files" not in told:
            return path
        for file, text in told["files"].items():
            (tmp_path / file).write_text(text, encoding="utf-8")
        return tmp_path / next(iter(told["files"]))

    return written


@pytest.fixture(scope="session")
def cases() -> Path:
    """The directory of recordings of one kind of fault each; they are not part of this repository."""
    if not CASES.is_dir():
        pytest.skip("no cases: the directory shared/cases is not beside the repository")
    return CASES


@pytest.fixture(scope="session")
def docker_image() -> str:
    """The name of the test image, in a Docker engine that answers."""
    return need_docker()
