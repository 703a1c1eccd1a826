"""`trajtui doctor`: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import click

from trajcore import load_config
from trajcore.text import safe
from trajcore.views import doctor as views


def doctor(options: Mapping[str, Any]) -> int:
    """Print what was found, or remove what was left; 0 when actions can be executed here, else 3.

    Raises `BadInput`.
    """
    if options.get("clean"):
        return _clean()
    return asyncio.run(_doctor(options))


async def _doctor(options: Mapping[str, Any]) -> int:
    executes = False
    async for fact in views.facts(load_config(options)):
        click.echo(safe(f"{'ok' if fact.good else '--'}  {fact.what:<11} {fact.text}"))
        executes = fact.good if fact.what == views.CHOSEN else executes
    return 0 if executes else 3


def _clean() -> int:
    removed = views.removed_leftovers()
    for one in removed:
        click.echo(safe(f"removed {one}"))
    if not removed:
        click.echo("nothing was left behind")
    return 0
