"""`trajtui replay`: the same session as the screen's, driven without one."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from trajcore import notices
from trajcore.config import Config
from trajcore.errors import BadInput
from trajcore.replay.conditions import parse
from trajcore.replay.junit import junit
from trajcore.replay.player import Service
from trajcore.replay.report import counts, step_entry
from trajcore.replay.states import State
from trajcore.session import Delivery, Session
from trajcore.storage import write_atomically
from trajcore.text import safe, safe_line
from trajtui.marks import step_line
from trajtui.options import load_config, open_trajectory, session_settings


def replay(file: str | None, options: Mapping[str, Any]) -> int:
    """Replay a recording and return the exit code. Raises `TrajError` where it cannot be done."""
    config = load_config(options)
    file = file or config.get("replay_trajectory_path")
    if not file:
        raise BadInput("name a recording to replay (or set replay_trajectory_path in config.toml).")
    try:
        return asyncio.run(_replay(file, config, options))
    except asyncio.CancelledError:
        return 130


async def _replay(file: str, config: Config, options: Mapping[str, Any]) -> int:
    settings = session_settings(config, options)
    if options["report"] or any(parse(condition).watches_files for condition in options["breaks"]):
        settings = replace(settings, world=replace(settings.world, track_files=True))
    session = Session(open_trajectory(file, options["row"]), settings)
    until = session.trajectory.resolve(options["until"]) if options["until"] else None
    _check_before_long_work(session, options)
    _choose_services(session, options)
    for condition in options["breaks"]:
        session.break_on(condition)
    _stop_on_signals()
    session.subscribe(_Printer(session, quiet=options["quiet"]))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        await session.prepare()
        await _play(session, until)
        if options["carry_on"] and session.state is not State.ERROR:
            await _carry_on(session, list(options["messages"]))
    finally:
        await session.close()
        _write_results(session, file, config, options, loop.time() - begun)
    if session.ending == "paused":
        click.echo(f"paused before event {session.trajectory.label(session.position)}")
    if session.results or session.failure is None:
        click.echo(safe(session.summary()))
    return _exit_code(session, options)


def _check_before_long_work(session: Session, options: Mapping[str, Any]) -> None:
    """What would only fail once the replay is over is refused before it begins."""
    for option in ("save", "report", "junit"):
        path = options[option]
        if path is not None and not path.absolute().parent.is_dir():
            raise BadInput(f"--{option} {path}: there is no such directory.")
        if path is not None and path.is_dir():
            raise BadInput(f"--{option} {path} is a directory: name a file in it.")
    if options["carry_on"]:
        session.check_live()


def _choose_services(session: Session, options: Mapping[str, Any]) -> None:
    for name, service in (("served", Service.RECORDED), ("skipped", Service.SKIP)):
        for reference in options[name]:
            session.serve(session.trajectory.resolve(reference), service)


async def _play(session: Session, until: int | None) -> None:
    if until is None:
        session.resume()
    else:
        session.run_to(until)
    await session.idle()


async def _carry_on(session: Session, messages: list[str]) -> None:
    """Give the messages to the model one by one, each when it waits; without any, let it simply go on."""
    if not messages:
        if session.needs_message:
            raise BadInput(
                "the recording ends with the agent's word: give the model one with --message TEXT."
            )
        session.go_live()
        await session.idle()
    for text in messages:
        session.message(text, Delivery.LIVE)
        await session.idle()
        if session.state is State.ERROR:
            break


def _stop_on_signals() -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _write_results(
    session: Session, file: str, config: Config, options: Mapping[str, Any], seconds: float
) -> None:
    """The run first, as it cannot be had again; a fault in writing one does not cost the other."""
    if options["junit"]:
        heads = session.trajectory.head
        steps = [(index, result, heads(index).summary()) for index, result in session.results.items()]
        write_atomically(options["junit"], [junit(file, steps, seconds)])
    target = options["save"] or config.save_path(file)
    try:
        if target and len(session.run):
            session.save_run(target)
    finally:
        if options["report"]:
            _write_report(options["report"], session, file, options["carry_on"], seconds)


def _write_report(path: Path, session: Session, file: str, carried_on: bool, seconds: float) -> None:
    report = {
        "trajectory": file,
        "sandbox": session.sandbox_kind,
        "mode": "live" if carried_on else "replay",
        "state": session.ending,
        "events": len(session.trajectory),
        "counts": counts(session.results.values()),
        "seconds": round(seconds, 3),
        "steps": [step_entry(index, result) for index, result in session.results.items()],
    }
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, [text.encode("utf-8", "replace")])


def _exit_code(session: Session, options: Mapping[str, Any]) -> int:
    if session.failure is not None:
        return 1 if session.run.has_live_steps else session.failure.exit_code
    if options["strict"] and counts(session.results.values())["diverged"]:
        return 1
    return 0


class _Printer:
    """One line a step on stdout; what the user must know on stderr."""

    def __init__(self, session: Session, *, quiet: bool) -> None:
        self._session = session
        self._quiet = quiet
        self._progress = ""

    def __call__(self, change: notices.Notice) -> None:
        match change:
            case notices.StepDone(result) if not self._quiet:
                index = self._session.trajectory.index_of_uid(result.uid)
                if index is not None:
                    summary = self._session.trajectory.head(index).summary()
                    click.echo(step_line(index, result, summary))
            case notices.Executing(kind, text, live=True) if not self._quiet:
                click.echo(safe_line(f"★        {kind:<12} {text}"))
            case notices.Progress(text) if text not in ("", self._progress) and not self._quiet:
                self._progress = text
                click.echo(safe_line(text), err=True)
            case notices.Said(text, severity) if severity != "information":
                click.echo(f"trajtui: {safe(text)}", err=True)
