"""What stands in a file of its own has its row: whoever adds something and forgets a part is told."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Iterator
from dataclasses import fields
from types import ModuleType
from typing import Any

import pytest

import trajcore.sandbox
import trajcore.views
import trajcore.views.exports
import trajtui.widgets
from documents import of_commands
from program import ROOT
from trajcore import Session, Trajectory, notices
from trajcore.config import LLM
from trajcore.errors import EXIT_CODES, TrajError
from trajcore.live.modelsettings import ModelSettings
from trajcore.options import KEYS, OPTIONS
from trajcore.sandbox.registry import SANDBOXES
from trajcore.views.blocks import Block
from trajcore.views.exports import EXPORTS, LISTINGS
from trajtui.widgets.event import EventPane, RowPane
from trajtui.widgets.folding import FoldingPane
from trajtui.widgets.lines import LinePane
from trajtui.widgets.paced import PacedPane
from trajtui.widgets.side import TABS
from trajtui.widgets.timeline import TimelineView

RUNS_IN_SANDBOXES = "trajcore.sandbox.notebook.kernel."


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """All modules of a package, such as run elsewhere left out."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.startswith(RUNS_IN_SANDBOXES):
            yield importlib.import_module(found.name)


def own(package: ModuleType, what: Any) -> Iterator[Any]:
    """The public classes or functions that the modules of a package define."""
    for module in modules(package):
        for name, member in inspect.getmembers(module, what):
            if member.__module__ == module.__name__ and not name.startswith("_"):
                yield member


def returned(function: Any) -> str:
    return str(inspect.signature(function).return_annotation)


def test_every_sandbox_has_a_row() -> None:
    classes = own(trajcore.sandbox, inspect.isclass)
    made = {one.kind for one in classes if isinstance(vars(one).get("kind"), str)}
    assert made == {row.name for row in SANDBOXES.at_hand()}


def test_every_export_has_a_row() -> None:
    found = own(trajcore.views.exports, inspect.isfunction)
    lines = {function for function in found if returned(function) == "Iterator[str]"}
    assert lines == {row.write for row in (*LISTINGS, *EXPORTS)}


def test_every_view_of_a_row_and_every_pane_has_a_tab() -> None:
    views = {
        function
        for function in own(trajcore.views, inspect.isfunction)
        if returned(function) == f"tuple[{Block.__name__}, ...]"
        and list(inspect.signature(function).parameters) == ["session", "row"]
    }
    session = Session(Trajectory.from_bytes(of_commands("ls")))
    made = [tab.pane(session) for tab in TABS]
    assert views == {pane.view for pane in made if isinstance(pane, RowPane)}
    panes = {one for one in own(trajtui.widgets, inspect.isclass) if issubclass(one, LinePane)}
    assert panes == {LinePane, FoldingPane, PacedPane, EventPane, TimelineView, *map(type, made)}


def named_elsewhere() -> set[str]:
    """Texts, parameters and arguments, outside of the table of options."""
    found: set[str] = set()
    for path in (*(ROOT / "core").rglob("*.py"), *(ROOT / "tui").rglob("*.py")):
        if path.name != "options.py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Constant(str(text)):
                        found.add(text)
                    case ast.arg(name):
                        found.add(name)
    return found


def test_every_option_and_every_setting_is_read() -> None:
    named = named_elsewhere()
    assert {option.keyword for option in OPTIONS if option.key is None} <= named
    assert {key.name for key in KEYS if key.section != LLM} <= named
    of_models = {key.written for key in KEYS if key.section == LLM} | {"own_prompt"}
    assert of_models == {one.name for one in fields(ModelSettings)}
    assert {option.key for option in OPTIONS if option.key is not None} <= {key.name for key in KEYS}


@pytest.mark.parametrize("error", [TrajError, *TrajError.__subclasses__()], ids=lambda error: error.__name__)
def test_every_error_has_an_exit_code_of_the_table(error: type[TrajError]) -> None:
    assert error.exit_code in EXIT_CODES


def test_every_notice_is_among_those_that_are_told() -> None:
    classes = [one for _, one in inspect.getmembers(notices, inspect.isclass)]
    made = {one for one in classes if one.__module__ == notices.__name__}
    assert made == {notices.Made, *typing.get_args(notices.Notice)}
