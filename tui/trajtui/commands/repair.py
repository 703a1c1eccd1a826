"""`trajtui repair`: what keeps a recording's own program from taking it, mended, and what was done said."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from trajcore import BadInput, Trajectory
from trajcore.text import safe_line
from trajcore.views.checks import (
    Finding,
    Mended,
    checking,
    copied,
    finding_line,
    finding_object,
    is_error,
    mended_line,
    mended_object,
    mending,
)
from trajtui.commands import paint
from trajtui.commands.edit import print_recording
from trajtui.commands.reading import open_to_show
from trajtui.grammar import STANDARD
from trajtui.manner import done, note, tell_object


def repair(
    file: str,
    row: str | None,
    *,
    output: str | None,
    in_place: bool,
    dry_run: bool,
    everything: bool,
    as_json: bool,
) -> int:
    """Mend a recording; the exit code: 1 where an error is left. Raises `BadInput`."""
    _check(file, output, in_place=in_place, dry_run=dry_run, as_json=as_json)
    trajectory = open_to_show(file, row)
    mended = list(mending(trajectory, warnings=everything))
    saved, copy = None, None
    if in_place and mended:
        copy = _save_in_place(trajectory, Path(file))
        saved = file
    elif output == STANDARD:
        print_recording(trajectory)
    elif output is not None:
        saved = str(trajectory.save(Path(output)))
        # What is wrong with it in its new place alone: a conversation goes by the name of its directory.
        there = list(mending(trajectory))
        if there:
            trajectory.save()
            mended += there
    left = checking(trajectory)().findings
    if as_json:
        tell_object(
            {
                "file": file,
                "mended": [mended_object(one) for one in mended],
                "left": [finding_object(trajectory, finding) for finding in left],
                "saved": saved,
                "copy": None if copy is None else str(copy),
                "summary": _summary(mended, left),
            }
        )
    else:
        _tell(trajectory, mended, left, beside=output == STANDARD)
        _tell_where(saved, copy, is_needed=bool(mended) and output is None)
    return int(any(map(is_error, left)))


def _check(file: str, output: str | None, *, in_place: bool, dry_run: bool, as_json: bool) -> None:
    """Refuse what does not go together. Raises `BadInput`."""
    if output == STANDARD and as_json:
        raise BadInput("--json and -o - both go to standard output: name a file for the recording.")
    if output is not None and in_place:
        raise BadInput("--in-place writes the recording itself: it takes no -o.")
    if in_place and file == "-":
        raise BadInput("--in-place writes the recording itself: it takes a file.")
    if dry_run and (in_place or output is not None):
        raise BadInput("--dry-run writes nothing: it takes no -o and no --in-place.")
    if output is not None and os.path.exists(file) and os.path.realpath(file) == os.path.realpath(output):
        raise BadInput(f"{output} is the recording itself: say --in-place, which keeps a copy.")


def _save_in_place(trajectory: Trajectory, path: Path) -> Path:
    """Save it where it is, and the copy of how it was. Raises `BadInput`."""
    job = trajectory.saving()
    copy = copied(path)
    try:
        job.write()
    finally:
        trajectory.saved(job)
    return copy


def _tell(trajectory: Trajectory, mended: Sequence[Mended], left: Sequence[Finding], *, beside: bool) -> None:
    """Say what was done; on standard error `beside` the recording."""
    for one in mended:
        click.echo(paint.finding(mended_line(one)), err=beside)
    for finding in left:
        click.echo(paint.finding(f"{finding_line(trajectory, finding)}  (left as it is)"), err=beside)
    click.echo(_summary(mended, left), err=beside)


def _tell_where(saved: str | None, copy: Path | None, *, is_needed: bool) -> None:
    if copy is not None:
        done(f"kept as it was: {safe_line(str(copy))}")
    if saved is not None:
        done(f"saved {safe_line(saved)}")
    elif is_needed:
        note("nothing was written: -o OUT writes it there, --in-place in its own place, after a copy.")


def _summary(mended: Sequence[Mended], left: Sequence[Finding]) -> str:
    """What was done, in one sentence."""
    errors = sum(map(is_error, left))
    words = [f"{_count(len(mended), 'fault')} mended"] * bool(mended)
    words += [f"{_count(errors, 'fault')} left"] * bool(errors)
    warnings = len(left) - errors
    offered = " (--all mends what can be)" * any(one.repair and not is_error(one) for one in left)
    words += [f"{_count(warnings, 'warning')} left{offered}"] * bool(warnings)
    return ", ".join(words) or "nothing wrong was found: it is left as it is"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
