"""`trajtui serve`: the debugger in a browser on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from trajcore import BadInput, RowNeeded, load_config, options, settings_from
from trajcore import open as open_trajectory
from trajcore.text import safe_line
from trajtui.browser.server import Server, listening
from trajtui.commands.running import run
from trajtui.grammar import STANDARD
from trajtui.manner import NEVER, manner, note, tell_object, warn


def serve(file: str, given: Mapping[str, Any], *, port: int, idle: int | None, as_json: bool) -> None:
    """Serve until Ctrl-C, or until no tab has been open for `idle` seconds.

    Raises `BadInput` before anything is served where it could not be opened, or the port cannot be had.
    """
    _check(file, given)
    with listening(port) as listener:
        port = listener.getsockname()[1]
        server = Server(_command(file, given), f"{safe_line(Path(file).name)} – trajtui", port, warn)
        if as_json:
            tell_object({"url": server.url, "port": port})
        else:
            click.echo(server.url)
        sys.stdout.flush()
        note("Each tab is a session of its own. Ctrl-C ends them all.")
        run(server.serve(listener, idle))


def _check(file: str, given: Mapping[str, Any]) -> None:
    """What every tab would be told. Raises `BadInput`."""
    if file == STANDARD:
        raise BadInput("each tab opens the recording anew: save it to a file and serve that.")
    settings_from(load_config(given), given)
    row, at = given.get("row"), given.get("at")
    with suppress(RowNeeded):  # each tab asks for it
        trajectory = open_trajectory(file, row)
        if at is not None:
            trajectory.resolve(at)


def _command(file: str, given: Mapping[str, Any]) -> list[str]:
    """The command line that opens the recording in a tab."""
    said = manner()
    words = [sys.executable, "-P", "-m", "trajtui", "open"]
    words += ["--debug"] * said.debug + ["--quiet"] * said.quiet + ["--color", NEVER] * (said.color is False)
    return [*words, *_words(given), "--", file]


def _words(given: Mapping[str, Any]) -> Iterator[str]:
    """The options of `open`, as they are typed."""
    for option in options.OPTIONS:
        value = given.get(option.keyword)
        if value is True:
            yield option.name
        elif value not in (None, False):
            for one in value if option.repeated else (value,):
                yield f"{option.name}={one}"
