"""From a fresh clone to the first frame, beside making an environment with the same dependencies by hand.

    python benchmarks/setup.py [--rounds 1] [--strict] [--uv]

Ours is `make demo` in a clone of what is committed here, in a pseudo-terminal, until its first frame is
complete. By hand is `python3 -m venv` and `pip install` of the dependencies that pyproject.toml names, in the
same minutes and with the same cache; with `--uv`, `uv venv` and `uv pip install`. Both are installed once
before, so that what is measured is no download that one had and the other did not; which of the two is first
changes from round to round. Neither has any bytecode. Then `make demo` is started once more, in a network of
its own that leads nowhere where this machine allows that (`unshare`): its first frame comes all the same.

- ours: at most 1.2 times by hand, without a frame. With `--uv` that environment is links to files that uv
  has, made in less time than Python compiles what a first frame needs: there it is at most 1.2 times by hand
  and the first frame of the same program in what was made so.

`--strict` exits with 1 when it is over its limit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Final

from measuring import Row, any_over, show
from terminals import environment, running

ROOT: Final = Path(__file__).parent.parent
FIRST_FRAME: Final = ("Write top_words.sh", "? keys")
OFFLINE: Final = ("unshare", "--net", "--")
PATIENCE: Final = 1800.0


def cloned(directory: Path) -> Path:
    """A fresh clone of what is committed."""
    clone = directory / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    return clone


def demo(clone: Path, variables: dict[str, str], *before: str) -> float:
    """Milliseconds until the first frame of `make demo`. Raises `TimeoutError`."""
    command = (*before, "make", "demo")
    code = f"import os; os.execvp({command[0]!r}, {command!r})"
    with running(("-c", code), variables, str(clone)) as program:
        return (program.wait(FIRST_FRAME, PATIENCE) - program.begun) * 1e3


def by_hand(directory: Path, clone: Path, variables: dict[str, str], *, uv: bool) -> tuple[float, float]:
    """Milliseconds that an environment with the direct dependencies takes, and with the first frame in it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    place, wanted = directory / "by_hand", project["dependencies"]
    begun = time.perf_counter()
    if uv:
        commands = [["uv", "venv", "--quiet", "--python", ">=3.11", place]]
        commands += [["uv", "pip", "install", "--quiet", "--python", place / "bin/python", *wanted]]
    else:
        commands = [["python3", "-m", "venv", place], [place / "bin/pip", "install", "--quiet", *wanted]]
    for command in commands:
        subprocess.run(command, check=True, env=variables, capture_output=True)
    made = (time.perf_counter() - begun) * 1e3
    command = [str(place / "bin/python"), "-m", "trajtui", "sample_trajectories/demo.json"]
    code = f"import os; os.execvp({command[0]!r}, {command!r})"
    found = {**variables, "PYTHONPATH": os.pathsep.join([str(clone / "core"), str(clone / "tui")])}
    with running(("-c", code), found, str(clone)) as program:
        shown = (program.wait(FIRST_FRAME, PATIENCE) - program.begun) * 1e3
    shutil.rmtree(place)
    return made, made + shown


def measured(rounds: int, *, uv: bool) -> list[Row]:
    """Everything; the first round fills the installer's cache and is not counted."""
    peer = Row("uv by hand" if uv else "venv and pip by hand")
    framed = Row(f"{peer.what}, and a first frame")
    ours, again = (
        Row("make demo, fresh clone", framed if uv else peer, 1.2),
        Row("make demo, once more, offline"),
    )
    with environment() as (variables, _), tempfile.TemporaryDirectory() as place:
        # Where packages come from, and what is kept of them, is the user's own in both.
        own = {name: variables[name] for name in ("TERM", "XDG_STATE_HOME", "XDG_DATA_HOME")}
        installing = {**os.environ, **own}
        installing.pop("PYTHONDONTWRITEBYTECODE", None)
        if not uv:
            installing["PATH"] = _without_uv(installing["PATH"])
        clone = cloned(Path(place))
        for number in range(-1, rounds):
            taken = {}
            for row in (ours, peer) if number % 2 else (peer, ours):
                subprocess.run(["git", "clean", "-qfdx"], cwd=clone, check=True)
                if row is ours:
                    taken[row.what] = demo(clone, installing)
                else:
                    taken[row.what], taken[framed.what] = by_hand(Path(place), clone, installing, uv=uv)
            for row in (peer, framed, ours) if number >= 0 else ():
                row.samples.append(taken[row.what])
        if subprocess.run([*OFFLINE, "true"], capture_output=True, check=False).returncode:
            again.fault = "this machine makes no network that leads nowhere"
        else:
            again.samples.append(demo(clone, installing, *OFFLINE))
    return [peer, framed, ours, again]


def _without_uv(path: str) -> str:
    return os.pathsep.join(one for one in path.split(os.pathsep) if not Path(one, "uv").exists())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--strict", action="store_true", help="exit with 1 when it is over its limit")
    parser.add_argument("--uv", action="store_true", help="with uv, which has to be on PATH")
    chosen = parser.parse_args()
    rows = measured(max(1, chosen.rounds), uv=chosen.uv)
    show(rows)
    return int(chosen.strict and any_over(rows))


if __name__ == "__main__":
    sys.exit(main())
