"""`trajtui branches`: those that are kept of a recording; save one, delete one, delete old ones."""

from __future__ import annotations

import click

from trajcore import BadInput, Trajectory
from trajcore.views import branches as views
from trajcore.views import ownbranches as own
from trajcore.views.exports.listing import json_line
from trajtui.commands import paint
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
    compare: tuple[str, str] | None,
    prune: bool,
    days: int,
) -> None:
    """Do what is asked for. Raises `BadInput`."""
    if prune:
        _prune(file, row, days, as_json=as_json)
        return
    if file is None:
        raise BadInput("name a recording, or thin those of all recordings with --prune.")
    if compare is not None:
        _compare(open_to_show(file, row), *compare, as_json=as_json)
    elif save is not None:
        _save(file, row, *save, as_json=as_json)
    elif delete is not None:
        views.kept_named(file, delete, row).remove()
        if as_json:
            tell_object({"deleted": delete})
        else:
            done(f"deleted {delete}")
    else:
        _list(file, row, as_json=as_json)


def _list(file: str, row: str | None, *, as_json: bool) -> None:
    trajectory = open_to_show(file, row)
    listed = views.objects(trajectory, views.kept_of(file, row))
    if as_json:
        for one in (*listed, *own.own_objects(trajectory)):
            click.echo(json_line(one))
        return
    for line in views.lines(listed):
        click.echo(line)
    found = own.own_branches(trajectory)
    if found:
        click.echo(paint.heading("Its own, by their last events:"))
        for line in views.columns(own.own_rows(found)):
            click.echo(line)


def _compare(trajectory: Trajectory, one: str, other: str, *, as_json: bool) -> None:
    lines = list(own.compared(trajectory, one, other))
    if as_json:
        tell_object({"compared": [one, other], "lines": lines})
        return
    for line in lines:
        click.echo(paint.difference(line))


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
