"""Pictures for other programs: written to a private file, which a viewer is given if there is one."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trajcore import BadInput
from trajcore.views.blocks import Block

if TYPE_CHECKING:
    from trajtui.screens.picture import PictureScreen

_PATIENCE: Final = 3.0
"""Seconds in which an opener that cannot says so."""


class Opener:
    """Opens pictures when the user asks for it; what it has written goes with the program."""

    def __init__(self) -> None:
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0

    async def open(self, block: Block) -> str:
        """Open the picture of a block; what is to be said of it. Raises `BadInput` where there is none."""
        picture = block.picture
        if picture is None or not picture.true_type:
            raise BadInput(f"{block.text}: nothing to open")
        path = await asyncio.to_thread(self._write, picture.content, picture.true_type.removeprefix("image/"))
        opener = _opener()
        if opener is not None and await _opens(opener, path):
            return f"opened with {Path(opener).name}: {path}"
        return f"nothing here can open it; it is in {path}"

    def _write(self, content: bytes, ending: str) -> Path:
        if self._directory is None:
            self._directory = tempfile.TemporaryDirectory(prefix="trajtui-")
        self._count += 1
        path = Path(self._directory.name) / f"picture-{self._count}.{ending}"
        path.write_bytes(content)
        return path


def _opener() -> str | None:
    """The program that opens files with what the user has chosen for them, where it has a screen to do so."""
    if sys.platform == "darwin":
        return shutil.which("open")
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return shutil.which("xdg-open") if has_screen else None


async def _opens(opener: str, path: Path) -> bool:
    nothing = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        opener, str(path), stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
    )
    try:
        return await asyncio.wait_for(process.wait(), _PATIENCE) == 0
    except TimeoutError:  # a viewer that stays is one that shows it
        return True


OPENER: Final = Opener()


async def see(ask: Callable[[PictureScreen], Awaitable[bool]], block: Block, *, large: bool) -> str | None:
    """Show a picture over the whole screen, or have it opened outside; what is to be said of it."""
    from trajtui.screens.picture import PictureScreen  # comes with the first picture that is looked at

    if large and not await ask(PictureScreen(block)):
        return None
    return await OPENER.open(block)
