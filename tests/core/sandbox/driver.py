"""A sandbox in a process of its own, so that tests can have one as another user: commands in, answers out.

The first line of standard input is its settings, each other one a command, all as JSON; so are the answers.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from trajcore.events.actions import RunAction, RunArgs
from trajcore.runtimes.openhands.runtime import OpenHandsRuntime
from trajcore.sandbox.base import Limits, Resources, SandboxSettings
from trajcore.sandbox.choose import choose


async def _main() -> None:
    chosen = json.loads(sys.stdin.readline())
    settings = SandboxSettings(
        resources=Resources(**chosen.get("resources", {})),
        workspace=Path(chosen["workspace"]) if "workspace" in chosen else None,
        mount=chosen.get("mount", False),
        limits=Limits(no_change=20.0, hard=60.0),
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


def _say(answer: list[object]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(_main())
