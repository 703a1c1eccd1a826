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
        """See `trajcore.api.replay`, which this room does not know: it is found by its name."""
        report: Report = importlib.import_module("trajcore.api").replay(trajectory, **options)
        return report

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its name, so that a pool of processes can be given it."""
        return importlib.import_module, (self.__name__,)


sys.modules[__name__].__class__ = _CallableModule
