"""The walls of the house: who may know how an agent spells an event, and what `import trajcore` loads."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from program import ROOT
from trajcore.dialects import canonical

SPELLED = {canonical.ARGUMENTS, canonical.DETAILS, canonical.CALL}
AT_HOME = ("core/trajcore/dialects/", "core/trajcore/runtimes/")


def files() -> list[str]:
    found = (path.relative_to(ROOT) for top in ("core", "tui") for path in (ROOT / top).rglob("*.py"))
    return sorted(str(path) for path in found)


def texts(name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("name", [name for name in files() if not name.startswith(AT_HOME)])
def test_no_key_of_an_event_is_spelled_outside_dialects_and_runtimes(name: str) -> None:
    assert not [text for text in texts(name) if text.partition(".")[0] in SPELLED and " " not in text]


def test_there_is_a_wall_to_look_behind() -> None:
    inside = {text for name in files() if name.startswith(AT_HOME) for text in texts(name)}
    assert inside >= SPELLED


def test_importing_the_engine_loads_nothing_of_it() -> None:
    program = "import json, sys, trajcore; print(json.dumps([m for m in sys.modules if 'traj' in m]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout) == ["trajcore"], done.stderr


@pytest.mark.parametrize("name", [name for name in files() if "/kernel/" not in name])
def test_whether_a_file_is_there_is_asked_of_os_path(name: str) -> None:
    """Before Python 3.14 a `Path` raises `PermissionError` where a directory above is closed to the user."""
    asked = [
        node.lineno
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and not node.args and not node.keywords
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("exists", "is_dir", "is_file")
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id in ("entry", "info"))
    ]
    assert not asked
