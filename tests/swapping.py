"""Something hostile that changes a directory tree at any moment: before each single call that looks at it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

_Change = Callable[[], object]


class _Hook:
    """Told by Python of each call to the system that names or changes a file; it can't be taken out again."""

    def __init__(self) -> None:
        self._left = 0
        self._change: _Change | None = None
        sys.addaudithook(self._called)

    def wait(self, calls: int, change: _Change) -> None:
        self._left, self._change = calls, change

    def came(self) -> bool:
        """Whether the change was made; from now on it is not."""
        came, self._change = self._change is None, None
        return came

    def _called(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if self._change is None or not (event == "open" or event.startswith("os.")):
            return
        self._left -= 1
        if self._left <= 0:
            change, self._change = self._change, None
            change()


_hook: _Hook | None = None


def changed_at_any_moment(
    act: Callable[[], object], prepare: Callable[[], object], change: _Change
) -> Iterator[int]:
    """Do `act` with the change made before its first call to the system, then before its second …"""
    global _hook
    _hook = _hook or _Hook()
    for count in range(1, 10_000):
        prepare()
        _hook.wait(count, change)
        try:
            act()
        finally:
            came = _hook.came()
        yield count
        if not came:
            return
    raise AssertionError("it does not come to an end")
