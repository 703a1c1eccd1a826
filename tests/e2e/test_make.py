"""What `make` installs and when, with pip and with uv; the installers only say what they were asked for.

That what they install works is what every other test shows; benchmarks/setup.py does it all for real.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from program import ROOT

PYTHON = """#!/bin/bash
case "$*" in
  *"-m venv"*)
    mkdir -p .venv/bin && cp "$0" .venv/bin/python
    printf '#!/bin/bash\\necho opened "$@"\\n' >.venv/bin/trajtui && chmod +x .venv/bin/trajtui ;;
  *"[:2]"*) echo {version} ;;
  *"-m pip"*install*) echo "$*" >>asked; [ ! -e breaks ] ;;
  *compileall*) ;;
  *"sys.exit(1)"*) exit 1 ;;
  *"import sys; import pip"*) [ ! -e half ] ;;
esac
"""
UV = """#!/bin/bash
case "$1" in
  venv) "$(dirname "$0")/{python}" -m venv --clear .venv ;;
  pip) echo "$*" >>asked; [ ! -e breaks ] ;;
esac
"""


class Checkout:
    """A directory with what `make` reads, and a PATH of its own."""

    def __init__(self, place: Path, *, uv: bool) -> None:
        self.place = place
        (place / "bin").mkdir()
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, place)
        self.program("python3", PYTHON.format(version="3 11"))
        self.program("python3.12", PYTHON.format(version="3 12"))
        if uv:
            self.program("uv", UV.format(python="python3"))

    def program(self, name: str, text: str) -> None:
        """Put a program on PATH."""
        (self.place / "bin" / name).write_text(text)
        (self.place / "bin" / name).chmod(0o755)

    def make(self, *words: str, terminal: int | None = None) -> tuple[list[str], int, str]:
        """What the installers were asked for, the exit code, and what was printed."""
        asked = self.place / "asked"
        asked.unlink(missing_ok=True)
        unsaid = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PYTHON", "MAKEFLAGS", "MAKELEVEL")
        }
        done = subprocess.run(
            ["make", *words], cwd=self.place, env={**unsaid, "PATH": f"{self.place}/bin:/usr/bin:/bin"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=terminal or subprocess.STDOUT, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        return asked.read_text().splitlines() if asked.exists() else [], done.returncode, done.stdout


@pytest.fixture(params=["pip", "uv"])
def checkout(request: pytest.FixtureRequest, tmp_path: Path) -> Checkout:
    return Checkout(tmp_path, uv=request.param == "uv")


def test_a_demo_installs_the_program_alone_opens_and_installs_nothing_the_next_time(
    checkout: Checkout,
) -> None:
    asked, code, said = checkout.make("demo")
    assert code == 0
    assert said.splitlines()[-1] == "opened sample_trajectories/demo.json"
    assert len(asked) == 1
    assert asked[0].endswith("-c constraints.txt -r .venv/needed.txt")
    asked, _, said = checkout.make("demo")
    assert (asked, said) == ([], "opened sample_trajectories/demo.json\n")


def test_what_was_installed_runs_from_where_it_is(tmp_path: Path) -> None:
    place = tmp_path / "a place" / ("of a long name" * 10)
    place.mkdir(parents=True)
    checkout = Checkout(place, uv=True)
    for name in ("core", "tui"):
        (place / name).symlink_to(ROOT / name)
    libraries = sysconfig.get_path("purelib")
    checkout.program(
        "uv",
        f"""#!/bin/bash
case "$1" in
  venv) '{sys.executable}' -m venv --without-pip .venv ;;
  pip) echo "$*" >>asked; echo '{libraries}' >"$(echo .venv/lib/*/site-packages)/theirs.pth" ;;
esac
""",
    )
    asked, code, said = checkout.make(".venv/.ready")
    assert (len(asked), code) == (1, 0), said
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert (place / ".venv/needed.txt").read_text().splitlines() == needed
    (tmp_path / "linked").symlink_to(place / ".venv/bin/trajtui")
    asking = "import trajtui; print(trajtui.__file__)"
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    for command, printed in (
        ([tmp_path / "linked", "--version"], "trajtui, version"),
        ([place / ".venv/bin/python", "-c", asking], str(place / "tui")),
    ):
        done = subprocess.run(
            command, cwd="/", env=own, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.stdout.startswith(printed), done.stderr


def test_what_the_tests_need_comes_on_top(checkout: Checkout) -> None:
    checkout.make("demo")
    asked, code, _ = checkout.make("setup")
    assert code == 0
    assert asked[-1].endswith("-e . --group dev")
    assert checkout.make("setup")[0] == []


def test_an_installation_that_was_interrupted_is_completed(checkout: Checkout) -> None:
    (checkout.place / "breaks").touch()
    asked, code, said = checkout.make("demo")
    assert code != 0
    assert "opened" not in said
    (checkout.place / "breaks").unlink()
    again, code, said = checkout.make("demo")
    assert (again, code) == (asked, 0)
    assert "opened" in said


def test_an_environment_that_is_not_whole_is_made_anew(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, uv=False)
    checkout.make("demo")
    (tmp_path / "half").touch()  # pip is not there: what made the environment was interrupted
    (tmp_path / ".venv" / ".ready").unlink()
    (tmp_path / ".venv/bin/python").write_text((tmp_path / "bin/python3").read_text() + "# of earlier\n")
    assert "opened" in checkout.make("demo")[2]
    assert (tmp_path / ".venv/bin/python").read_text() == (tmp_path / "bin/python3").read_text()


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_what_changed_is_installed_again(checkout: Checkout, name: str) -> None:
    checkout.make("setup")
    newer = (checkout.place / ".venv" / ".ready-dev").stat().st_mtime + 2
    os.utime(checkout.place / name, (newer, newer))
    assert [line.endswith("needed.txt") for line in checkout.make("demo")[0]] == [True]


def test_a_named_python_has_the_environment_made_anew_once(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, uv=False)
    checkout.make("demo")
    asked, code, _ = checkout.make("demo", "PYTHON=python3.12")
    assert (len(asked), code) == (1, 0)
    assert (tmp_path / ".venv/bin/python").read_text() == (tmp_path / "bin/python3.12").read_text()
    assert checkout.make("demo", "PYTHON=python3.12")[0] == []
    assert checkout.make("demo")[0] == []


def test_a_newer_python_is_found_beside_one_that_is_too_old(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, uv=False)
    for name in ("python3", "python3.13", "python3.11"):
        checkout.program(name, "#!/bin/bash\nexit 1\n")
    assert checkout.make("demo")[1] == 0
    assert (tmp_path / ".venv/bin/python").read_text() == (tmp_path / "bin/python3.12").read_text()


def test_without_one_that_is_new_enough_it_says_so_and_leaves_what_is_there(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, uv=False)
    checkout.make("demo")
    checkout.program("python9", "#!/bin/bash\nexit 1\n")
    asked, code, said = checkout.make("demo", "PYTHON=python9")
    assert (asked, code) == ([], 2)
    assert "Python 3.11 or newer is needed" in said
    assert checkout.make("demo")[0] == []


def test_the_installer_is_quiet_where_nobody_looks_and_not_on_a_terminal(checkout: Checkout) -> None:
    assert "--quiet" in checkout.make("demo")[0][0]
    shutil.rmtree(checkout.place / ".venv")
    ours, theirs = pty.openpty()
    try:
        assert "--quiet" not in checkout.make("demo", terminal=theirs)[0][0]
    finally:
        os.close(ours)
        os.close(theirs)
