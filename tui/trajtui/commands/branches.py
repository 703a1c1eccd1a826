"""`trajtui branches`: those that are kept of a recording; save one, delete one, delete old ones."""

from __future__ import annotations

from pathlib import Path

import click

from trajcore import BadInput
from trajcore.text import safe_line
from trajcore.views import branches as views
from trajcore.views.exports.listing import json_line
from trajtui.commands.reading import open_to_show


def branches(
    file: str | None,
    row: str | None,
    *,
    as_json: bool,
    save: tuple[str, str] | None,
    delete: str | None,
    prune: bool,
    days: int,
) -> None:
    """Do what is asked for. Raises `BadInput`."""
    if prune:
        _prune(file, row, days)
        return
    if file is None:
        raise BadInput("name a recording, or thin those of all recordings with --prune.")
    if save is not None:
        name, out = save
        views.save(views.kept_named(file, name, row), Path(out))
        click.echo(safe_line(f"saved {out}"))
    elif delete is not None:
        views.kept_named(file, delete, row).remove()
        click.echo(safe_line(f"deleted {delete}"))
    else:
        listed = views.objects(open_to_show(file, row), views.kept_of(file, row))
        for line in map(json_line, listed) if as_json else views.lines(listed):
            click.echo(line)


def _prune(file: str | None, row: str | None, days: int) -> None:
    count = freed = 0
    for one in views.pruned(file, row, days):
        click.echo(safe_line(f"deleted {one.name} of {one.origin.recording} ({views.size(one.size)})"))
        count, freed = count + 1, freed + one.size
    left, taken = views.on_disk()
    click.echo(
        f"{count} deleted, {views.size(freed)} freed; {left} kept ({views.size(taken)}) in {views.place()}"
    )
