"""Runs the commands of one checkout one after another in one interpreter: a start costs more than a command.

It is started in a directory of its own, with that checkout on PYTHONPATH. Each line on standard input is a
job, each line on standard output its answer, both as JSON; the first answer says where `trajtui` was found.

Frozen, so that two checkouts can write the same bytes: `datetime.now`, `time.perf_counter`, `uuid.uuid4`,
`random`, and `secrets.token_hex`, whose words are counted anew for each job and each length.
`time.monotonic` and `time.time` go on, because waiting ends by them. Nobody waits for the disk (`os.fsync`).
"""

from __future__ import annotations

import base64
import datetime
import io
import json
import os
import random
import secrets
import shutil
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO, Final

SCRATCH: Final = Path("job")
"""Where commands write; every file in it is part of the answer, but for what an earlier command wrote."""

COPY: Final = SCRATCH / "copy"
"""A copy of the recording, for a command that edits in place."""


class _Frozen(datetime.datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> _Frozen:
        moment = cls(2031, 2, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)
        return moment.replace(tzinfo=None) if tz is None else moment.astimezone(tz)

    @classmethod
    def utcnow(cls) -> _Frozen:
        return cls.now()

    @classmethod
    def today(cls) -> _Frozen:
        return cls.now()


class _Words:
    """Words in the place of random ones, numbered apart by length: one more of another length moves none."""

    def __init__(self) -> None:
        self._made: Counter[int] = Counter()

    def restart(self) -> None:
        """Begin again with the first word."""
        self._made.clear()
        random.seed(0)

    def token_hex(self, nbytes: int | None = None) -> str:
        """As `secrets.token_hex`."""
        size = 32 if nbytes is None else nbytes
        self._made[size] += 1
        return f"{self._made[size]:0{2 * size}x}"[-2 * size :]

    def uuid4(self) -> uuid.UUID:
        """As `uuid.uuid4`."""
        return uuid.UUID(hex=self.token_hex(16), version=4)


def freeze() -> _Words:
    """Make time and chance the same in every interpreter; before anything of the product is imported."""
    words = _Words()
    datetime.datetime = _Frozen  # type: ignore[misc]
    time.perf_counter = lambda: 0.0
    os.fsync = lambda fd: None
    secrets.token_hex = words.token_hex
    uuid.uuid4 = words.uuid4
    return words


def channels() -> tuple[BinaryIO, BinaryIO]:
    """Jobs and answers, out of reach of the commands: 0 is empty for these, and 1 is their error output."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return jobs, answers


def copy(source: Path, target: Path) -> None:
    """Copy a file or a directory, but not its permissions: the copy can be written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir(exist_ok=True)
        for entry in source.iterdir():
            copy(entry, target / entry.name)
    else:
        shutil.copyfile(source, target)


def prepare(job: dict[str, Any]) -> None:
    """Empty the scratch directory, unless the job goes on where the one before it ended."""
    if not job["follows"]:
        shutil.rmtree(SCRATCH, ignore_errors=True)
        SCRATCH.mkdir()
    if job["copied"] is not None:
        copy(Path(job["copied"]), COPY)


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a command and tell what came of it: the exit code, what it printed, the files it left."""
    from trajtui.cli import main

    prepare(job)
    before = files() if job["follows"] else {}
    given = b"" if job["stdin"] is None else Path(job["stdin"]).read_bytes()
    printed, complained = io.BytesIO(), io.BytesIO()
    sys.argv = ["trajtui", *job["arguments"]]
    sys.stdin = io.TextIOWrapper(io.BytesIO(given), "utf-8")
    sys.stdout = io.TextIOWrapper(printed, "utf-8")
    sys.stderr = io.TextIOWrapper(complained, "utf-8", "backslashreplace")
    code: object = None
    try:
        main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        outputs = {"stdout": _text(printed.getvalue()), "stderr": _text(complained.getvalue())}
        sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
    written = {name: data for name, data in files().items() if before.get(name) != data}
    return {"exit": str(code or 0), **outputs, "files": written}


def files() -> dict[str, str]:
    """Every file that is in the scratch directory now, by its path in it."""
    found = sorted(path for path in SCRATCH.rglob("*") if path.is_file())
    return {path.relative_to(SCRATCH).as_posix(): _text(path.read_bytes()) for path in found}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def main() -> None:
    """Answer jobs until there are no more."""
    jobs, answers = channels()
    words = freeze()
    import trajtui

    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()

    say({"found": trajtui.__file__})
    for line in jobs:
        words.restart()
        say(run(json.loads(line)))


if __name__ == "__main__":
    main()
