"""Two texts that are the same but for what varies, or are not: recorded and written ones, in one shape.

A line of `varying.txt` and `differing.txt` is a pair as programs write it, with ` | ` between its texts.
Where it begins with `$ COMMAND :: `, that is what was carried out.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast

from trajcore.events.base import Observation
from trajcore.events.parse import parse
from trajcore.replay.compare import Circumstances, compare
from trajcore.replay.varying import MAKES_COMMITS
from trajcore.replay.verdict import Comparison
from trajcore.runtimes.openhands.screen import shown

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Pair:
    """What was recorded and what came back, and whether they may pass for the same."""

    name: str
    recorded: Observation
    actual: Observation
    same: bool
    program: str = ""
    committed: bool = False

    @cached_property
    def comparison(self) -> Comparison:
        return compare(self.recorded, self.actual, circumstances=Circumstances(lambda given: self.committed))

    @property
    def passes(self) -> bool:
        return not self.comparison.diverged


def command_pairs() -> Iterator[Pair]:
    """Commands that did the same twice: a terminal's picture, and what our own shows of the raw bytes."""
    text = gzip.decompress((_HERE / "command_pairs.json.gz").read_bytes()).decode("utf-8", "surrogateescape")
    committed = False
    for told in json.loads(text):
        command, recorded, actual = told["command"], told["recorded"], told["actual"]
        committed = committed or MAKES_COMMITS.search(command.encode()) is not None
        raw = actual["output"].encode("utf-8", "surrogateescape")
        yield Pair(
            command,
            _ran(command, recorded["output"], recorded, "recorder"),
            _ran(command, shown(raw), actual, "sandbox"),
            same=True,
            program=command.split()[0],
            committed=committed,
        )


def written_pairs() -> Iterator[Pair]:
    """Each both ways round."""
    for same, file in ((True, "varying.txt"), (False, "differing.txt")):
        for line in (_HERE / file).read_text(encoding="utf-8").splitlines():
            asked = line.startswith("$ ")
            command, _, texts = line[2:].partition(" :: ") if asked else ("x", "", line)
            one, _, other = texts.partition(" | ")
            for before, after in ((one, other), (other, one)):
                ran = (_ran(command, text) for text in (before, after))
                yield Pair(f"{command} :: {before} | {after}", *ran, same)


def _ran(command: str, output: str, told: dict[str, Any] | None = None, host: str = "h") -> Observation:
    told = told or {"exit_code": 0, "directory": "/workspace"}
    metadata = {
        "exit_code": told["exit_code"],
        "working_dir": told["directory"],
        "hostname": host,
        "username": "root",
    }
    event = {"observation": "run", "content": output, "extras": {"command": command, "metadata": metadata}}
    return cast("Observation", parse(event).event)
