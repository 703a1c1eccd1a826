"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import pytest

from needs import IMAGE
from terminal import terminal

__all__ = ["terminal"]


@pytest.fixture
def docker_image_if_needed(request: pytest.FixtureRequest) -> list[str]:
    """The options that make the docker sandbox use the test image."""
    return ["--image", IMAGE] if request.node.get_closest_marker("docker") else []
