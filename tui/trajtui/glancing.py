"""Recordings are looked at in a thread of its own: neither an event loop nor the end waits for one."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from textual.message import Message
from textual.message_pump import MessagePump

from trajcore.views.glances import Glance, Glances, facts


class Glanced(Message):
    """A recording was looked at."""

    def __init__(self, path: Path, glance: Glance, facts: str) -> None:
        """`facts` is what is said of it."""
        super().__init__()
        self.path = path
        self.glance = glance
        self.facts = facts


class Glancing:
    """Looks at recordings one after the other, and tells a screen of each."""

    def __init__(self, screen: MessagePump, paths: Iterable[Path], glances: Glances) -> None:
        """`paths` are found in the thread too."""
        self._over = Event()
        Thread(target=self._look, args=(screen, paths, glances), name="trajtui.glances", daemon=True).start()

    def stop(self) -> None:
        """Nobody wants to know more."""
        self._over.set()

    def _look(self, screen: MessagePump, paths: Iterable[Path], glances: Glances) -> None:
        for path in paths:
            glance = glances.of(path)
            said = facts(path, glance)
            if self._over.is_set():
                return
            with suppress(RuntimeError):  # the program ends at this moment
                screen.post_message(Glanced(path, glance, said))
        if not self._over.is_set():
            glances.keep()
