"""What programs do to files, as their words tell it: a row for each."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Final

from trajcore.worlds.evidence.model import Kind
from trajcore.worlds.evidence.said import Said, files_of
from trajcore.worlds.evidence.scene import Scene
from trajcore.worlds.evidence.trail import Change


def _mkdir(said: Said) -> None:
    for word in said.command.operands:
        path = said.scene.path(word)
        if path is not None and "p" in said.command.flags:
            said.scene.ensured(path)
        elif path is not None:
            said.scene.has_room(path, said.witness("mkdir"))
            said.scene.made(path, Kind.DIRECTORY)


def _touch(said: Said) -> None:
    for word in files_of(said.command):
        path = said.scene.path(word)
        said.scene.has_room(path, said.witness("touch"))
        if path is not None:
            written(said, word, appended=True, text="")


def _rm(said: Said) -> None:
    for word in said.command.operands:
        was_there = "f" not in said.command.flags
        said.scene.removed(said.scene.path(word), said.witness("rm"), was_there=was_there)


def _mv(said: Said) -> None:
    words, scene = said.command.operands, said.scene
    if len(words) < 2:
        return
    *sources, target = words
    into = len(sources) > 1 or target.endswith("/") or _is_directory(scene, scene.path(target))
    for source in sources:
        name = posixpath.basename(source.rstrip("/"))
        to = posixpath.join(target, name) if into else target
        scene.has_room(scene.path(to), said.witness("mv"))
        scene.moved(scene.path(source), scene.path(to), said.witness("mv"))


def _cp(said: Said) -> None:
    words, scene = said.command.operands, said.scene
    if len(words) < 2:
        return
    *sources, target = words
    into = len(sources) > 1 or target.endswith("/") or _is_directory(scene, scene.path(target))
    for source in sources:
        path = scene.path(source)
        known = None if path is None else scene.trail(path)
        kind = None if known is not None or set(said.command.flags) & set("raR") else Kind.FILE
        scene.saw(path, said.witness("cp"), kind=kind)
        name = posixpath.basename(source.rstrip("/"))
        to = scene.path(posixpath.join(target, name) if into else target)
        scene.has_room(to, said.witness("cp"))
        scene.made(to, anew=True)


def _is_directory(scene: Scene, path: str | None) -> bool:
    return path is not None and scene.is_directory(path)


def _chmod(said: Said) -> None:
    for word in said.command.operands[1:]:
        trail = said.scene.saw(said.scene.path(word), said.witness(said.command.program))
        if trail is not None:
            trail.no_more("mode", "owner", "group")


def _tee(said: Said) -> None:
    for word in said.command.operands:
        written(said, word, appended="a" in said.command.flags)


def written(said: Said, word: str, *, appended: bool, text: str | None = None) -> None:
    """A command writes a file, or behind what it holds: `text`, where that is known."""
    path = said.scene.path(word)
    if path is None:
        return
    said.scene.has_room(path, said.witness("written beside it"))
    if not appended:
        said.scene.made(path, anew=True)
        return
    trail = said.scene.trail(path)
    if trail is not None:
        trail.edited(
            None if text is None else Change((), len(text.encode("utf-8", "replace")), appended=text)
        )


CHANGERS: Final[Mapping[str, Callable[[Said], None]]] = {
    **dict.fromkeys(("rm", "rmdir", "unlink"), _rm),
    **dict.fromkeys(("cp", "ln"), _cp),
    **dict.fromkeys(("chmod", "chown", "chgrp"), _chmod),
    "mkdir": _mkdir,
    "touch": _touch,
    "mv": _mv,
    "tee": _tee,
}
"""What is done to files is told by the words."""
