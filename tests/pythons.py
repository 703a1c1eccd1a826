"""Run tests on the other supported Pythons that are found on this machine, each in an environment of its own.

`pythons.py` runs the tests that need no docker, no bubblewrap, no tmux and no browser, and the sample;
`pythons.py --sample` only that: a replay and a session on the screen, in docker and in bubblewrap.
Environments are made once, in `.venvs`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = "tests/e2e/test_pythons.py"
AHEAD = ("3.14",)
"""Pythons that are checked where they are found, before they are named as supported."""
WHOLE = "not docker and not bubblewrap and not terminal and not browser and not long"
"""What happens in a sandbox is the same whatever Python asks for it, and takes as long as all else. How one
is spoken with is also seen on the bare host, which needs nothing, and in the sample."""

_CLASSIFIER = "Programming Language :: Python :: "
_MADE_FROM = ("pyproject.toml", "constraints.txt")


class Failed(Exception):
    """A command that failed; its text is what the command wrote."""


@dataclass(frozen=True)
class Other:
    """A Python that these tests are not run with."""

    version: str
    interpreter: str

    @property
    def directory(self) -> Path:
        """Its environment."""
        return ROOT / ".venvs" / self.version

    @property
    def python(self) -> str:
        """The interpreter of its environment."""
        return str(self.directory / "bin" / "python")

    def prepare(self) -> None:
        """Make the environment, unless it is there and newer than what it is made from. Raises `Failed`."""
        stamp = self.directory / ".ready"
        made_from = max((ROOT / name).stat().st_mtime for name in _MADE_FROM)
        if stamp.is_file() and stamp.stat().st_mtime > made_from and _version(self.python) == self.version:
            return
        shutil.rmtree(self.directory, ignore_errors=True)
        _run([self.interpreter, "-m", "venv", "--without-pip", str(self.directory)])
        _run([*_installer(self.python), "-c", "constraints.txt", "-e", ".", "--group", "dev"])
        stamp.touch()

    def pytest(self, *arguments: str) -> list[str]:
        """The command that runs tests."""
        return [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]


def supported() -> list[str]:
    """The versions that are named in pyproject.toml, and those that are next."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    classified = (name.partition(_CLASSIFIER) for name in project["classifiers"])
    named = [version for _, found, version in classified if found]
    return [*named, *(version for version in AHEAD if version not in named)]


def others() -> list[Other]:
    """Every other supported Python; says which are not found."""
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = []
    for version in supported():
        if version == mine:
            continue
        interpreter = next((path for path in _candidates(version) if _version(path) == version), None)
        if interpreter is None:
            print(f"Python {version}: not found, not checked", flush=True)
        else:
            found.append(Other(version, interpreter))
    return found


def _candidates(version: str) -> Iterator[str]:
    """Where an interpreter may be. One of pyenv's shims is there also for a version that is not chosen."""
    if on_path := shutil.which(f"python{version}"):
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    uv = Path.home() / ".local" / "share" / "uv" / "python"
    for directory, pattern in ((pyenv, f"{version}.*[0-9]"), (uv, f"cpython-{version}.*")):
        yield from map(str, sorted(directory.glob(f"{pattern}/bin/python{version}"), reverse=True))


def _version(interpreter: str) -> str | None:
    """The version of an interpreter that can make environments; None where it does not run."""
    code = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        asked = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return asked.stdout.strip() or None


def _installer(python: str) -> list[str]:
    """The command that installs into the environment of `python`, as `make setup` chooses it."""
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    return [*pip, "install", "--quiet"]


def _run(command: list[str]) -> str:
    """What a command wrote. Raises `Failed`."""
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise Failed(done.stdout)
    return done.stdout


def sample(other: Other) -> str:
    """Run the sample; the answer is what pytest wrote. Raises `Failed`."""
    other.prepare()
    return _run(other.pytest(SAMPLE))


def whole(other: Other, jobs: str) -> bool:
    """Run all that is to be run on another Python, its output as it comes. False when a test failed."""
    other.prepare()
    most = other.pytest("-n", jobs, "--dist", "loadfile", "-m", WHOLE)
    # What this machine lacks for a second Python (another user cannot run it) is skipped also in CI.
    failed = subprocess.call(most, cwd=ROOT, env={**os.environ, "CI": ""})
    return not (subprocess.call(other.pytest(SAMPLE), cwd=ROOT) or failed)


def _sampled(found: list[Other]) -> bool:
    """The samples of all side by side: most of each is waiting."""
    fine = True
    with ThreadPoolExecutor(max(1, len(found))) as pool:
        running = [(other, pool.submit(sample, other)) for other in found]
        for other, future in running:
            try:
                print(f"Python {other.version}: {future.result().strip().splitlines()[-1]}", flush=True)
            except Failed as failure:
                print(f"Python {other.version}: failed\n{failure}", flush=True)
                fine = False
    return fine


def _all_run(found: list[Other], jobs: str) -> bool:
    fine = True
    for other in found:
        print(f"Python {other.version} ({other.interpreter})", flush=True)
        try:
            fine &= whole(other, jobs)
        except Failed as failure:
            print(f"Python {other.version}: failed\n{failure}", flush=True)
            fine = False
    return fine


def main() -> int:
    """Run, and say how it went; 1 when anything failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", action="store_true", help="only a replay and a session on the screen")
    parser.add_argument("--jobs", default="2", help="how many tests at a time")
    chosen = parser.parse_args()
    found = others()
    return int(not (_sampled(found) if chosen.sample else _all_run(found, chosen.jobs)))


if __name__ == "__main__":
    sys.exit(main())
