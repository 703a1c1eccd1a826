"""What `trajtui replay` prints on standard output: lines to read, or JSON objects."""

from __future__ import annotations

import sys
from typing import Protocol

import click

from trajcore import Report, Session, notices
from trajcore.text import safe_line
from trajcore.views import livelines, runobjects, said
from trajcore.views.additions import Additions, is_spoken
from trajcore.views.marks import step_line
from trajcore.views.speech import Speech
from trajtui.commands import paint
from trajtui.manner import tell_object


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
    """Lines to read; on a terminal the model's text appears as it comes.

    They are printed on standard error where standard output has something else (`beside`).
    """

    def __init__(self, session: Session, *, beside: bool = False) -> None:
        self._beside = beside
        self._session = session
        self._additions = Additions(session)
        self._speech = Speech(whole_lines=not (sys.stderr if beside else sys.stdout).isatty())
        self._last = ""
        """What the last step is called."""
        self._breakpoint = ""
        """Which condition stopped the replay."""

    def show(self, notice: notices.Notice) -> None:
        """See `Printing.show`."""
        for addition in self._additions.told_by(notice):
            if not is_spoken(addition):
                self._print("\n".join(map(paint.marked, livelines.addition_lines(addition))))
        match notice:
            case notices.StepDone(result):
                trajectory = self._session.trajectory
                index = trajectory.index_of_uid(result.uid)
                if index is not None:
                    summary = trajectory.head(index).summary()
                    self._last = trajectory.label(index)
                    self._print(paint.marked(step_line(self._last, result, summary)))
            case notices.Stopped():
                self._breakpoint = said.of_condition(notice, self._last)
            case notices.ModelText(text, fresh):
                if fresh:
                    self.break_off()
                self._write(self._speech.more(text))
            case notices.ModelReplied():
                self.break_off()
                self._print(livelines.reply_line(notice))

    def break_off(self) -> None:
        """See `Printing.break_off`."""
        self._write(self._speech.end())

    def end_live(self) -> None:
        """See `Printing.end_live`."""
        self.break_off()
        outcome = self._session.live_outcome
        if outcome is not None:
            self._print(livelines.outcome_line(outcome))

    def end(self, report: Report, *, strict: bool) -> None:
        """See `Printing.end`."""
        if report.stopped_before is not None:
            why = f": {self._breakpoint}" * bool(self._breakpoint)
            self._print(safe_line(f"paused before event {report.stopped_before}{why}"))
        if report.steps or report.failure is None:
            emptied = f" · {report.emptied}" if strict and report.emptied else ""
            self._print(safe_line(f"{report.summary}{emptied}"))

    def _print(self, line: str) -> None:
        click.echo(line, err=self._beside)

    def _write(self, text: str) -> None:
        if text:
            click.echo(text, nl=False, err=self._beside)


class Objects:
    """One JSON object a line."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._additions = Additions(session)

    def show(self, notice: notices.Notice) -> None:
        """See `Printing.show`."""
        for addition in self._additions.told_by(notice):
            tell_object(runobjects.addition_object(addition))
        match notice:
            case notices.StepDone(result):
                index = self._session.trajectory.index_of_uid(result.uid)
                if index is not None:
                    tell_object(runobjects.step_object(self._session, index, result))
            case notices.ModelText():
                tell_object(runobjects.text_object(notice))
            case notices.ModelReplied():
                tell_object(runobjects.reply_object(notice))

    def break_off(self) -> None:
        """No line is ever left open."""

    def end_live(self) -> None:
        """See `Printing.end_live`."""
        outcome = self._session.live_outcome
        if outcome is not None:
            tell_object(runobjects.outcome_object(outcome))

    def end(self, report: Report, *, strict: bool) -> None:
        """See `Printing.end`; nothing of it depends on what counts as a failure."""
        tell_object(runobjects.report_object(report))
