"""`trajtui show`: the timeline as text, or as one JSON object a line."""

from __future__ import annotations

import click

from trajcore import Trajectory
from trajcore.text import safe_line
from trajcore.views.exports import export
from trajtui.commands.reading import open_to_show


def show(file: str, row: str | None, *, as_json: bool, checking: bool = False, world: bool = False) -> int:
    """Print every event of a recording, what is wrong with it, or what names its world; the exit code.

    Raises `BadInput`.
    """
    trajectory = open_to_show(file, row)
    if world:
        return _show_world(trajectory, as_json=as_json)
    if checking:
        return _show_findings(trajectory, as_json=as_json)
    for fault in trajectory.faults:
        click.echo(safe_line(f"trajtui: {file}: {fault}"), err=True)
    for line in export(trajectory, "json" if as_json else "text"):
        click.echo(line)
    return 0


def _show_world(trajectory: Trajectory, *, as_json: bool) -> int:
    """One line a fact, or one object."""
    from trajcore.views.exports.listing import json_line
    from trajcore.views.worlds import fact_lines, fact_object

    for line in [json_line(fact_object(trajectory))] if as_json else fact_lines(trajectory):
        click.echo(line)
    return 0


def _show_findings(trajectory: Trajectory, *, as_json: bool) -> int:
    """One line a finding; 1 where there is an error among them, not only warnings."""
    from trajcore.views.checks import checking, finding_line, finding_object
    from trajcore.views.exports.listing import json_line

    found = checking(trajectory)()
    for finding in found.findings:
        click.echo(
            json_line(finding_object(trajectory, finding)) if as_json else finding_line(trajectory, finding)
        )
    if not as_json:
        click.echo(found.summary)
    return int(found.has_errors)
