"""Rows of a contract: each quotes what it promises, presses its keys and reads the screen.

The rows of a stage share one opened screen and come one after the other; before each the screen is put
`at_rest`. What goes wrong in a row is told with the words that it quotes, and the next one begins all the
same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from textual.command import CommandInput, CommandList, CommandPalette
from textual.widgets import Input, TextArea

from screens import Shown
from trajtui.actions.table import ACTIONS, BY_NAME
from trajtui.screens.debugger import DebuggerScreen
from trajtui.widgets.question import QuestionBox
from trajtui.widgets.queued import QueuedBox

Does = Callable[[Shown], Awaitable[None]]

ACTION_OF = {key: action.name for action in ACTIONS for key in action.keys}
"""What each key does."""


PALETTE = "command_palette"


def _does_actions(screen: Shown) -> bool:
    """Whether a key is an action's where the user is."""
    typing = isinstance(screen.app.focused, Input | TextArea | QueuedBox | QuestionBox)
    return isinstance(screen.app.screen, DebuggerScreen) and not typing


@dataclass(frozen=True)
class Row:
    """One promise: its words, the keys that it is about, the commands that are chosen from the palette."""

    says: str
    keys: tuple[str, ...]
    commands: tuple[str, ...]
    does: Does


@dataclass
class Stage:
    """Rows that share a screen; used as a decorator of what each of them does."""

    rows: list[Row] = field(default_factory=list)

    def row(self, says: str, *keys: str, commands: Iterable[str] = ()) -> Callable[[Does], Does]:
        """Another row."""

        def add(does: Does) -> Does:
            self.rows.append(Row(says, keys, tuple(commands), does))
            return does

        return add

    async def play(
        self,
        screen: Shown,
        monkeypatch: pytest.MonkeyPatch,
        *,
        keep_edits: bool = False,
        by_name: bool = False,
    ) -> None:
        """Go through all of them; edits are undone before each, unless they are kept.

        `by_name`: what a key does is chosen from the palette instead, wherever the key would do it.
        """
        told = Heard(screen, monkeypatch, by_name)
        wrong = []
        for row in self.rows:
            await at_rest(screen, keep_edits=keep_edits)
            told.clear()
            try:
                await row.does(screen)
                told.check(row)
            except (AssertionError, pytest.fail.Exception) as error:
                wrong.append(f"── {row.says}\n{type(error).__name__}: {error}\n{screen.text}")
        assert not wrong, "\n".join(wrong)


class Heard:
    """Which keys were pressed and which actions were carried out since the last row."""

    def __init__(self, screen: Shown, monkeypatch: pytest.MonkeyPatch, by_name: bool) -> None:
        self._keys: set[str] = set()
        self._names: set[str] = set()
        press, act = screen.press, DebuggerScreen.action_act

        async def pressed(*keys: str) -> None:
            self._keys.update(keys)
            for key in keys if by_name else ():
                if key in ACTION_OF and ACTION_OF[key] != PALETTE and _does_actions(screen):
                    await choose(screen, ACTION_OF[key])
                else:
                    await press(key)
            if not by_name:
                await press(*keys)

        def acted(debugger: DebuggerScreen, name: str) -> None:
            self._names.add(name)
            act(debugger, name)

        monkeypatch.setattr(screen, "press", pressed)
        monkeypatch.setattr(DebuggerScreen, "action_act", acted)

    def clear(self) -> None:
        """Forget what was heard."""
        self._keys.clear()
        self._names.clear()

    def check(self, row: Row) -> None:
        """Each of its keys was pressed and has done what it is for, each of its commands was carried out."""
        wanted = {ACTION_OF[key] for key in row.keys if key in ACTION_OF} | set(row.commands)
        assert set(row.keys) <= self._keys, f"not pressed: {set(row.keys) - self._keys}"
        assert wanted <= self._names, f"not carried out: {wanted - self._names}"


async def at_rest(screen: Shown, *, keep_edits: bool = False) -> None:
    """Nothing open, nothing running, nothing edited, the cursor in the timeline at the first row."""
    while not isinstance(screen.app.screen, DebuggerScreen):
        screen.app.screen.dismiss(None)
        await screen.settle()
    debugger = screen.app.screen
    if screen.session.busy:
        await screen.press("escape")
        await screen.settle()
    debugger.conversation.box.close()
    debugger.panes.show_both()
    debugger.panes.column.leave()
    while not keep_edits and screen.session.editing.undo():
        pass
    screen.timeline.pick_none()
    screen.timeline.focus()
    screen.timeline.follow(0)
    debugger.notes.fade()
    await screen.settle()


async def choose(screen: Shown, name: str) -> None:
    """Choose a command from the palette."""
    what = BY_NAME[name].what
    await screen.press("ctrl+p")
    await screen.wait(lambda: isinstance(screen.app.screen, CommandPalette))
    palette: Any = screen.app.screen
    palette.query_one(CommandInput).value = what
    await screen.wait(lambda: what in _first(palette))
    await screen.press("enter")
    await screen.wait(lambda: screen.app.screen is not palette)


def _first(palette: Any) -> str:
    found = palette.query_one(CommandList)
    return str(found.get_option_at_index(0).prompt) if found.option_count else ""
