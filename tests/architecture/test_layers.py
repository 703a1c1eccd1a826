"""What the screen may know of the engine: its public names, `trajcore.text` and `trajcore.views`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import trajcore
from program import ROOT

SCREEN = ROOT / "tui" / "trajtui"


def imports(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The modules of the engine that a file imports, and the names it takes from each."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "trajcore":
            yield node.module or "", tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((one.name, ()) for one in node.names if one.name.partition(".")[0] == "trajcore")


@pytest.mark.parametrize("path", sorted(SCREEN.rglob("*.py")), ids=lambda path: str(path.relative_to(SCREEN)))
def test_the_screen_takes_public_names_texts_and_views_alone(path: Path) -> None:
    for module, names in imports(path):
        if module == "trajcore":
            assert set(names) <= set(trajcore.__all__) | {"views", "text"}, path
        else:
            assert module == "trajcore.text" or f"{module}.".startswith("trajcore.views."), (path, module)


def test_no_view_draws_anything() -> None:
    for path in (ROOT / "core" / "trajcore" / "views").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert not {"rich", "textual"} & {
            name.partition(".")[0]
            for node in ast.walk(ast.parse(source))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }, path
