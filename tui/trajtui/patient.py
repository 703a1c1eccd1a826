"""What every program on the screen is: it takes a key at any moment, and no row of it is ever shifted.

What comes before a screen has been drawn waits for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen, ScreenResultType

from trajtui.cells import SteadyCells
from trajtui.signals import stop_for_the_shell

_LOOK_AGAIN: Final = 0.1
"""So many seconds a screen is waited for before it is asked whether it still is the one."""

_LOST: Final = 1.0
"""So many seconds what follows a key is waited for: the widget that had it may be gone."""

Result = TypeVar("Result")


class LateScreen(Screen[ScreenResultType]):
    """A screen whose first frame leaves things out that are brought in behind it."""

    is_complete = False
    """Whether they are there: keys and the mouse wait for them."""


_LEAVING: Final = frozenset({"enter", "escape", "tab", "shift+tab"})
"""Keys that leave a line or a box: widgets hand that on to one another before the focus is elsewhere."""
_ROUNDS: Final = 6
"""As many as there are of those messages, one behind the other; what follows the key comes behind each."""


class KeyPassed(Message):
    """Whoever this comes to has seen the key before it."""

    lost: asyncio.TimerHandle
    """It is waited for no longer than this."""

    def __init__(self, target: MessagePump, rounds: int) -> None:
        super().__init__()
        self.target = target
        """Who had the focus when the key came."""
        self.rounds = rounds
        """So often it is sent once more, as long as the focus is there."""


class PatientApp(App[Result]):
    """Hands keys and the mouse to a screen that is there.

    Textual hands them on from the moment a screen is asked for. Its parts are not there yet: an action that
    looks for one ends the program. And a key that a screen has no use for comes back to the program, to act
    on whatever screen is uppermost by then: what is typed ahead would not reach the field it is meant for.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", show=False, id="suspend")]

    def __init__(self) -> None:
        super().__init__()
        self._drawn: WeakSet[Screen[Any]] = WeakSet()
        self._meant_for: WeakKeyDictionary[events.Key, Screen[Any]] = WeakKeyDictionary()
        """The screen that was uppermost when a key was handed on."""
        self._on_its_way: KeyPassed | None = None
        """What follows a key, while somebody may still make something of that key."""
        self._ahead: deque[events.Event] = deque()
        """What was pressed behind it."""
        self._steady = SteadyCells()

    @property
    def is_at_keys(self) -> bool:
        """Whether a key is still on its way to whoever makes something of it."""
        return self._on_its_way is not None or bool(self._ahead)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Those of Textual and, last, the one that sees to the width of every line."""
        return [*super().get_line_filters(), self._steady]

    def action_suspend_process(self) -> None:
        """Go back to the shell, if there is one: Textual would stop also where nobody could continue it."""
        stop_for_the_shell(self)

    async def on_event(self, event: events.Event) -> None:
        """Let keys and the mouse wait for the screen that they are meant for, and for the key before them."""
        if isinstance(event, events.InputEvent | events.Paste):
            if self._on_its_way is not None and not event.is_forwarded:
                self._ahead.append(event)
                return
            await asyncio.sleep(0)  # What the key before has begun takes its first step: to ask, perhaps.
            await self._wait_for_screen()
            if not self.screen_stack:
                return  # the program is ending, and there is nobody left that it could be meant for
        if isinstance(event, events.Key):
            if event.is_forwarded and self._meant_for.get(event) is not self.screen:
                event = events.Key(event.key, event.character)
            self._meant_for[event] = self.screen
            if not event.is_forwarded:
                await self._hand_on(event)
                return
        await super().on_event(event)

    async def _hand_on(self, key: events.Key) -> None:
        """Hand a key on, and have the next one wait until it has come all the way.

        A letter is taken by a text box at once, where Enter or Backspace, which are bindings, come back to
        the program first: of what is typed quickly the letters would overtake them. What is sent behind the
        key takes the same way through the same queues.
        """
        target = self.focused or self.screen
        await super().on_event(key)
        self._follow(KeyPassed(target, _ROUNDS if key.key in _LEAVING else 0))

    def _follow(self, passed: KeyPassed) -> bool:
        """Send what follows a key behind it; whether there is anybody to take it."""
        if not passed.target.post_message(passed):
            return False
        self._on_its_way = passed
        passed.lost = asyncio.get_running_loop().call_later(_LOST, self.post_message, passed)
        return True

    def hand_back(self, key: events.Key) -> None:
        """Hand a key on anew, to the screen that is uppermost now, before what was pressed behind it."""
        self._ahead.appendleft(events.Key(key.key, key.character))
        if self._on_its_way is None:
            self.call_later(self._hand_on_ahead)

    async def on_key_passed(self, passed: KeyPassed) -> None:
        """The key has come all the way: what was pressed behind it is next."""
        if passed is not self._on_its_way:
            return
        passed.lost.cancel()
        self._on_its_way = None
        stays = bool(self.screen_stack) and (self.focused or self.screen) is passed.target
        if not (stays and passed.rounds and self._follow(KeyPassed(passed.target, passed.rounds - 1))):
            await self._hand_on_ahead()

    async def _hand_on_ahead(self) -> None:
        """Hand on what was pressed behind a key, up to the next key."""
        while self._ahead and self._on_its_way is None:
            await self.on_event(self._ahead.popleft())

    async def _wait_for_screen(self) -> None:
        """Wait until the uppermost screen, whichever that is by then, has been drawn and is all there."""
        while self.is_running and self.screen_stack and (screen := self.screen_stack[-1]) not in self._drawn:
            drawn = asyncio.Event()
            screen.call_after_refresh(drawn.set)
            with suppress(TimeoutError):
                await asyncio.wait_for(drawn.wait(), _LOOK_AGAIN)
                if not isinstance(screen, LateScreen) or screen.is_complete:
                    self._drawn.add(screen)
