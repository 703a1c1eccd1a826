"""How everything looks, a sheet a room; what a dialog needs is read with the first one that opens."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Final

_HERE: Final = Path(__file__).parent


def sheets(*names: str) -> list[str | PurePath]:
    """The paths of sheets, as Textual takes them."""
    return [_HERE / f"{name}.tcss" for name in names]


DEBUGGER: Final = sheets("base", "bars", "panes", "timeline", "side", "conversation")
"""What the first frame needs."""
DIALOGS: Final = sheets("dialogs")
START: Final = sheets("base", "start")
