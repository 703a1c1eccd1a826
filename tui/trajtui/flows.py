"""Commands that a session may refuse, and dialogs that follow each other; what came of each is said."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Protocol

from textual.screen import ModalScreen, Screen

from trajcore import TrajError

Flow = Coroutine[Any, Any, str | None]


class Say(Protocol):
    """Says what came of a command."""

    def __call__(self, text: str, *, bad: bool = False) -> None:
        """`bad`: it is a fault."""


class Flows:
    """Carries out what a screen's keys ask for, in its workers where that takes more than a moment."""

    def __init__(self, screen: Screen[Any], say: Say) -> None:
        self._screen = screen
        self.say = say
        self._given: list[Flow] = []
        """What workers were given to go through: they may not have begun."""

    async def ask(self, dialog: ModalScreen[Any]) -> Any:
        """Show a dialog and wait for its answer. To be called in a worker, as flows are."""
        return await self._screen.app.push_screen_wait(dialog)

    def carry_out(self, command: Callable[[], object]) -> None:
        """Do something the session may refuse, and say what it answers; a coroutine goes on beside it."""
        said = self.attempt(command)
        if inspect.iscoroutine(said):
            self.begin(said)
        elif isinstance(said, str):
            self.say(said)

    def attempt(self, command: Callable[[], object]) -> object:
        """Do something the session may refuse; what it answers, or, refused, a false one."""
        try:
            return command()
        except TrajError as error:
            self.say(str(error), bad=True)
            return False

    def begin(self, flow: Flow) -> None:
        """Have a worker go through a few dialogs."""
        self._given = [one for one in self._given if _waits(one)]
        self._given.append(flow)
        begin: Callable[[], Coroutine[None, None, Any]] = partial(self.through, flow)
        self._screen.run_worker(begin, exit_on_error=False)

    async def through(self, flow: Awaitable[str | None]) -> bool:
        """Go through a few dialogs and say what came of it; whether anything did."""
        try:
            said = await flow
        except TrajError as error:
            self.say(str(error), bad=True)
            return False
        if said is not None:
            self.say(said)
        return said is not None

    def close(self) -> None:
        """What was asked for at the last moment will not begin."""
        for flow in filter(_waits, self._given):
            flow.close()


def _waits(flow: Flow) -> bool:
    return inspect.getcoroutinestate(flow) == inspect.CORO_CREATED
