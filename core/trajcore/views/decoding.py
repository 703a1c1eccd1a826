"""A program of its own: reads a picture from its standard input and writes its pixels, made small.

It knows nothing of the rest, and takes its own rights away before it looks at anything.
"""

from __future__ import annotations

import resource
import sys
from io import BytesIO
from typing import Final

from PIL import GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

_READERS: Final = (GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
"""Loaded before the limits are set; no others ever are."""
_FORMATS: Final = ("GIF", "JPEG", "PNG", "WEBP")
_LIMITS: Final = (
    (resource.RLIMIT_AS, 1 << 30),
    (resource.RLIMIT_CPU, 10),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_CORE, 0),
)
"""Memory, seconds of processor, bytes of any file."""


def main() -> int:
    """Answer with width and height, four bytes each, and three bytes a pixel; else with nothing."""
    width, height, most = map(int, sys.argv[1:])
    for limit, value in _LIMITS:
        resource.setrlimit(limit, (value, value))
    Image.MAX_IMAGE_PIXELS = most // 2  # at twice of this, Pillow refuses
    try:
        small = _small(sys.stdin.buffer.read(), width, height)
    except Exception:  # noqa: BLE001 - whatever a decoder says of it, there is nothing to show
        return 1
    sizes = small.width.to_bytes(4, "big") + small.height.to_bytes(4, "big")
    sys.stdout.buffer.write(sizes + small.tobytes())
    return 0


def _small(data: bytes, width: int, height: int) -> Image.Image:
    with Image.open(BytesIO(data), formats=_FORMATS) as picture:
        picture.draft("RGB", (width, height))
        whole = picture.convert("RGBA")
    whole.thumbnail((width, height))
    ground = Image.new("RGBA", whole.size, (255, 255, 255, 255))
    ground.alpha_composite(whole)
    return ground.convert("RGB")


if __name__ == "__main__":
    sys.exit(main())
