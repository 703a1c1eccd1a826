"""`trajtui show`: the timeline as text, or as one JSON object a line, and other views of a recording."""

from __future__ import annotations

import click

from trajcore import BadInput, Trajectory, load_config, settings_from
from trajcore.text import safe_line
from trajcore.views.exports import export
from trajtui.commands.reading import open_to_show
from trajtui.commands.running import run


def show(
    file: str,
    row: str | None,
    *,
    as_json: bool,
    check: bool,
    world: bool,
    messages: bool,
    at: str | None,
    model: str | None,
) -> int:
    """Print every event of a recording, what is wrong with it, what names its world, or what a model would
    be sent; the exit code.

    Raises `BadInput`, `ModelUnavailable`.
    """
    if not messages and (at is not None or model is not None):
        raise BadInput("--at and --model go with --messages: trajtui show FILE --messages --at ID.")
    trajectory = open_to_show(file, row)
    if messages:
        return _show_messages(trajectory, at, model, as_json=as_json)
    if world:
        return _show_world(trajectory, as_json=as_json)
    if check:
        return _show_findings(trajectory, as_json=as_json)
    for fault in trajectory.faults:
        click.echo(safe_line(f"trajtui: {file}: {fault}"), err=True)
    for line in export(trajectory, "json" if as_json else "text"):
        click.echo(line)
    return 0


def _show_messages(trajectory: Trajectory, at: str | None, model: str | None, *, as_json: bool) -> int:
    """The messages to read, or one object."""
    from trajcore.views.exports.listing import json_line
    from trajcore.views.prompt import prompt_before, prompt_lines, prompt_object

    options = {"model": model}
    settings = settings_from(load_config(options), options)
    end = len(trajectory) if at is None else trajectory.resolve(at)
    prompt = run(prompt_before(trajectory, end, settings))
    for line in [json_line(prompt_object(prompt))] if as_json else prompt_lines(prompt):
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
