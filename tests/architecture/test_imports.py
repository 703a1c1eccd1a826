"""What is loaded when: the engine knows no screen, and nothing heavy is loaded before it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"textual", "rich", "docker", "litellm", "pydantic", "openai", "mcp", "hypothesis"}


def loaded_by(*modules: str) -> set[str]:
    """The top-level packages in memory after a fresh interpreter has imported `modules`."""
    program = f"import {', '.join(modules)}, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize(
    "module",
    ["trajcore", "trajcore.trajectory", "trajcore.views.timeline", "trajcore.config", "trajcore.session"],
)
def test_the_engine_loads_no_screen_and_nothing_heavy(module: str) -> None:
    assert loaded_by(module) & (HEAVY | {"trajtui"}) == set()


def test_the_command_line_starts_without_anything_heavy() -> None:
    assert loaded_by("trajtui.cli") & HEAVY == set()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["replay", "--help"], ["show", "--help"]], ids=" ".join
)
def test_help_is_had_without_anything_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from trajtui.cli import main\n"
        f"sys.argv = ['trajtui', *{arguments!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print('\\n' + ' '.join(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert loaded & HEAVY == set()
