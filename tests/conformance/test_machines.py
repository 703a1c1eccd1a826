"""Our own sandboxes, and one of another package, keep to the laws that every sandbox keeps to."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Set
from pathlib import Path

import pytest

from conformance.machine import SandboxLaws
from needs import IMAGE
from toymachine import PREFIX, TOY
from trajcore.sandbox.base import Sandbox, SandboxSettings
from trajcore.sandbox.machines.host.processes import running, session_of
from trajcore.sandbox.registry import sandbox_kind
from trajcore.sandbox.shellsandbox import ShellSandbox


def machine(sandbox: Sandbox):
    assert isinstance(sandbox, ShellSandbox)
    return sandbox.machine


@pytest.mark.docker
class TestDocker(SandboxLaws):
    kind = sandbox_kind("docker")
    settings = SandboxSettings(image=IMAGE)

    async def lose(self, sandbox: Sandbox) -> None:
        identity = machine(sandbox)._container.id
        subprocess.run(["docker", "kill", identity], check=True, capture_output=True)


@pytest.mark.bubblewrap
class TestBubblewrap(SandboxLaws):
    kind = sandbox_kind("bubblewrap")

    async def lose(self, sandbox: Sandbox) -> None:
        os.kill(machine(sandbox)._entered.pid, signal.SIGKILL)


class TestLocal(SandboxLaws):
    kind = sandbox_kind("local")

    async def lose(self, sandbox: Sandbox) -> None:
        leader = machine(sandbox)._entered.pid
        for pid in [pid for pid in running() if session_of(pid) == leader]:  # its shell may live on alone
            os.kill(pid, signal.SIGKILL)


class TestToy(SandboxLaws):
    kind = TOY

    async def lose(self, sandbox: Sandbox) -> None:
        toy = machine(sandbox)
        await toy.break_it()
        shutil.rmtree(toy.directory)

    def traces(self) -> Set[str]:
        return {path.name for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*")}
