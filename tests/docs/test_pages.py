"""What the pages of `docs/` show works, and their tables are those of the code."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from program import ROOT, SAMPLES, trajtui
from trajtui.cli import commands

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def file_of(block: str) -> str | None:
    """The file that a block is, as its first line says."""
    found = re.match(r"# (\S+\.(?:py|toml))\n", block)
    return found[1] if found else None


API = blocks("api.md", "python")
EXTENDING = [block for block in blocks("extending.md", "python") if file_of(block) is None]


def run_block(block: str, directory: Path, *path: Path) -> None:
    """Run it in a directory, as it stands: it does not fail, and complains of nothing."""
    done = subprocess.run(
        [sys.executable, "-c", block],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_there_are_examples() -> None:
    assert len(API) > 5
    assert len(EXTENDING) > 1


@pytest.mark.bubblewrap
@pytest.mark.parametrize("number", range(len(API)))
@pytest.mark.sampled(2)
def test_an_example_of_the_api_runs(number: int, tmp_path: Path) -> None:
    for sample in SAMPLES.glob("*.json"):
        shutil.copy(sample, tmp_path)
    run_block(API[number], tmp_path)


# The package of docs/extending.md


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files where the page says, and one that is opened."""
    root = tmp_path_factory.mktemp("package")
    (root / "heron").mkdir()
    (root / "heron" / "__init__.py").touch()
    for block in (*blocks("extending.md", "python"), *blocks("extending.md", "toml")):
        if name := file_of(block):
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(block, encoding="utf-8")
    (tape,) = blocks("extending.md", "json")
    (root / "birds.tape").write_text(f"#tape 1\n{tape}", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of packages in which it is installed."""
    root = tmp_path_factory.mktemp("installed")
    shutil.copytree(package / "heron", root / "heron")
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"], project["version"]
    points = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in named.items())
        for group, named in project["entry-points"].items()
    ]
    info = root / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text("\n".join(points))
    return root


@pytest.mark.parametrize("number", range(len(EXTENDING)))
def test_an_example_of_extending_runs(number: int, package: Path) -> None:
    run_block(EXTENDING[number], package, package)


def test_the_package_keeps_to_the_laws(package: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"],
        cwd=package,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(package), str(ROOT / "tests")])},
    )
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


def test_the_package_installed_is_found_by_its_names(package: Path, installed: Path, tmp_path: Path) -> None:
    tape = package / "birds.tape"
    original = tape.read_bytes()

    def ran(*arguments: str | Path, code: int = 0) -> str:
        done = trajtui(*arguments, directory=tmp_path, PYTHONPATH=str(installed))
        assert done.returncode == code, done.stderr
        return done.stdout

    shown = [json.loads(line) for line in ran("show", tape, "--json").splitlines()]
    assert [event["kind"] for event in shown] == ["message", "run", "run", "finish"]
    assert "ok  shed" in ran("doctor")
    replayed = ran("replay", tape, "--sandbox", "shed", "--strict", "--save", "run.tape")
    assert "1 step: 1 equal" in replayed
    assert (tmp_path / "run.tape").read_bytes() == original
    ran("edit", tape, "-o", "edited.tape", "--set", 'c1:args.command="ls"')
    assert (tmp_path / "edited.tape").read_bytes() == original.replace(b"echo birds > f; ls", b"ls")


def test_the_front_end_shows_what_a_session_tells(package: Path, installed: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "heron.watch", "birds.tape", "shed"],
        cwd=package,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    told = [json.loads(line)["notice"] for line in lines if line.startswith("{")]
    assert {"SandboxChosen", "StepDone", "StateChanged"} <= set(told)
    assert "exit 0" in next(line for line in lines if line.startswith("=   #1 run"))
    assert lines[-1] == "REPLAY FINISHED 1/1"


# The tables


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_are_those_of_the_code(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == _make_tables().with_tables(text), "`make reference` writes them anew"


def test_every_table_stands_on_a_page() -> None:
    written = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for name in _make_tables().TABLES:
        assert f"<!-- {name} -->" in written


def test_every_option_of_every_command_is_on_the_reference_page() -> None:
    page = (DOCS / "reference.md").read_text(encoding="utf-8")

    def missing(group: click.Group, path: str) -> Iterator[str]:
        for name, command in group.commands.items():
            for option in command.params:
                rows = rf"^\| (?:`{path}{name}` \| )?`[^`]*(?<![\w-]){option.opts[-1]}\b.*\|"
                if (
                    isinstance(option, click.Option)
                    and not option.hidden
                    and not re.search(rows, page, re.MULTILINE)
                ):
                    yield f"{path}{name} {option.opts[-1]}"
            if isinstance(command, click.Group):
                yield from missing(command, f"{path}{name} ")

    assert list(missing(commands(), "")) == []


def test_a_value_of_which_nothing_is_said_is_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "colours.py").write_text(
        'from enum import Enum\n\nclass Said(Enum):\n    RED = 1\n    """Warm\n    and so on."""\n'
        'class Unsaid(Enum):\n    RED = 1\n    BLUE = 2\n    """Cold."""\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    colours = importlib.import_module("colours")
    assert _make_tables().members(colours.Said) == [("`1`", "Warm and so on.")]
    with pytest.raises(KeyError, match="RED"):
        _make_tables().members(colours.Unsaid)


def _make_tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_tables", DOCS / "make_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
