"""What CONTRIBUTING.md and SECURITY.md name is there."""

from __future__ import annotations

import re
import tomllib

import pytest

from program import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\|(.*)\|$", TEXT, re.MULTILINE)
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]*(?:\.py)?)`", TEXT + SECURITY)))
HOMES = ("core/trajcore", "tui/trajtui")


def section(title: str) -> str:
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_it_names_tests() -> None:
    assert len(TESTS) > 30


@pytest.mark.parametrize("name", TESTS)
def test_a_test_that_it_names_is_there(name: str) -> None:
    path = ROOT / name
    assert path.is_file() or any(path.rglob("*.py"))


def test_the_rooms_are_those_of_the_tree() -> None:
    lines = section("The rooms").partition("```\n")[2].partition("```")[0].splitlines()
    homes = {"core/trajcore/": set[str](), "tui/trajtui/": set[str]()}
    at, parent = "", ""
    for line in lines:
        if not line.startswith(" "):
            at = parent = line.split()[0]
        elif found := re.match(r"( {2}| {4})(\w[\w./, ]*?) {2,}| {2}(\w[\w./, ]*?) {2,}", line):
            names = (found[2] or found[3]).split(", ")
            above = at if found[1] == "  " else parent
            for name in names:
                assert (ROOT / above / name).exists(), line
            if found[1] == "  ":
                parent = f"{at}{names[0]}"
                homes.get(at, set()).update(names)
    rooms = {
        f"{path.name}/" for path in (ROOT / "core/trajcore").iterdir() if (path / "__init__.py").exists()
    }
    assert rooms <= homes["core/trajcore/"]


def test_the_files_of_the_ten_changes_are_there_and_are_four_at_most() -> None:
    rows = [
        row.split("|")
        for row in section("Ten changes, and the files they take").splitlines()
        if row[:2] == "| "
    ]
    assert len(rows) == 12
    for row in rows[2:]:
        named = [name for name in re.findall(r"`([\w/.]+\.py|[\w/]+/)`", row[3]) if "NAME" not in name]
        assert 1 <= len(named) <= 4
        for name in named:
            assert any((ROOT / home / name).exists() or any((ROOT / home).rglob(name)) for home in HOMES), (
                name
            )


def test_each_dependency_is_explained_and_each_that_is_explained_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    rows = [row.split("|")[1] for row in section("Dependencies").splitlines() if row[:2] == "| "][2:]
    explained = {name.partition(" ")[0] for row in rows for name in row.strip().split(", ")}
    assert explained == {re.split(r"[<>=; ]", name)[0] for name in wanted}
