"""What the pages of `docs/` show works, and their tables are those of the code."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from program import ROOT, SAMPLES

API = ROOT / "docs" / "api.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", API.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 5


@pytest.mark.bubblewrap
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_the_api_runs(number: int, tmp_path: Path) -> None:
    for sample in SAMPLES.glob("*.json"):
        shutil.copy(sample, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLES[number]], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_the_tables_are_those_of_the_code(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == _make_tables().with_tables(text), "python docs/make_tables.py writes them anew"


def _make_tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_tables", ROOT / "docs" / "make_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
