"""A sandbox in a process of its own, so that tests can have one as another user: commands in, answers out.

The first line of standard input is its settings, each other one a command, all as JSON; so are the answers.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import sys
from pathlib import Path

from trajcore.events.actions import RunAction, RunArgs
from trajcore.runtimes.openhands.runtime import OpenHandsRuntime
from trajcore.sandbox.base import Limits, Resources, SandboxSettings
from trajcore.sandbox.choose import choose
from trajcore.sandbox.machines.bubblewrap import seccomp

KEYS = {"x86_64": (248, 250), "aarch64": (217, 219)}


async def _main() -> None:
    chosen = json.loads(sys.stdin.readline())
    if "key" in chosen:
        _plant(*chosen["key"])
    if not chosen.get("filtered", True):
        seccomp.obstacle = lambda: "left out by a test"
    settings = SandboxSettings(
        image=chosen["image"],
        resources=Resources(**chosen.get("resources", {})),
        workspace=Path(chosen["workspace"]) if "workspace" in chosen else None,
        mount=chosen.get("mount", False),
        limits=Limits(**{"no_change": 20.0, "hard": 60.0, **chosen.get("limits", {})}),
    )
    sandbox = (await choose(chosen["kind"], settings)).sandbox
    runtime = OpenHandsRuntime()
    try:
        await sandbox.start(lambda _: None)
        _say(["started", 0])
        while line := await asyncio.to_thread(sys.stdin.readline):
            action = RunAction(args=RunArgs(command=json.loads(line)))
            answered = await runtime.carry_out(action, None, sandbox, settings.limits, lambda _: None)
            answer = answered.observation
            assert answer is not None
            _say([answer.content, answer.extras.metadata.exit_code])
    finally:
        await sandbox.close()


def _plant(description: str, secret: str) -> None:
    """Give this program a session keyring with a key in it, as a login does."""
    add_key, keyctl = KEYS[os.uname().machine]
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.syscall(keyctl, 1, None) > 0, "no session keyring"
    key = libc.syscall(add_key, b"user", description.encode(), secret.encode(), len(secret), -3)
    assert key > 0, "no key"
    assert libc.syscall(keyctl, 5, key, 0x3F3F0000) == 0, (
        "no permission"
    )  # to all that has its user's id, too


def _say(answer: list[object]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(_main())
