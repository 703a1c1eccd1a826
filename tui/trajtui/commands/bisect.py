"""`trajtui bisect`: the step after which a command's verdict is the other one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import click

from trajcore import Bisected, Bisecting, Report, Session, Visit, abisect, notices
from trajcore import options as table
from trajcore.text import safe_line
from trajcore.views import bisects
from trajtui.commands import paint
from trajtui.commands.choosing import passed_on, settings_to_go_back
from trajtui.commands.replay import Told
from trajtui.commands.running import run
from trajtui.manner import manner, tell_object


def bisect(file: str, options: Mapping[str, Any]) -> int:
    """Find the step, and return the exit code: 1 where it was not found. Raises `TrajError`."""
    settings = settings_to_go_back(options)
    passed = passed_on(abisect, table.BISECT, {**options, "command": options["command"] or ""})
    told = _Told(file, as_json=options["as_json"], quiet=manner().quiet)
    try:
        found = run(
            abisect(
                file, settings=settings, on_session=told.begin, on_search=told.search, on_visit=told.visited,
                **passed,
            )
        )  # fmt: skip
    finally:
        told.end_progress()
    told.found(found)
    return 0 if found.first is not None else 1


class _Told(Told):
    """Has each verdict printed as it comes, then the step; or, as JSON, one object at the end."""

    def __init__(self, file: str, *, as_json: bool, quiet: bool) -> None:
        super().__init__(_Nothing, quiet=quiet or as_json)
        self._file = file
        self._as_json = as_json

    def begin(self, session: Session) -> None:
        """A session is there."""
        super().begin(session)
        self._recording, self._steps = session.trajectory, session.step_count

    def search(self, search: Bisecting) -> None:
        """It is known what is in question."""
        if not self._quiet:
            self._note(f"{search.steps} step{'s' * (search.steps != 1)} in question")

    def visited(self, visit: Visit) -> None:
        """A verdict."""
        if not self._quiet:
            self.clear()
            click.echo(paint.verdict(bisects.visit_line(visit, self._recording, self._steps)))

    def found(self, found: Bisected) -> None:
        """What it came to."""
        if self._as_json:
            tell_object(bisects.to_dict(found, self._recording))
            return
        head, *rest = bisects.lines(found, self._recording, self._steps)
        click.echo(paint.heading(head))
        for line in rest:
            click.echo(paint.INDENT + paint.difference(line.removeprefix(paint.INDENT)))
        place = bisects.next_event(found, self._recording)
        if place is not None and self._file != "-":
            click.echo(safe_line(f"{paint.INDENT}trajtui {shlex.quote(self._file)} --at {place}"))


class _Nothing:
    """Prints no step of the run that is searched; see `Printing`."""

    def __init__(self, session: Session) -> None:
        pass

    def show(self, notice: notices.Notice) -> None:
        """Nothing."""

    def break_off(self) -> None:
        """No line is ever left open."""

    def end_live(self) -> None:
        """No model is asked."""

    def end(self, report: Report, *, strict: bool) -> None:
        """Nothing."""
