"""`trajtui fork`: the same step with several models, each in a world of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from trajcore import BadInput, Forked, Session, afork, notices
from trajcore import options as table
from trajcore.text import safe_line
from trajcore.views import forks, livelines
from trajtui.commands import paint
from trajtui.commands.asking import ask_on_terminal, can_ask
from trajtui.commands.choosing import passed_on, settings_to_go_back
from trajtui.commands.printing import Lines
from trajtui.commands.replay import Told
from trajtui.commands.running import run
from trajtui.manner import manner, tell_object, trace


def fork(file: str, options: Mapping[str, Any]) -> int:
    """Go on from one event with each model, and return the exit code. Raises `TrajError`."""
    if options["at"] is None:
        raise BadInput("name the event to go on from: --at ID.")
    settings = settings_to_go_back(options)
    passed = passed_on(afork, table.FORK, options)
    told = _Told(as_json=options["as_json"], quiet=manner().quiet)
    ask = ask_on_terminal if can_ask() else None
    try:
        work = afork(
            file, settings=settings, on_session=told.begin, on_question=ask, on_result=told.came, **passed
        )
        results = run(work)
    finally:
        told.end_progress()
        told.end_all()
    return forks.exit_code(results)


class _Told(Told):
    """Has the models' work printed as it happens, then the table; or, as JSON, an object a model."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        super().__init__(Lines, quiet=quiet or as_json)
        self._as_json = as_json
        self._results: list[Forked] = []

    def begin(self, session: Session) -> None:
        """Print what the session tells from now on, and which branch it is of."""
        super().begin(session)
        if not self._quiet:
            session.subscribe(self._head)

    def _head(self, notice: notices.Notice) -> None:
        if isinstance(notice, notices.BranchChanged) and not self._session.branches.present.is_recorded:
            click.echo(safe_line(f"⎇ {notice.name}"))

    def came(self, result: Forked) -> None:
        """One model is through."""
        if result.failure is not None:
            trace(result.failure)
        self._results.append(result)
        if self._as_json:
            tell_object(result.to_dict())
        elif not self._quiet:
            self.end_live()
            for line in livelines.tried_lines(result.tried) if result.tried is not None else ():
                click.echo(line)

    def end_all(self) -> None:
        """Print the table of those that are through, and where they part."""
        if not self._as_json:
            head, *rows = forks.table(self._results) or [""]
            for line in (*([paint.heading(head)] if head else []), *rows, *forks.partings(self._results)):
                click.echo(line)
