"""Commands typed while another one runs: they wait for their turn."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable
from typing import Any

from trajcore import Session, State, TrajError
from trajtui.flows import Flows


class Ahead:
    """What is to be done when the replay comes to rest, one after the other; whatever goes wrong drops it."""

    def __init__(self, session: Session, flows: Flows) -> None:
        self._session = session
        self._flows = flows
        self._waiting: deque[Callable[[], Any]] = deque()
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def do(self, command: Callable[[], Any]) -> Any:
        """Do it now, or behind what is replayed and what waits already."""
        if self._waiting or self._session.state is State.REPLAYING:
            self._waiting.append(command)
            return None
        return command()

    def drop(self) -> None:
        """None of it is to be done any more."""
        self._dropped += len(self._waiting)
        self._waiting.clear()

    def words(self) -> str:
        """What was dropped since this was last asked, before something else that is said; mostly nothing."""
        dropped, self._dropped = self._dropped, 0
        return f"{dropped} key{'s' * (dropped != 1)} typed ahead dropped · " if dropped else ""

    def go_on(self) -> bool:
        """The replay is at rest: do the next; whether there is one."""
        if self._session.state is not State.PAUSED:
            self.drop()
        elif self._waiting:
            self._flows.begin(self._do_next())
        return bool(self._waiting)

    async def _do_next(self) -> str | None:
        await self._session.idle()  # its task may still be about to end
        if not self._waiting:
            return None
        try:
            said = self._waiting.popleft()()
            said = await said if inspect.iscoroutine(said) else said
        except TrajError as error:
            self.drop()
            self._flows.say(f"{self.words()}{error}", bad=True)
            return None
        return said if isinstance(said, str) else None
