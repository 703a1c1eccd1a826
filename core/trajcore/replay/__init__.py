"""Replaying a recording. `trajcore.replay(…)` calls it: see `trajcore.api.replay`."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trajcore.replay.report import Report


class _CallableModule(ModuleType):
    """This package as a function: `trajcore.replay` is both, whichever part of it was imported first."""

    def __call__(self, trajectory: Any, **options: Any) -> Report:
        """See `trajcore.api.replay`."""
        from trajcore.api import replay

        return replay(trajectory, **options)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its name, so that a pool of processes can be given it."""
        return importlib.import_module, (self.__name__,)


sys.modules[__name__].__class__ = _CallableModule
