"""A real terminal, for every test of the screen that asks for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet

from terminal import terminal

__all__ = ["terminal"]


@pytest.fixture(autouse=True, scope="session")
def style_sheets_are_parsed_once() -> Iterator[None]:
    """Every program, and every dialog with styles of its own, would have all of them parsed anew."""
    parse = Stylesheet.parse
    parsed: defaultdict[frozenset[tuple[str, str]], dict[Any, Any]] = defaultdict(dict)

    def parse_once(sheet: Stylesheet) -> None:
        own, sheet._parse_cache = sheet._parse_cache, parsed[frozenset(sheet._variables.items())]
        try:
            parse(sheet)
        finally:
            sheet._parse_cache = own

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "parse", parse_once)
        yield
