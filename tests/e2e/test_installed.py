"""The wheel in an environment of its own is the program: its samples, completion and manual are there.

With each change it is lent what it depends on. With the long tests that is installed: the versions of
constraints.txt, and by `pipx install .` and `uv tool install .` those that a user is given now.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from needs import IN_CI
from program import ROOT, SAMPLES
from terminal import Terminal

LONG_WAYS = ("whole", "pipx", "uv")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


def run(*command: str | Path, **environment: str) -> str:
    """What a command prints; it has to end well."""
    done = subprocess.run(
        command, cwd="/", capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of these sources. What builds it comes from a registry, or pip's cache."""
    place = tmp_path_factory.mktemp("wheel")
    build = (*PIP, "wheel", "--quiet", "--no-deps", "--wheel-dir", place, ROOT)
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    if done.returncode and "hatchling" in done.stderr and not IN_CI:
        pytest.skip("what builds a wheel cannot be had here")
    assert done.returncode == 0, done.stderr
    (made,) = place.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment with pipx and uv, which come from a registry, or pip's cache."""
    place = tmp_path_factory.mktemp("installers")
    run(sys.executable, "-m", "venv", place)
    install = (place / "bin" / "python", "-m", "pip", "install", "--quiet", "pipx", "uv")
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode and not IN_CI:
        pytest.skip("pipx and uv cannot be had here")
    assert done.returncode == 0, done.stderr
    return place / "bin"


def by_pipx(installers: Path, place: Path) -> Path:
    """The `bin` of the environment that pipx makes, once what it puts before the user is looked at."""
    where = {"PIPX_HOME": place, "PIPX_BIN_DIR": place / "seen", "PIPX_MAN_DIR": place / "man"}
    run(installers / "pipx", "install", ROOT, **{name: str(path) for name, path in where.items()})
    assert "trajtui" in run(place / "seen" / "trajtui", "--version")
    assert (place / "man/man1/trajtui.1").is_file()
    return place / "venvs/trajtui/bin"


def by_uv(installers: Path, place: Path) -> Path:
    """The same of uv, which leaves the page of the manual where it is."""
    where = {"UV_TOOL_DIR": place, "UV_TOOL_BIN_DIR": place / "seen"}
    run(installers / "uv", "tool", "install", ROOT, **{name: str(path) for name, path in where.items()})
    assert "trajtui" in run(place / "seen" / "trajtui", "--version")
    return place / "trajtui/bin"


def by_pip(wheel: Path, place: Path, *, whole: bool) -> Path:
    """The `bin` of an empty environment with the wheel: what it depends on is installed, or borrowed."""
    run(sys.executable, "-m", "venv", "--without-pip", place)
    python = place / "bin" / "python"
    install = (*PIP, "--python", python, "install", "--quiet", "--no-compile")
    if whole:
        run(*install, "-c", ROOT / "constraints.txt", wheel)
    else:
        run(*install, "--no-deps", wheel)
        # Of a directory that is named so, what is installed for editing is not seen.
        packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        Path(packages, "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return place / "bin"


@pytest.fixture(
    scope="module", params=["beside", *(pytest.param(way, marks=pytest.mark.long) for way in LONG_WAYS)]
)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment that it is installed in."""
    place = tmp_path_factory.mktemp("environment")
    if request.param in ("pipx", "uv"):
        by_one = by_pipx if request.param == "pipx" else by_uv
        return by_one(request.getfixturevalue("installers"), place)
    return by_pip(request.getfixturevalue("wheel"), place, whole=request.param == "whole")


def test_it_holds_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    there = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(("trajcore/", "trajtui/"))}
    tracked = run("git", "-C", ROOT, "ls-files", "core/trajcore", "tui/trajtui", "sample_trajectories")
    wanted = {
        name.replace("sample_trajectories/", "trajtui/samples/").removeprefix("core/").removeprefix("tui/")
        for name in tracked.split()
    }
    assert there == wanted


@pytest.mark.long
def test_it_is_the_same_when_it_is_built_of_the_source_distribution(
    wheel: Path, installers: Path, tmp_path: Path
) -> None:
    run(installers / "uv", "build", "--quiet", "--out-dir", tmp_path, ROOT)
    (of_source,) = tmp_path.glob("*.whl")
    assert sorted(zipfile.ZipFile(of_source).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())


def test_it_is_that_of_this_version_and_has_its_own_files(installed: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] in run(installed / "trajtui", "--version")
    assert run(installed / "python", "-m", "trajtui", "--version") == run(installed / "trajtui", "--version")
    for package in ("trajcore", "trajtui"):
        place = run(installed / "python", "-c", f"import {package}; print({package}.__file__)")
        assert place.startswith(str(installed.parent))


def test_it_completes_and_has_its_page_in_the_manual(installed: Path) -> None:
    assert "trajtui" in run(installed / "trajtui", "completion", "bash")
    assert (installed.parent / "share/man/man1/trajtui.1").is_file()


def test_its_samples_are_shown_and_replayed(installed: Path) -> None:
    (samples,) = installed.parent.glob("lib/*/site-packages/trajtui/samples")
    assert {path.name for path in samples.glob("*.json")} == {path.name for path in SAMPLES.glob("*.json")}
    for sample in samples.glob("*.json"):
        assert run(installed / "trajtui", "show", sample)
    replayed = run(installed / "trajtui", "replay", samples / "demo.json", "--sandbox", "recorded")
    assert replayed.splitlines()[-1].startswith("7 steps")


@pytest.mark.terminal
def test_its_start_screen_offers_the_samples(installed: Path, terminal: Terminal) -> None:
    terminal.start(program=[str(installed / "trajtui")])
    terminal.wait("demo.json")
    terminal.press("C-c")
