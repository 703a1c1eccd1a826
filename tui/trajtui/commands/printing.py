"""What `trajtui replay` prints on standard output: lines to read, or JSON objects."""

from __future__ import annotations

import sys
from typing import Any, Protocol

import click

from trajcore import Report, Session, notices
from trajcore.text import safe_line
from trajcore.views import livelines, runobjects
from trajcore.views.additions import Additions, is_spoken
from trajcore.views.exports.listing import json_line
from trajcore.views.marks import step_line
from trajcore.views.speech import Speech


class Printing(Protocol):
    """Prints a run as it happens."""

    def show(self, notice: notices.Notice) -> None:
        """Print what a session has told, if it is to be printed."""

    def break_off(self) -> None:
        """End the line that is being written: something else comes."""

    def end_live(self) -> None:
        """Print what the model's turns came to, where it had any."""

    def end(self, report: Report, *, strict: bool) -> None:
        """Print what the run came to."""


class Lines:
    """Lines to read; on a terminal the model's text appears as it comes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._additions = Additions(session)
        self._speech = Speech(whole_lines=not sys.stdout.isatty())

    def show(self, notice: notices.Notice) -> None:
        """See `Printing.show`."""
        for addition in self._additions.told_by(notice):
            if not is_spoken(addition):
                click.echo("\n".join(livelines.addition_lines(addition)))
        match notice:
            case notices.StepDone(result):
                trajectory = self._session.trajectory
                index = trajectory.index_of_uid(result.uid)
                if index is not None:
                    click.echo(step_line(trajectory.label(index), result, trajectory.head(index).summary()))
            case notices.ModelText(text, fresh):
                if fresh:
                    self.break_off()
                _write(self._speech.more(text))
            case notices.ModelReplied():
                self.break_off()
                click.echo(livelines.reply_line(notice))

    def break_off(self) -> None:
        """See `Printing.break_off`."""
        _write(self._speech.end())

    def end_live(self) -> None:
        """See `Printing.end_live`."""
        self.break_off()
        outcome = self._session.live_outcome
        if outcome is not None:
            click.echo(livelines.outcome_line(outcome))

    def end(self, report: Report, *, strict: bool) -> None:
        """See `Printing.end`."""
        if report.stopped_before is not None:
            click.echo(f"paused before event {report.stopped_before}")
        if report.steps or report.failure is None:
            emptied = f" · {report.emptied}" if strict and report.emptied else ""
            click.echo(safe_line(f"{report.summary}{emptied}"))


class Objects:
    """One JSON object a line."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._additions = Additions(session)

    def show(self, notice: notices.Notice) -> None:
        """See `Printing.show`."""
        for addition in self._additions.told_by(notice):
            _print(runobjects.addition_object(addition))
        match notice:
            case notices.StepDone(result):
                index = self._session.trajectory.index_of_uid(result.uid)
                if index is not None:
                    _print(runobjects.step_object(self._session, index, result))
            case notices.ModelText():
                _print(runobjects.text_object(notice))
            case notices.ModelReplied():
                _print(runobjects.reply_object(notice))

    def break_off(self) -> None:
        """No line is ever left open."""

    def end_live(self) -> None:
        """See `Printing.end_live`."""
        outcome = self._session.live_outcome
        if outcome is not None:
            _print(runobjects.outcome_object(outcome))

    def end(self, report: Report, *, strict: bool) -> None:
        """See `Printing.end`; nothing of it depends on what counts as a failure."""
        _print(runobjects.report_object(report))


def _write(text: str) -> None:
    if text:
        click.echo(text, nl=False)


def _print(value: dict[str, Any]) -> None:
    click.echo(json_line(value))
