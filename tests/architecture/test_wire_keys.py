"""How OpenHands writes an event is known to its dialect and its runtime, and to nobody else."""

from __future__ import annotations

import re

from program import ROOT

KEYS = re.compile(r"""["'](args|extras|tool_call_metadata)["']""")
AT_HOME = ("core/trajcore/dialects/", "core/trajcore/runtimes/")


def test_keys_of_a_file_are_spelled_in_dialects_and_runtimes_alone() -> None:
    found = []
    for room in ("core", "tui"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(AT_HOME):
                lines = enumerate(path.read_text().splitlines(), 1)
                found += [f"{name}:{number}" for number, line in lines if KEYS.search(line)]
    assert found == []
