"""One page that needs nothing else: it loads nothing, and runs no script but its own.

The page is a template that escapes whatever is put in, but for its style and its script, which are ours.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trajcore.pictures import Picture
from trajcore.views.exports.colours import spans
from trajcore.views.exports.cutting import Limit, cut
from trajcore.views.exports.extract import Extract
from trajcore.views.words import Tone

if TYPE_CHECKING:
    from jinja2 import Template

_HOME: Final = Path(__file__).with_name("page")
_TONES: Final = {Tone.SAME: "same", Tone.CHANGED: "changed", Tone.ASIDE: "aside"}
_LIMIT: Final = Limit(characters=200_000, lines=5_000)
_LARGEST: Final = 4_000_000
"""A picture of more bytes is named, not shown."""


def page(extract: Extract) -> Iterator[str]:
    """The pieces of the page."""
    from importlib.metadata import version

    return _template().generate(extract=extract, version=version("trajtui"))


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # most never export a page

    style, script = (_HOME.joinpath(f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.globals.update(
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        spans=spans,
        cut=functools.partial(cut, limit=_LIMIT),
        source_of=source_of,
        tones=_TONES,
    )
    return environment.from_string(_HOME.joinpath("page.html").read_text(encoding="utf-8"))


def _hash(text: str) -> str:
    """How a policy names a script or a style that may be there."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def source_of(picture: Picture) -> str:
    """The address of a picture that holds all of it; empty where it is elsewhere, too large, or none.

    Its type is what its bytes are, not what the recording says, and one of those that are pixels alone.
    """
    across, down = picture.dimensions or (0, 0)
    if not (across and down) or picture.size > _LARGEST:
        return ""
    content = picture.content
    return f"data:{picture.true_type};base64,{base64.b64encode(content).decode()}" if content else ""
