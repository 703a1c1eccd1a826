"""`trajtui branches`: those that are kept of a recording; save one, delete one, delete old ones."""

from __future__ import annotations

import click

from trajcore import BadInput
from trajcore.views import branches as views
from trajcore.views.exports.listing import json_line
from trajtui.commands.reading import open_to_show
from trajtui.grammar import STANDARD, output_path
from trajtui.manner import done, tell_object


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
        _prune(file, row, days, as_json=as_json)
        return
    if file is None:
        raise BadInput("name a recording, or thin those of all recordings with --prune.")
    if save is not None:
        _save(file, row, *save, as_json=as_json)
    elif delete is not None:
        views.kept_named(file, delete, row).remove()
        if as_json:
            tell_object({"deleted": delete})
        else:
            done(f"deleted {delete}")
    else:
        listed = views.objects(open_to_show(file, row), views.kept_of(file, row))
        for line in map(json_line, listed) if as_json else views.lines(listed):
            click.echo(line)


def _save(file: str, row: str | None, name: str, out: str, *, as_json: bool) -> None:
    printed = out == STANDARD
    if printed and as_json:
        raise BadInput("--json and --save NAME - both go to standard output: name a file for the branch.")
    views.save(views.kept_named(file, name, row), output_path(out))
    if as_json:
        tell_object({"saved": out, "branch": name})
    else:
        done(f"saved {out}", beside=printed)


def _prune(file: str | None, row: str | None, days: int, *, as_json: bool) -> None:
    deleted, freed = [], 0
    for one in views.pruned(file, row, days):
        deleted.append({"name": one.name, "recording": str(one.origin.recording), "bytes": one.size})
        freed += one.size
        if not as_json:
            done(f"deleted {one.name} of {one.origin.recording} ({views.size(one.size)})")
    left, taken = views.on_disk()
    if as_json:
        tell_object({"deleted": deleted, "freed": freed, "kept": left, "bytes": taken})
        return
    count = len(deleted)
    click.echo(
        f"{count} deleted, {views.size(freed)} freed; {left} kept ({views.size(taken)}) in {views.place()}"
    )
