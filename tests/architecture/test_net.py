"""The net of large changes holds: two checkouts that are the same are equal, and another one is found out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from program import ROOT

SAMPLE = ("--recordings", "--match", "sample_trajectories/demo", "--sample", "1")
PLANTED = """
import click
_echo = click.echo
click.echo = lambda message="", **options: _echo(str(message).replace("finish", "planted"), **options)
"""


def cast(old: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Compare a checkout with this one over one sample."""
    program = ROOT / "benchmarks" / "net.py"
    command = [sys.executable, program, old, *SAMPLE, *options]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=False)


def test_a_checkout_is_equal_to_itself() -> None:
    done = cast(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all are equal" in done.stdout


def test_a_planted_difference_is_found_unless_it_is_expected(tmp_path: Path) -> None:
    old, expected = tmp_path / "old", tmp_path / "expected"
    for part in ("core", "tui"):
        shutil.copytree(ROOT / part, old / part, ignore=shutil.ignore_patterns("__pycache__"))
    with (old / "tui" / "trajtui" / "__init__.py").open("a") as file:
        file.write(PLANTED)
    done = cast(old, "--only", "show", "--only", "save")
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "trajtui show recordings/sample_trajectories/demo.json" in lines
    assert any(line.strip().startswith("-") and "planted" in line for line in lines)
    assert any(line.strip().startswith("+") and "finish" in line for line in lines)
    expected.write_text("# wanted\ntrajtui show .*demo\n^nothing$\n")
    done = cast(old, "--only", "show", "--expect", str(expected))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "differ as expected" in done.stdout
    assert "nothing differs: ^nothing$" in done.stdout


def test_what_is_no_checkout_is_told() -> None:
    done = cast(ROOT / "docs")
    assert done.returncode == 2
    assert done.stderr.startswith("net: ")
