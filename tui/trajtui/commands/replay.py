"""`trajtui replay`: the same session as the screen's, driven without one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace as with_changes
from functools import partial
from typing import Any, Final

import click

from trajcore import BadInput, Report, Session, areplay, load_config, notices, settings_from
from trajcore import options as table
from trajcore.text import safe, safe_line
from trajcore.views import worlds
from trajtui.commands.asking import ask_on_terminal, ask_when_stuck, can_ask
from trajtui.commands.choosing import passed_on, warn_of
from trajtui.commands.printing import Lines, Objects, Printing
from trajtui.commands.progress import ProgressLine, can_be_shown
from trajtui.commands.running import run
from trajtui.grammar import is_output_taken
from trajtui.manner import manner, trace

_LONG: Final = 3.0
"""Seconds after which a step that is still carried out is named."""
_UNPRINTED: Final = notices.Output | notices.Progress
"""What comes often, and is not printed."""


def replay(file: str | None, options: Mapping[str, Any]) -> int:
    """Replay a recording and return the exit code. Raises `TrajError` where it cannot be done."""
    config = load_config(options)
    file = file or config.get("replay_trajectory_path")
    save_to = config.save_path(file) if file else None
    warn_of(config)
    if not file:
        raise BadInput("name a recording to replay (or set replay_trajectory_path in config.toml).")
    settings = with_changes(
        settings_from(config, options), save_to=save_to, keep_choices=True, keep_branches=True
    )
    passed = passed_on(areplay, table.REPLAY, options)
    beside = is_output_taken()
    if beside and options["as_json"]:
        raise BadInput("--json goes to standard output too: name a file in the place of `-`.")
    make: Callable[[Session], Printing] = Objects if options["as_json"] else partial(Lines, beside=beside)
    told = Told(make, quiet=manner().quiet)
    ask, ask_stuck = (ask_on_terminal, ask_when_stuck) if can_ask() else (None, None)
    try:
        work = areplay(
            file, settings=settings, on_session=told.begin, on_question=ask, on_stuck=ask_stuck, **passed
        )
        report = run(work)
    finally:
        told.end_progress()
        told.end_live()
    told.end(report, strict=options["strict"])
    return report.exit_code(strict=options["strict"])


class Told:
    """Has what a session tells printed: what happens on stdout, what the user must know on stderr."""

    def __init__(self, make: Callable[[Session], Printing], *, quiet: bool) -> None:
        """`make` says how it is printed once there is a session; `quiet`: only what it all came to."""
        self._make = make
        self._printing: Printing | None = None
        self._quiet = quiet
        self._progress = ""
        self._offered = False
        """Whether it has been said what could be had instead of a bare sandbox."""
        self._waiting: asyncio.TimerHandle | None = None
        self._line: ProgressLine | None = None
        """On a terminal: what takes long."""

    def begin(self, session: Session) -> None:
        """Print what the session tells from now on."""
        self._session, self._printing = session, self._make(session)
        if not self._quiet and can_be_shown():
            self._line = ProgressLine(session)
        session.subscribe(self._print)

    def end_live(self) -> None:
        """Print what the model's turns came to; there may have been no session, and no model."""
        if self._printing is not None:
            self._printing.end_live()

    def clear(self) -> None:
        """Take back the line of what takes long: something else is printed."""
        if self._line is not None:
            self._line.clear()

    def end_progress(self) -> None:
        """Say no more of what takes long."""
        if self._line is not None:
            self._line.end()

    def end(self, report: Report, *, strict: bool) -> None:
        """Print what the run came to."""
        if report.failure is not None:
            trace(report.failure)
        if self._printing is not None:
            self._printing.end(report, strict=strict)

    def _print(self, change: notices.Notice) -> None:
        if self._line is not None:
            self._line.heed(change)
            if not isinstance(change, _UNPRINTED):
                self._line.clear()
        if self._printing is not None and not self._quiet:
            self._printing.show(change)
            self._say_what_takes_long(change)
        match change:
            case notices.Progress(text, done=None) if text not in ("", self._progress) and not self._quiet:
                self._progress = text
                self._note(safe_line(text))
            case notices.WorldChosen():
                self._say_world(change)
            case notices.WorldLacks() if not self._offered:
                self._offer(worlds.lacking())
            case notices.Said(text, severity) if severity != "information":
                self._note(f"trajtui: {safe(text)}")

    def _say_world(self, chosen: notices.WorldChosen) -> None:
        """In which world the run begins, and what could be had instead."""
        line = worlds.world_line(chosen)
        if line and not chosen.missing and not self._quiet:
            self._note(line)
        self._offer(worlds.offer(self._session))

    def _offer(self, line: str) -> None:
        if line:
            self._offered = True
            self._note(f"trajtui: {line}")

    def _note(self, text: str) -> None:
        self.clear()
        if self._printing is not None:
            self._printing.break_off()
        click.echo(text, err=True)

    def _say_what_takes_long(self, change: notices.Notice) -> None:
        """Have a step named that does not come back for a while: what waits says nothing of itself."""
        if isinstance(change, notices.Executing | notices.Executed) and self._waiting is not None:
            self._waiting.cancel()
        if isinstance(change, notices.Executing) and not change.recorded and self._line is None:
            most = f", for {change.limit:g} s at most" if change.limit else ""
            text = safe_line(f"waiting for {change.line}{most}")
            self._waiting = asyncio.get_running_loop().call_later(_LONG, self._note, text)
