"""A session that steps, keeps checkpoints, goes back and begins anew until it is killed.

It says when its first world is there. Its arguments are the kind of sandbox, the image and the recording.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory


async def _main(kind: str, image: str, path: Path) -> None:
    world = SandboxSettings(image=image, track_files=True)
    session = Session(Trajectory.open(path), Settings(kind, world, checkpoints=8))
    while True:
        for _ in range(3):
            session.step()
            await session.idle()
            await session.checkpointed()
            print("begun", flush=True)
        session.go_back(session.back_to_step()[0])
        await session.idle()
        session.restart()
        await session.idle()


asyncio.run(_main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
