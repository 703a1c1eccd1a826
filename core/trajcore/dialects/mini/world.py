"""What a trajectory says of the world that it was made in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from trajcore.dialects.shapes import word
from trajcore.dialects.told import Around, Fact, What, among

_ENVIRONMENT: Final = ("info", "config", "environment")
_PLACES: Final = (
    (What.IMAGE, (*_ENVIRONMENT, "image")),
    (What.DIRECTORY, (*_ENVIRONMENT, "cwd")),
    (What.HOME, (*_ENVIRONMENT, "cwd")),
)
_INSTANCE: Final = re.compile(r"([\w.-]+)__([\w.-]+-\d+)")


def facts(around: Around) -> Iterator[Fact]:
    """Its image, recorded or composed of its instance, and the directory in which each command was run.

    The instance itself is not told on: with it goes what OpenHands does before its first step, and this
    agent does nothing of the sort.
    """
    for fact in among(around.holder, _PLACES, "trajectory"):
        if fact.what is not What.HOME or fact.value.startswith("/"):
            yield fact
    found = _INSTANCE.fullmatch(word(around.holder, "instance_id"))
    if found is not None:
        image = f"swebench/sweb.eval.x86_64.{found[1]}_1776_{found[2]}:latest".lower()
        where = "composed as for SWE-bench, of trajectory: instance_id"
        yield Fact(What.IMAGE, image, where, derived=True)
