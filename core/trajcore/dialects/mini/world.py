"""What a trajectory says of the world that it was made in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trajcore.dialects.told import Around, Fact, What, among

_ENVIRONMENT: Final = ("info", "config", "environment")
_PLACES: Final = (
    (What.IMAGE, (*_ENVIRONMENT, "image")),
    (What.DIRECTORY, (*_ENVIRONMENT, "cwd")),
    (What.HOME, (*_ENVIRONMENT, "cwd")),
    (What.INSTANCE, ("instance_id",)),
)


def facts(around: Around) -> Iterator[Fact]:
    """Its image, its instance, and the directory in which each command was run."""
    for fact in among(around.holder, _PLACES, "trajectory"):
        if fact.what is not What.HOME or fact.value.startswith("/"):
            yield fact
