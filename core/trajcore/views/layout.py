"""How the user has laid the screen out, for each recording, and their theme: kept in the state directory."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import platformdirs

from trajcore.config import APP
from trajcore.errors import BadInput
from trajcore.reading import STATE, Missing, read_file
from trajcore.storage import write_atomically
from trajcore.trajectory import Trajectory
from trajcore.views.timeline import can_fold

_SMALLEST: Final = 0.02
_MOST_FOLDED: Final = 10_000
_LONGEST: Final = 64


@dataclass(frozen=True)
class Layout:
    """What is seen of a recording, and where; None and empty is as it comes by itself."""

    tab: str = ""
    """The tab that was asked for last, and the one in the lower pane, by the ids of their panes."""
    below: str = ""
    share: float | None = None
    """The timeline's part of the width."""
    upper: float | None = None
    """The upper right-hand pane's part of the height."""
    raw: bool = False
    """Every event has a row."""
    folded: tuple[str, ...] = ()
    """The labels of the delegations whose events are left out."""


def layout_of(trajectory: Trajectory) -> Layout:
    """How this recording was last laid out; what makes no sense of it is passed over."""
    path = _place(trajectory)
    if path is None:
        return Layout()
    try:
        said = json.loads(read_file(path, STATE))
    except (BadInput, ValueError, RecursionError):
        return Layout()
    return _sensible(said) if isinstance(said, dict) else Layout()


def _sensible(said: dict[str, Any]) -> Layout:
    folded = said.get("folded")
    labels = folded[:_MOST_FOLDED] if isinstance(folded, list) else ()
    return Layout(
        _text(said.get("tab")),
        _text(said.get("below")),
        _part(said.get("share")),
        _part(said.get("upper")),
        said.get("raw") is True,
        tuple(filter(None, map(_text, labels))),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST else ""


def _part(value: object) -> float | None:
    usable = isinstance(value, float) and _SMALLEST <= value <= 1 - _SMALLEST
    return value if usable and isinstance(value, float) else None


def keep_layout(trajectory: Trajectory, layout: Layout) -> None:
    """Keep how a recording is laid out, for the next time; where that cannot be kept, it is not."""
    path = _place(trajectory)
    if path is None:
        return
    with contextlib.suppress(OSError, BadInput):
        _write(path, json.dumps({"recording": trajectory.name, **asdict(layout)}))


def with_folded(layout: Layout, trajectory: Trajectory, uids: Collection[int]) -> Layout:
    """The layout, with the delegations of these actions folded."""
    indices = sorted(index for index in map(trajectory.index_of_uid, uids) if index is not None)
    return replace(layout, folded=tuple(map(trajectory.label, indices)))


def folded_uids(layout: Layout, trajectory: Trajectory) -> set[int]:
    """The actions of the delegations that are folded, as far as the recording has them still."""
    uids = set()
    for label in layout.folded:
        with contextlib.suppress(BadInput):
            index = trajectory.resolve(label)
            if can_fold(trajectory, index):
                uids.add(trajectory.uid(index))
    return uids


def _place(trajectory: Trajectory) -> Path | None:
    """The file that keeps it; None where the recording is no file."""
    if trajectory.path is None:
        return None
    name = "\0".join(filter(None, (str(trajectory.path.absolute()), trajectory.row)))
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:20]
    return Path(platformdirs.user_state_dir(APP)) / "layouts" / f"{digest}.json"


# The theme


def theme_chosen() -> str:
    """The name of the theme that the user chose last; empty where they chose none."""
    try:
        return _text(read_file(_theme_file(), STATE).decode().strip())
    except (BadInput, UnicodeDecodeError):
        return ""


def keep_theme(name: str) -> None:
    """Keep the name of a theme that was chosen, for the next time; where that cannot be kept, it is not."""
    with contextlib.suppress(OSError, BadInput):
        _write(_theme_file(), name)


def _theme_file() -> Path:
    return Path(platformdirs.user_state_dir(APP)) / "theme"


def _write(path: Path, text: str) -> None:
    with contextlib.suppress(Missing):
        read_file(path, STATE)  # what is no file of ours is not written into
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, [text.encode()])
