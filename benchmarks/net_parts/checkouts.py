"""Two checkouts that run the same commands, and where the outcomes differ."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from net_parts.commands import Command, Recording, events_of

DRIVER: Final = Path(__file__).resolve().with_name("driver.py")

RECORDINGS: Final = "recordings"
"""Where the commands find them, below the directory in which they are run."""

Outcome = dict[str, bytes]
"""What came of a command: `exit code`, `standard output`, `standard error`, and each file by its name."""

DEATH: Final = "death of the interpreter"
"""All that came of a command which the interpreter did not survive."""


class Unusable(Exception):
    """A checkout, or an option, with which nothing can be compared; and why."""


class Side:
    """One of the two checkouts, and the interpreter that runs its commands."""

    def __init__(self, checkout: Path, directory: Path, levelled: Sequence[Path], patience: float) -> None:
        self._checkout = checkout
        self._directory = directory
        self._levelled = [str(path).encode() for path in (checkout, *levelled)]
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, command: Command) -> None:
        """Give it a command. Raises `Unusable` where the checkout does not even start."""
        if self._process is None:
            self._process = self._started()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command.job()).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # That it died is the answer.

    def answer(self) -> Outcome:
        """What came of the command. That the interpreter died of it, or did not end, is an outcome too."""
        line, overdue = self._line()
        if not line:
            died = f"no end within {self._patience:g} s" if overdue else self._end()
            self.close()
            return {DEATH: self._level(died.encode())}
        told = json.loads(line)
        written = {name: base64.b64decode(data) for name, data in told["files"].items()}
        return {
            "exit code": told["exit"].encode(),
            "standard output": self._level(base64.b64decode(told["stdout"])),
            "standard error": self._level(base64.b64decode(told["stderr"])),
            **{name: self._level(_timeless(name, data)) for name, data in written.items()},
        }

    def close(self) -> None:
        """End the interpreter; the next command starts another one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _started(self) -> subprocess.Popen[bytes]:
        with (self._directory / "stderr").open("wb") as complaints:
            process = subprocess.Popen(
                [sys.executable, "-P", DRIVER],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints,
                cwd=self._directory, env=self._environment(),
            )  # fmt: skip
        self._process = process
        line, _ = self._line()
        found = json.loads(line)["found"] if line else None
        if found is None or not Path(found).is_relative_to(self._checkout):
            why = self._end() if found is None else f"trajtui was found elsewhere: {found}"
            self.close()
            raise Unusable(f"{self._checkout} is no checkout that runs: {why}")
        return process

    def _environment(self) -> dict[str, str]:
        """Nothing of whoever runs this: a home, a clock and words of its own. No bytecode is left behind."""
        home = self._directory / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": os.pathsep.join(str(self._checkout / part) for part in ("core", "tui")),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "HOME": str(home),
            **{f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "STATE", "CACHE", "DATA")},
            "TMPDIR": str(home),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "COLUMNS": "100",
        }

    def _line(self) -> tuple[bytes, bool]:
        """The next line of the interpreter, none where it ended, and whether it took too long."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        overdue = threading.Event()

        def give_up() -> None:
            overdue.set()
            process.kill()

        timer = threading.Timer(self._patience, give_up)
        timer.start()
        try:
            return process.stdout.readline(), overdue.is_set()
        finally:
            timer.cancel()

    def _end(self) -> str:
        """How the interpreter ended, and its last word."""
        assert self._process is not None
        code = self._process.wait()
        said = (self._directory / "stderr").read_text("utf-8", "backslashreplace").splitlines()
        return f"{said[-1] if said else 'without a word'} ({code})"

    def _level(self, data: bytes) -> bytes:
        for path in self._levelled:
            data = data.replace(path, b"<path>")
        return data


_TIMED: Final = {
    "report.json": re.compile(rb'(?<="seconds": )[-+.\de]+'),
    "junit.xml": re.compile(rb'(?<= time=")[^"]*'),
}


def _timeless(name: str, data: bytes) -> bytes:
    """A file without the durations in it, which are those of the wall clock."""
    pattern = _TIMED.get(name)
    return data if pattern is None else pattern.sub(b"0", data)


@dataclass(frozen=True)
class Difference:
    """What a command came to in the old checkout and in the new one, where that is not the same.

    A command that ended the interpreter of both is one too: nothing was compared.
    """

    command: Command
    old: Outcome
    new: Outcome

    @property
    def parts(self) -> list[str]:
        """The outputs that differ."""
        names = {**self.old, **self.new}
        return [name for name in names if self.old.get(name) != self.new.get(name) or name == DEATH]


@dataclass
class Result:
    """What the net found in one recording."""

    commands: int = 0
    differences: list[Difference] = field(default_factory=list)


class Pair:
    """Both checkouts, which run each command at the same time."""

    def __init__(self, checkouts: Sequence[Path], directory: Path, recordings: Path, patience: float) -> None:
        self._sides = []
        for name, checkout in zip(("old", "new"), checkouts, strict=True):
            (directory / name).mkdir(parents=True)
            (directory / name / RECORDINGS).symlink_to(recordings)
            levelled = (directory / name, recordings.parent)
            self._sides.append(Side(checkout, directory / name, levelled, patience))

    def run(self, command: Command) -> tuple[Outcome, Outcome]:
        """What a command comes to in the old checkout and in the new one."""
        for side in self._sides:
            side.ask(command)
        old, new = (side.answer() for side in self._sides)
        return old, new

    def compare(self, commands: Iterable[Command], result: Result) -> None:
        """Run commands and note where the outcomes differ."""
        for command in commands:
            old, new = self.run(command)
            result.commands += 1
            if old != new or DEATH in old:
                result.differences.append(Difference(command, old, new))

    def read(self, recording: Recording) -> Iterator[Recording]:
        """The recording with its events as the old checkout tells of them; of several rows the first two."""
        shown, _ = self.run(recording.command("show", "show", "--json"))
        yield replace(recording, events=events_of(shown.get("standard output", b"")))
        if recording.row is None and b"--row" in shown.get("standard error", b""):
            for row in ("0", "1"):
                yield from self.read(replace(recording, row=row))

    def close(self) -> None:
        """End both interpreters."""
        for side in self._sides:
            side.close()
