"""Other names for directories of a recording's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from trajcore.dialects import canonical
from trajcore.worlds.choice import PathMap

if TYPE_CHECKING:
    from trajcore.events.base import Action, Observation

_MAPPED: Final = ("command", "code", "path")
"""What of an action names places in a world. What a file is given is its own."""


class PathMaps:
    """Directories of the recording's, and what stands for each here."""

    def __init__(self, maps: Sequence[PathMap] = ()) -> None:
        self.maps = tuple(maps)
        self._here = {one.recorded: one.here for one in maps}
        longest_first = sorted(map(re.escape, self._here), key=len, reverse=True)
        # Not in the middle of another path; but behind an option's letter, as in -I/testbed.
        self._pattern = re.compile(
            rf"(?:(?<![\w./~-])|(?<=\s-[A-Za-z]))(?:{'|'.join(longest_first)})(?![\w-]|\.\w)"
        )

    def __call__(self, text: str) -> str:
        """A command or a path with the directories of this world in it."""
        return self._pattern.sub(lambda found: self._here[found[0]], text) if self._here else text

    def mapped(self, action: Action) -> Action:
        """What is carried out in this world for an action; the recording's own stays as it is."""
        if not self._here:
            return action
        changed: dict[str, Any] = {}
        for name in _MAPPED:
            value = getattr(action.args, name, None)
            if isinstance(value, str) and self(value) != value:
                changed[name] = self(value)
        if not changed:
            return action
        return action.model_copy(update={canonical.ARGUMENTS: action.args.model_copy(update=changed)})

    def restored(self, observation: Observation, action: Action) -> Observation:
        """An answer that names the action it is to as the recording does."""
        changed = {
            name: given
            for name in _MAPPED
            if isinstance(given := getattr(action.args, name, None), str)
            and getattr(observation.extras, name, None) == self(given) != given
        }
        if not changed:
            return observation
        return observation.model_copy(
            update={canonical.DETAILS: observation.extras.model_copy(update=changed)}
        )
