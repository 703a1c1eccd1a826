"""Replays of what OpenHands V1's own programs recorded, each with the files that it began with.

They are not part of this repository, and the tests are skipped where they are absent.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from needs import IMAGE
from recordings import V1
from trajcore import replay

DIFFERING = {"delegate": 3, "secrets": 2}
"""Steps that come out otherwise: of programs that run at once (`ls | tee`), of a secret that nobody has."""
HINDERED = {
    "confirm": 2, "errors": 3, "hooks": 1, "interrupt": 1, "mcp": 3, "parallel": 3, "terminal_subprocess": 1,
    "terminal_tmux": 1,
}  # fmt: skip
"""Steps that are not carried out: refused, blocked, never parsed, interrupted, unanswered, or of a server."""
UNTRIED = ("agent_server", "app_export", "benchmarks", "public_")
"""Not conversations on disk, or made in a world that is not told."""


def conversations() -> list[Path]:
    found = sorted(V1.glob("*/" + "[0-9a-f]" * 32))
    return [path for path in found if not path.parent.name.startswith(UNTRIED)]


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    "sandbox",
    [
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
    ],
)
@pytest.mark.parametrize("path", conversations(), ids=lambda path: f"{path.parent.name}-{path.name[:4]}")
def test_each_step_comes_out_as_it_was_recorded(path: Path, sandbox: str) -> None:
    name, files = path.parent.name, path.parent / "workspace"
    own = {"workspace": files} if files.is_dir() else {}
    report = replay(path, sandbox=sandbox, image=IMAGE, **own)
    told = report.counts
    assert told["diverged"] <= DIFFERING.get(name, 0), report.summary
    assert told["recorded"] + told["skipped"] == HINDERED.get(name, 0), report.summary
