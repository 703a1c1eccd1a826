"""What a session is doing: its state, the one task that is under way, and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from trajcore import notices
from trajcore.errors import Refused, TrajError
from trajcore.replay.states import NEXT, Command, Mode, State, refusal

Work = Callable[[], Coroutine[Any, Any, None]]
"""What a task does. Its last act is to leave a state that is not busy."""


class Activity:
    """The state machine of one session, and the owner of its task."""

    def __init__(self) -> None:
        self.state = State.PAUSED
        self.mode = Mode.REPLAY
        self.failure: TrajError | None = None
        """What went wrong with what was begun last: it led to ERROR, or the model did not answer."""
        self._listeners: list[notices.Listener] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return self._task is not None and not self._task.done()

    def subscribe(self, listener: notices.Listener) -> Callable[[], None]:
        """Have `listener` called with every change from now on; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, change: notices.Notice) -> None:
        """Tell every listener of a change."""
        for listener in tuple(self._listeners):
            listener(change)

    def say(self, text: str, severity: notices.Severity = "information") -> None:
        """Tell the user something."""
        self.tell(notices.Said(text, severity))

    def check(self, command: Command) -> None:
        """Raises `Refused`, with the reason, where a command is illegal in the present state."""
        why = refusal(self.state, command)
        if why is not None:
            raise Refused(why)

    def begin(self, command: Command, work: Work, *, live: bool = False) -> None:
        """Start the task of a command. Raises `Refused`."""
        self.check(command)
        if self.busy:
            raise Refused(f"cannot {command.value} now: something is still under way")
        self.failure = None
        self.become(State.THINKING if live else State.REPLAYING, Mode.LIVE if live else None)
        self._task = asyncio.create_task(self._guarded(work))
        self._task.add_done_callback(self._settle)

    def become(self, state: State, mode: Mode | None = None) -> None:
        """Change the state, along the table of states, and tell of it."""
        mode = mode or self.mode
        if state is self.state and mode is self.mode:
            return
        if state is not self.state and state not in NEXT[self.state]:
            raise AssertionError(f"no way from {self.state.value} to {state.value}")
        self.state, self.mode = state, mode
        self.tell(notices.StateChanged(state, mode))

    def fail(self, error: TrajError, state: State, mode: Mode | None = None) -> None:
        """What was under way has failed, which leaves the session in this state; the user is told why."""
        self.failure = error
        self.tell(notices.Progress(""))
        self.become(state, mode)
        self.say(str(error), "error")

    def cancel(self) -> None:
        """Stop the task where it stands."""
        if self._task is not None:
            self._task.cancel()

    async def idle(self) -> None:
        """Wait until no task is under way; a fault of the program itself is raised here."""
        while True:
            task = self._task
            if task is not None:
                await asyncio.wait({task})
            await asyncio.sleep(0)  # The state follows the end of a task; another may begin meanwhile.
            if task is self._task:
                break
        if task is not None and not task.cancelled():
            task.result()

    async def close(self) -> None:
        """Stop the task and wait for its end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _guarded(self, work: Work) -> None:
        try:
            await work()
        except asyncio.CancelledError:
            self._stopped()
        except TrajError as error:
            self.fail(error, State.ERROR)

    def _stopped(self) -> None:
        """The user has stopped what was under way."""
        self.tell(notices.Progress(""))
        self.become(State.AWAITING_INPUT if self.mode is Mode.LIVE else State.PAUSED)

    def _settle(self, task: asyncio.Task[None]) -> None:
        """A task stopped before it began, or failed by a fault of the program, leaves a state too."""
        if task.cancelled():
            self._stopped()
            return
        fault = task.exception()
        if fault is not None:
            self.failure = TrajError(f"internal error: {type(fault).__name__}: {fault}")
            self.state = State.ERROR
            self.say(str(self.failure), "error")
            self.tell(notices.StateChanged(self.state, self.mode))
