"""A recording of two messages, and an edit of it, for tests of saving."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from documents import message
from trajcore.trajectory import Trajectory

DATA = json.dumps([message(0), message(1)], indent=2).encode() + b"\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "recording.json"
    path.write_bytes(DATA)
    return path


def edited(path: Path) -> Trajectory:
    trajectory = Trajectory.open(path)
    trajectory.set_value(0, ("message",), "edited")
    return trajectory
