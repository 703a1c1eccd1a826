"""The tables from which the screen is made: each action has a function, each tab a pane."""

from __future__ import annotations

import inspect
from collections import Counter
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from documents import message, ran, run
from program import write
from screens import opened
from trajtui.actions import (
    bisecting,
    branching,
    comparing,
    copying,
    editing,
    filing,
    finding,
    looking,
    models,
    replay,
    saving,
    sharing,
    telling,
)
from trajtui.actions.table import ACTIONS, BY_NAME, Later, bindings
from trajtui.widgets.side import TABS


def handlers(module: ModuleType) -> set[Any]:
    """The functions of a module that are given the screen: those carry something out."""
    return {
        function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and next(iter(inspect.signature(function).parameters.values())).annotation == "DebuggerScreen"
    }


def unwrapped(handler: Any) -> Any:
    handler = handler.func if isinstance(handler, partial) else handler
    return handler.function if isinstance(handler, Later) else handler


def test_every_function_that_carries_something_out_has_a_row_and_every_row_a_function() -> None:
    named = {unwrapped(action.handler) for action in ACTIONS}
    assert named == set().union(
        *map(
            handlers,
            (
                bisecting,
                branching,
                comparing,
                copying,
                editing,
                filing,
                finding,
                looking,
                models,
                replay,
                saving,
                sharing,
                telling,
            ),
        )
    )


def test_no_name_and_no_key_is_used_twice() -> None:
    assert len(BY_NAME) == len(ACTIONS)
    keys = Counter(key for action in ACTIONS for key in action.keys)
    assert [key for key, count in keys.items() if count > 1] == []
    assert len(bindings()) == sum(bool(action.keys) for action in ACTIONS)


def test_every_row_says_what_it_does_and_how_it_is_reached() -> None:
    for action in ACTIONS:
        assert action.what, action.name
        assert action.shown or not action.keys, action.name
        assert inspect.getdoc(unwrapped(action.handler)), action.name


def test_every_tab_has_a_key_of_its_own_and_an_action() -> None:
    assert len({tab.key for tab in TABS}) == len({tab.id for tab in TABS}) == len(TABS)
    assert {f"tab_{tab.id}" for tab in TABS} <= set(BY_NAME)


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.id)
async def test_the_key_of_a_tab_shows_its_pane(tab: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", [message(0, "go"), run(1), ran(2, 1)])
    async with opened(path) as screen:
        await screen.press(str(tab.key))
        await screen.settle()
        assert screen.app.screen.side.active.id == tab.id
        assert screen.app.screen.side.active.display
