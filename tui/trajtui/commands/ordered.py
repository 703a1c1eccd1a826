"""Options of the command line whose order counts, also between different ones."""

from __future__ import annotations

from typing import Any, Final

import click

TYPED: Final = "trajtui.typed"
"""Where a command finds them: a list of (name of the parameter, its values), as they were typed."""


class InOrder(click.Command):
    """A command that keeps its repeatable options in the order in which they were typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As usual, and beside it what was typed in which order."""
        values, _, order = self.make_parser(ctx).parse_args(list(args))
        waiting: dict[str, list[Any]] = {}
        typed: list[tuple[str, tuple[str, ...]]] = []
        for parameter in order:
            name = parameter.name or ""
            if isinstance(parameter, click.Option) and parameter.multiple:
                value = waiting.setdefault(name, list(values[name])).pop(0)
                typed.append((name, tuple(value) if parameter.nargs > 1 else (value,)))
        ctx.meta[TYPED] = typed
        return super().parse_args(ctx, args)
