"""`trajtui FILE`: from the command line to the screen, and from there to the next recording."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trajcore import (
    STANDARD_INPUT,
    BadInput,
    RowNeeded,
    Session,
    Settings,
    Trajectory,
    keeping_places,
    load_config,
    read_standard_input,
    settings_from,
)
from trajcore import open as open_trajectory
from trajcore.views import trusting
from trajcore.views.hints import hints_had
from trajcore.views.layout import keep_layout, layout_of
from trajcore.views.recent import remember
from trajcore.views.sessions import latest
from trajtui import keyboard
from trajtui.preferences import actions_wanted, theme_wanted
from trajtui.startup import first_frame_shown, starting_again

if TYPE_CHECKING:
    from trajcore.views.question import Question
    from trajcore.views.trusting import Config


class Source:
    """Where a recording comes from: a file, or what was sent to standard input."""

    def __init__(self, name: str, data: bytes | None = None) -> None:
        """`data` is what was sent; None: it is a file."""
        self.name = name
        self._data = data

    @property
    def path(self) -> Path | None:
        """The file, if it is one."""
        return Path(self.name) if self._data is None else None

    def read(self, row: str | None) -> Trajectory:
        """The recording. Raises `BadInput`, and `RowNeeded` where there are several."""
        if self._data is None:
            return open_trajectory(self.name, row)
        return Trajectory.from_bytes(self._data, self.name, row)


def open_screen(file: str | None, options: Mapping[str, Any]) -> int:
    """Open the debugger, and whatever else the user wants to see then; answers the program's exit code.

    Raises `BadInput` before the screen is touched where what was named cannot be opened.
    """
    opening = _Opening(load_config(options), options)
    source = opening.named(file)
    if source is not None:
        code = opening.debug(source)
        if code is not None:
            return code
    return opening.from_start()


class _Opening:
    """What is opened one after the other: with the same settings, which are those of the command line."""

    def __init__(self, config: Config, options: Mapping[str, Any]) -> None:
        self._config = config
        self._options = options
        theme_wanted(config)  # what is wrong with it is said before anything is read

    def named(self, file: str | None) -> Source | None:
        """What the command line names, else what is sent here, else what config.toml names; None: nothing.

        Raises `BadInput`.
        """
        agent = self._options.get("latest")
        if agent is not None:
            if file is not None:
                raise BadInput("name a recording, or --latest with an agent: not both.")
            return Source(str(latest(agent)))
        if file == "-" or (file is None and keyboard.is_given_something()):
            _check_terminal()
            return Source(STANDARD_INPUT, read_standard_input())
        file = file or self._config.get("replay_trajectory_path")
        return None if file is None else Source(file)

    def from_start(self) -> int:
        """Have recordings picked on the start screen, until the user quits; answers the exit code."""
        _check_terminal()
        fault = ""
        while True:
            from trajtui.screens.start import StartApp

            keyboard.take_keys()
            start = StartApp(self._options.get("row"), self._theme, fault)
            path = start.run()
            if path is None:
                return 0
            try:
                code, fault = self.debug(Source(str(path)), start.opened, again=True), ""
            except BadInput as error:
                code, fault = None, str(error)
            if code is not None:
                return code

    def debug(
        self, source: Source, trajectory: Trajectory | None = None, *, again: bool = False
    ) -> int | None:
        """Show a recording until the user has seen enough; the exit code, or None: another is wanted.

        `again`: where the user picks none of several, another is. Raises `BadInput`.
        """
        settings = self._settings(source)
        theme = theme_wanted(self._config)
        if trajectory is None:
            trajectory = self._read(source)
        if trajectory is None:
            return None if again else 0
        question = trusting.question(self._config)
        if question is not None:
            answer = _ask(question, theme.name)
            if answer is None:
                return 0
            self._config = trusting.settled(self._config, self._options, answer)
            settings = self._settings(source)
        actions = actions_wanted(self._config)
        session = Session(trajectory, settings)
        at = self._options.get("at")
        if at is not None:
            session.trajectory.resolve(at)
        _check_terminal()
        keyboard.take_keys()
        from trajtui.app import TrajApp, run
        from trajtui.widgets.hints import HINTS

        opened, layout = source.path, layout_of(trajectory)

        def shown() -> None:
            first_frame_shown()
            if opened is not None:
                remember(opened)

        live = bool(self._options.get("live"))
        hints = [name for name in HINTS if name not in hints_had()]
        app = TrajApp(session, at, live, shown, theme.name, theme.file, actions, layout, hints)
        code = asyncio.run(run(app))
        _keep_outcome(session)
        if app.new_layout is not None:
            keep_layout(session.recording, app.new_layout)
        self._options = {**self._options, "row": None, "at": None, "live": False}  # they were for this one
        if code or not app.wants_another:
            return code
        starting_again()
        return None

    @property
    def _theme(self) -> str:
        return theme_wanted(self._config).name

    def _settings(self, source: Source) -> Settings:
        """The settings of a session on the screen. Raises `BadInput`."""
        config = self._config
        save_to = config.save_path(source.name)
        settings = keeping_places(settings_from(config, self._options), config)
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

    def _read(self, source: Source) -> Trajectory | None:
        """The recording; of a file with several, the one that the user picks (None: none)."""
        row = self._options.get("row")
        try:
            return _with_the_screen(source, row)
        except RowNeeded as needed:
            if not keyboard.has_terminal():
                raise
            keyboard.take_keys()
            from trajtui.screens.beforehand import PickRow

            rows = [(row.number, row.id, row.fault) for row in needed.rows]
            picked = PickRow(source.name, rows, self._theme).run()
            return None if picked is None else source.read(picked)


def _keep_outcome(session: Session) -> None:
    """Have the start screen say the next time how it came out."""
    from trajcore.views.glances import Glances  # of which nothing is needed before

    glances = Glances()
    glances.keep_outcome(session)
    glances.keep()


def _with_the_screen(source: Source, row: str | None) -> Trajectory:
    """The recording. The screen, if there will be one, is loaded meanwhile: a large file takes as long."""
    if not keyboard.has_terminal():
        return source.read(row)
    with ThreadPoolExecutor(1) as reader:
        trajectory = reader.submit(source.read, row)
        importlib.import_module("trajtui.app")
        return trajectory.result()


def _ask(question: Question, theme: str) -> str | None:
    """The answer to a question that comes before the debugger; None: quit."""
    _check_terminal()
    keyboard.take_keys()
    from trajtui.screens.beforehand import AskFirst

    return AskFirst(question, theme).run()


def _check_terminal() -> None:
    if not keyboard.has_terminal():
        raise BadInput("the debugger needs a terminal; `trajtui replay` and `trajtui show` do not.")
