"""`trajtui FILE`: from the command line to the screen."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trajcore import (
    BadInput,
    RowNeeded,
    Session,
    Settings,
    Trajectory,
    keeping_places,
    load_config,
    settings_from,
)
from trajcore import open as open_trajectory
from trajcore.views import trusting
from trajcore.views.layout import keep_layout, layout_of
from trajcore.views.recent import remember
from trajtui.preferences import actions_wanted, theme_wanted
from trajtui.startup import first_frame_shown

if TYPE_CHECKING:
    from trajcore.views.question import Question
    from trajcore.views.trusting import Config


def open_screen(file: str | None, options: Mapping[str, Any]) -> int:
    """Open the debugger; answers the program's exit code.

    Raises `BadInput` before the screen is touched where it cannot be opened.
    """
    config = load_config(options)
    file = file or config.get("replay_trajectory_path")
    if file == "-":
        raise BadInput("the screen needs the keyboard: save the recording to a file and open that.")
    theme = theme_wanted(config)
    trajectory = None
    if file is None:
        _check_terminal()
        file, trajectory = _ask_for_file(options.get("row"), theme.name)
        if file is None:
            return 0
    settings = _settings(config, options, file)
    if trajectory is None:
        trajectory = _open(file, options.get("row"), theme.name)
    if trajectory is None:
        return 0
    question = trusting.question(config)
    if question is not None:
        answer = _ask(question, theme.name)
        if answer is None:
            return 0
        config = trusting.settled(config, options, answer)
        settings = _settings(config, options, file)
    actions = actions_wanted(config)
    session = Session(trajectory, settings)
    at = options.get("at")
    if at is not None:
        session.trajectory.resolve(at)
    _check_terminal()
    from trajtui.app import TrajApp, run

    opened, layout = Path(file), layout_of(trajectory)

    def shown() -> None:
        first_frame_shown()
        remember(opened)

    live = bool(options.get("live"))
    app = TrajApp(session, at, live, shown, theme.name, theme.file, actions, layout)
    code = asyncio.run(run(app))
    if app.new_layout is not None:
        keep_layout(session.recording, app.new_layout)
    return code


def _settings(config: Config, options: Mapping[str, Any], file: str) -> Settings:
    """The settings of a session on the screen. Raises `BadInput`."""
    save_to = config.save_path(file)
    settings = keeping_places(settings_from(config, options), config)
    return replace(
        settings,
        world=replace(settings.world, track_files=True),
        keep_breakpoints=True,
        keep_journal=True,
        keep_branches=True,
        keep_choices=True,
        save_to=save_to,
        warnings=(config.warning,) if config.warning else (),
    )


def _ask(question: Question, theme: str) -> str | None:
    """The answer to a question that comes before the debugger; None: quit."""
    _check_terminal()
    from trajtui.screens.start import AskFirst

    return AskFirst(question, theme).run()


def _open(file: str, row: str | None, theme: str) -> Trajectory | None:
    """The trajectory; of a file with several, the one that the user picks (None: none)."""
    try:
        return _read(file, row)
    except RowNeeded as needed:
        if not _has_terminal():
            raise
        from trajtui.screens.start import PickRow

        picked = PickRow(file, [(row.number, row.id, row.fault) for row in needed.rows], theme).run()
        return None if picked is None else open_trajectory(file, picked)


def _read(file: str, row: str | None) -> Trajectory:
    """The recording. The screen, if there will be one, is loaded meanwhile: a large file takes as long."""
    if not _has_terminal():
        return open_trajectory(file, row)
    with ThreadPoolExecutor(1) as reader:
        trajectory = reader.submit(open_trajectory, file, row)
        importlib.import_module("trajtui.app")
        return trajectory.result()


def _ask_for_file(row: str | None, theme: str) -> tuple[str | None, Trajectory | None]:
    """The file that the user picks (None: none), and its recording, unless there are several in it."""
    from trajtui.screens.start import StartApp

    start = StartApp(row, theme)
    path = start.run()
    return (None, None) if path is None else (str(path), start.opened)


def _check_terminal() -> None:
    if not _has_terminal():
        raise BadInput("the debugger needs a terminal; `trajtui replay` and `trajtui show` do not.")


def _has_terminal() -> bool:
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
