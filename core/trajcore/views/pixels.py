"""Pixels of an untrusted picture, which is decoded in a process of its own with little memory and time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trajcore.errors import BadInput
from trajcore.pictures import Picture
from trajcore.tasks import program_run

_PROGRAM: Final = Path(__file__).with_name("decoding.py")
_LARGEST: Final = 50_000_000
"""Characters of base64."""
_MOST_PIXELS: Final = 40_000_000
_PATIENCE: Final = 15.0
_NEEDED: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""All that the process has of the environment: no key is in reach of a picture."""
_SIZES: Final = 8
"""Bytes before the pixels: width and height."""


@dataclass(frozen=True)
class Pixels:
    """Three bytes a pixel, row by row."""

    width: int
    height: int
    rgb: bytes

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        """A pixel; black below the last row."""
        begin = (y * self.width + x) * 3
        red, green, blue = self.rgb[begin : begin + 3] or b"\0\0\0"
        return red, green, blue


async def pixels_of(picture: Picture, width: int, height: int) -> Pixels:
    """A picture, made no larger than this. Raises `BadInput`, saying why, where it cannot be shown."""
    _check(picture)
    content = await asyncio.to_thread(lambda: picture.content)
    if not content:
        raise BadInput("its data is damaged")
    command = (sys.executable, "-I", str(_PROGRAM), str(width), str(height), str(_MOST_PIXELS))
    environment = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    try:
        decoded = await program_run(
            command, content, _PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
    except subprocess.TimeoutExpired:
        raise BadInput("it takes too long to decode") from None
    return _read(decoded.stdout, width, height)


def _check(picture: Picture) -> None:
    if not picture.type:
        raise BadInput("it is elsewhere, and is not fetched")
    if not picture.true_type:
        raise BadInput("only PNG, JPEG, GIF and WebP are shown")
    across, down = picture.dimensions or (0, 0)
    if across * down > _MOST_PIXELS or len(picture.data) > _LARGEST:
        raise BadInput("it is too large to be shown")


def _read(answer: bytes, width: int, height: int) -> Pixels:
    """What the process answered: it decodes what nobody vouches for, so that is not believed either."""
    across, down = int.from_bytes(answer[:4], "big"), int.from_bytes(answer[4:_SIZES], "big")
    rgb = answer[_SIZES:]
    if not 0 < across <= width or not 0 < down <= height or len(rgb) != across * down * 3:
        raise BadInput("its data is damaged")
    return Pixels(across, down, rgb)
