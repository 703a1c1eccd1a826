"""The wheel in an environment of its own is the program: its samples, completion and manual are there."""

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


@pytest.fixture(scope="module", params=["beside", pytest.param("whole", marks=pytest.mark.long)])
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an empty environment with the wheel: what it depends on is borrowed, or installed."""
    place = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", place)
    python = place / "bin" / "python"
    install = (*PIP, "--python", python, "install", "--quiet", "--no-compile")
    if request.param == "whole":
        run(*install, "-c", ROOT / "constraints.txt", wheel)
    else:
        run(*install, "--no-deps", wheel)
        # Of a directory that is named so, what is installed for editing is not seen.
        packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        Path(packages, "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return place / "bin"


def test_it_holds_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    there = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(("trajcore/", "trajtui/"))}
    tracked = run("git", "-C", ROOT, "ls-files", "core/trajcore", "tui/trajtui", "sample_trajectories")
    wanted = {
        name.replace("sample_trajectories/", "trajtui/samples/").removeprefix("core/").removeprefix("tui/")
        for name in tracked.split()
    }
    assert there == wanted


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
