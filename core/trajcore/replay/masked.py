"""What comes back from a world, without the secrets that this process knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from trajcore.masking import known

if TYPE_CHECKING:
    from trajcore.events.base import Observation
    from trajcore.sandbox.base import FileChanges

_Answer = TypeVar("_Answer", "Observation", "Observation | None")


def masked_observation(observation: _Answer) -> _Answer:
    """An observation without secrets: the same one where there are none in it."""
    if observation is None or not known():
        return observation
    told = observation.model_dump()
    masked = known().tree(told)
    return observation if masked == told else type(observation).model_validate(masked)


def masked_files(files: FileChanges | None) -> FileChanges | None:
    """Changes of files without secrets in what is told of them."""
    mask = known()
    if files is None or not mask:
        return files
    masked = (
        replace(one, path=mask.text(one.path), diff=mask.text(one.diff), note=mask.text(one.note))
        for one in files.files
    )
    return replace(files, files=tuple(masked))
