"""The program as a process of its own: what a script that calls it sees."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_trajectories"
PROGRAM = Path(sys.executable).with_name("trajtui")


def trajtui(
    *arguments: str | Path,
    stdin: str | bytes = b"",
    directory: Path | None = None,
    seconds: float = 120,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run `trajtui` to its end; its output is text, undecodable bytes stand as surrogates."""
    return subprocess.run(
        [PROGRAM, *arguments],
        input=stdin if isinstance(stdin, str) else stdin.decode("utf-8", "surrogateescape"),
        capture_output=True, encoding="utf-8", errors="surrogateescape", timeout=seconds, check=False,
        cwd=directory, env={**os.environ, **environment},
    )  # fmt: skip


def start(
    *arguments: str | Path, program: Sequence[str | Path] = (PROGRAM,), **environment: str
) -> subprocess.Popen[str]:
    """Start `trajtui` and leave it running, standard output and error readable."""
    return subprocess.Popen(
        [*program, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip


def on_terminal(
    *arguments: str | Path,
    directory: Path | None = None,
    program: Sequence[str | Path] = (PROGRAM,),
    **environment: str,
) -> tuple[int, bytes]:
    """The exit code, and all that reached the terminal that standard output and error are."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [*program, *arguments], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd=directory,
        env={**os.environ, "COLUMNS": "200", **environment},
    )  # fmt: skip
    os.close(theirs)
    received = bytearray()
    try:
        while piece := os.read(ours, 1 << 16):
            received += piece
    except OSError:  # as Linux tells that nobody writes any more
        pass
    finally:
        os.close(ours)
    return running.wait(60), bytes(received)


def write(path: Path, events: Any) -> Path:
    """A file that holds `events` as JSON."""
    path.write_text(json.dumps(events, indent=4), encoding="utf-8")
    return path


def finish(id: int, text: str = "done") -> dict[str, Any]:
    """The agent's `finish`."""
    return {"id": id, "source": "agent", "action": "finish", "args": {"final_thought": text}}


def say(id: int, text: str, *, wait: bool = False) -> dict[str, Any]:
    """A message of the agent."""
    args = {"content": text, "image_urls": None, "wait_for_response": wait}
    return {"id": id, "source": "agent", "message": text, "action": "message", "args": args}
