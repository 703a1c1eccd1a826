"""Takes the picture of the README from the program itself: `python docs/make_screenshot.py`.

It steps the demo recording in bubblewrap, so it needs a machine where that works.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from pathlib import Path

from textual.app import App

from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajtui.app import TrajApp

ROOT = Path(__file__).resolve().parent.parent
KEYS = ("s", "s", "s", "s", "s", "s", "j", "j", "b", "k", "k", "4")


async def picture(recording: Path) -> str:
    """The screen after a few keys, as SVG."""
    session = Session(Trajectory.open(recording), Settings("bubblewrap", SandboxSettings(track_files=True)))
    app: App[None] = TrajApp(session)
    try:
        async with app.run_test(size=(132, 30)) as pilot:
            for key in KEYS:
                await pilot.press(key)
                await session.idle()
                await pilot.pause(0.1)
            return app.export_screenshot(title="trajtui demo.json")
    finally:
        await session.close()


def without_web_fonts(svg: str) -> str:
    """The picture with the reader's own fonts: it must not fetch anything."""
    return re.sub(r"@font-face \{.*?\}\n?", "", svg, flags=re.DOTALL)


def main() -> None:
    """Write docs/screenshot.svg."""
    os.environ["COLORTERM"] = "truecolor"
    with tempfile.TemporaryDirectory() as directory:
        recording = Path(shutil.copy(ROOT / "sample_trajectories" / "demo.json", directory))
        svg = without_web_fonts(asyncio.run(picture(recording)))
    lines = (line.rstrip() for line in svg.splitlines() if "Generated with" not in line)
    (ROOT / "docs" / "screenshot.svg").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
