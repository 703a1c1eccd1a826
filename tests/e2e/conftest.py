"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from needs import IMAGE, need_tmux
from terminal import Terminal


@pytest.fixture
def docker_image_if_needed(request: pytest.FixtureRequest) -> list[str]:
    """The options that make the docker sandbox use the test image."""
    return ["--image", IMAGE] if request.node.get_closest_marker("docker") else []


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    need_tmux()
    environment = {
        **os.environ,
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TEXTUAL_ANIMATIONS": "none",
    }
    terminal = Terminal(tmp_path, environment)
    yield terminal
    terminal.close()
