"""The recordings on which both checkouts run their commands: copies, and what is made up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from net_parts import documents
from net_parts.checkouts import RECORDINGS, Unusable
from net_parts.commands import Recording
from net_parts.driver import copy

MADE_UP: Final = 44
"""So many documents hold each shape, each spelling and each kind of ids several times."""


def gather(paths: Sequence[Path], directory: Path) -> list[Recording]:
    """Copy the recordings at `paths` to a directory, and make some up in it. Raises `Unusable`."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise Unusable(f"{path}: no such file or directory.")
        target = directory / path.resolve().name
        while target.exists():
            target = target.with_name(f"{target.name}_")
        for source in _recordings_at(path):
            copied = target / source.relative_to(path)
            copy(source, copied)
            found += [copied, *_unpacked(copied)]
    found += documents.write(directory / "made_up", MADE_UP)
    names = (f"{RECORDINGS}/{path.relative_to(directory).as_posix()}" for path in found)
    return [Recording(name, path.is_dir()) for name, path in zip(names, found, strict=True)]


def _recordings_at(path: Path) -> Iterator[Path]:
    """The files below a path, and the event stores, whose events are no recordings by themselves."""
    if path.is_file():
        yield path
        return
    is_store = (path / "events").is_dir()
    if is_store:
        yield path
    for entry in sorted(path.iterdir()):
        if not (is_store and entry.name == "events"):
            yield from _recordings_at(entry)


def _unpacked(path: Path) -> list[Path]:
    """The recordings inside of a file that is a case: `files`, texts by their names, or one `recording`."""
    written = []
    for name, text in _inside(path).items():
        target = path.with_name(Path(name).name)
        if isinstance(text, str) and not target.exists():
            target.write_text(text, encoding="utf-8")
            written.append(target)
    return written


def _inside(path: Path) -> dict[str, Any]:
    try:
        case = json.loads(path.read_bytes()) if path.is_file() else None
    except (ValueError, RecursionError):
        return {}
    files = case.get("files") if isinstance(case, dict) else None
    recording = case.get("recording") if isinstance(case, dict) else None
    found = dict(files) if isinstance(files, dict) else {}
    return {**found, "recording.json": json.dumps(recording)} if isinstance(recording, list) else found
