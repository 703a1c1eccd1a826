"""`trajtui replay`: the same session as the screen's, driven without one."""

from __future__ import annotations

import asyncio
import inspect
import signal
from collections.abc import Mapping
from dataclasses import replace as with_changes
from functools import partial
from typing import Any, Final

import click

from trajcore import BadInput, Report, Session, areplay, load_config, notices, settings_from
from trajcore import options as table
from trajcore.text import safe, safe_line
from trajcore.views import worlds
from trajcore.views.marks import step_line
from trajtui.commands.asking import ask_on_terminal, can_ask

_TAKEN: Final = inspect.signature(areplay).parameters
_LONG: Final = 3.0
"""Seconds after which a step that is still carried out is named."""
_PASSED_ON: Final = tuple(
    one.keyword for one in table.OPTIONS if table.REPLAY in one.commands and one.keyword in _TAKEN
)
"""Options that `areplay` takes under the same name; the others are in the settings, or are about printing."""


def replay(file: str | None, options: Mapping[str, Any]) -> int:
    """Replay a recording and return the exit code. Raises `TrajError` where it cannot be done."""
    config = load_config(options)
    file = file or config.get("replay_trajectory_path")
    save_to = config.save_path(file) if file else None
    for line in config.warnings:
        click.echo(safe_line(f"trajtui: {line}"), err=True)
    if not file:
        raise BadInput("name a recording to replay (or set replay_trajectory_path in config.toml).")
    settings = with_changes(settings_from(config, options), save_to=save_to, keep_choices=True)
    passed = {name: options[name] for name in _PASSED_ON}
    begin = _Printer(quiet=options["quiet"]).begin
    ask = ask_on_terminal if can_ask() else None
    try:
        report = asyncio.run(areplay(file, settings=settings, on_session=begin, on_question=ask, **passed))
    except asyncio.CancelledError:
        return 130
    _say_what_it_came_to(report, strict=options["strict"])
    return report.exit_code(strict=options["strict"])


def _say_what_it_came_to(report: Report, *, strict: bool) -> None:
    if report.stopped_before is not None:
        click.echo(f"paused before event {report.stopped_before}")
    if report.steps or report.failure is None:
        emptied = f" · {report.emptied}" if strict and report.emptied else ""
        click.echo(safe_line(f"{report.summary}{emptied}"))


def _stop_on_signals() -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


class _Printer:
    """One line a step on stdout; what the user must know on stderr."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._progress = ""
        self._offered = False
        """Whether it has been said what could be had instead of a bare sandbox."""
        self._waiting: asyncio.TimerHandle | None = None

    def begin(self, session: Session) -> None:
        """Print what the session tells from now on."""
        self._session = session
        _stop_on_signals()
        session.subscribe(self._print)

    def _print(self, change: notices.Notice) -> None:
        if not self._quiet:
            self._say_what_takes_long(change)
        match change:
            case notices.StepDone(result) if not self._quiet:
                index = self._session.trajectory.index_of_uid(result.uid)
                if index is not None:
                    summary = self._session.trajectory.head(index).summary()
                    click.echo(step_line(index, result, summary))
            case notices.Executing(kind, text, live=True) if not self._quiet:
                click.echo(safe_line(f"★        {kind:<12} {text}"))
            case notices.Progress(text, done=None) if text not in ("", self._progress) and not self._quiet:
                self._progress = text
                click.echo(safe_line(text), err=True)
            case notices.WorldChosen():
                self._say_world(change)
            case notices.WorldLacks() if not self._offered:
                self._offer(worlds.lacking())
            case notices.Said(text, severity) if severity != "information":
                click.echo(f"trajtui: {safe(text)}", err=True)

    def _say_world(self, chosen: notices.WorldChosen) -> None:
        """In which world the run begins, and what could be had instead."""
        line = worlds.world_line(chosen)
        if line and not chosen.missing and not self._quiet:
            click.echo(line, err=True)
        self._offer(worlds.offer(self._session))

    def _offer(self, line: str) -> None:
        if line:
            self._offered = True
            click.echo(f"trajtui: {line}", err=True)

    def _say_what_takes_long(self, change: notices.Notice) -> None:
        """Have a step named that does not come back for a while: what waits says nothing of itself."""
        if isinstance(change, notices.Executing | notices.Executed) and self._waiting is not None:
            self._waiting.cancel()
        if isinstance(change, notices.Executing) and not change.recorded:
            most = f", for {change.limit:g} s at most" if change.limit else ""
            text = safe_line(f"waiting for {change.line}{most}")
            say = partial(click.echo, text, err=True)
            self._waiting = asyncio.get_running_loop().call_later(_LONG, say)
