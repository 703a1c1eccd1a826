"""`trajtui show`: the timeline as text, or as one JSON object a line, and other views of a recording."""

from __future__ import annotations

from itertools import islice
from typing import Final

import click

from trajcore import BadInput, Trajectory, load_config, settings_from
from trajcore.text import safe_line
from trajcore.views.exports.listing import json_lines, text_lines
from trajtui.commands import paint
from trajtui.commands.reading import open_to_show
from trajtui.commands.running import run
from trajtui.manner import tell_object, warn

_AT_ONCE: Final = 100
"""So many lines are written at a time."""


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
        warn(safe_line(f"{file}: {fault}"))
    lines = iter((json_lines if as_json else text_lines)(trajectory))
    while some := [line if as_json else paint.event(line) for line in islice(lines, _AT_ONCE)]:
        click.echo("\n".join(some))
    return 0


def _show_messages(trajectory: Trajectory, at: str | None, model: str | None, *, as_json: bool) -> int:
    """The messages to read, or one object."""
    from trajcore.views.prompt import prompt_before, prompt_lines, prompt_object

    options = {"model": model}
    settings = settings_from(load_config(options), options)
    end = len(trajectory) if at is None else trajectory.resolve(at)
    prompt = run(prompt_before(trajectory, end, settings))
    if as_json:
        tell_object(prompt_object(prompt))
        return 0
    for line in prompt_lines(prompt):
        click.echo(line)
    return 0


def _show_world(trajectory: Trajectory, *, as_json: bool) -> int:
    """One line a fact, or one object."""
    from trajcore.views.worlds import fact_lines, fact_object

    if as_json:
        tell_object(fact_object(trajectory))
        return 0
    for line in fact_lines(trajectory):
        click.echo(line)
    return 0


def _show_findings(trajectory: Trajectory, *, as_json: bool) -> int:
    """One line a finding, or one object; 1 where there is an error among them, not only warnings."""
    from trajcore.views.checks import checking, finding_line, findings_object

    found = checking(trajectory)()
    if as_json:
        tell_object(findings_object(trajectory, found))
        return int(found.has_errors)
    for finding in found.findings:
        click.echo(paint.finding(finding_line(trajectory, finding)))
    click.echo(found.summary)
    return int(found.has_errors)
