"""Writes the reference tables of the pages beside it anew, from the tables of the code.

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`. `tests/docs` fails where one is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from trajcore.options import session_options
from trajcore.sandbox.registry import sandbox_names

HERE: Final = Path(__file__).resolve().parent


def options_table() -> str:
    """The options that say in what world a replay happens."""
    rows = [f"| `{row.keyword}` | `{row.name}` | {row.what} |" for row in session_options()]
    rows = [row.replace("{sandboxes}", ", ".join(sandbox_names())) for row in rows]
    return "\n".join(["| keyword | option | does |", "| --- | --- | --- |", *rows])


TABLES: Final[dict[str, Callable[[], str]]] = {"options": options_table}


def with_tables(page: str) -> str:
    """A page with its tables as they should be."""

    def made(found: re.Match[str]) -> str:
        return f"<!-- {found[1]} -->\n{TABLES[found[1]]()}\n<!-- /{found[1]} -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", made, page, flags=re.DOTALL)


def main() -> None:
    """Write every page of this directory anew."""
    for path in sorted(HERE.glob("*.md")):
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
