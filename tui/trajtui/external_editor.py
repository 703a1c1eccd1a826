"""The user's own editor on a text, while the screen makes room for it."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from textual.app import App, SuspendNotSupported

from trajcore import BadInput
from trajcore.views.event_json import written

_USUAL: Final = ("vi", "nano")


def editor_command(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The words of the command that starts the user's editor. Raises `BadInput` where there is none."""
    for variable in ("VISUAL", "EDITOR"):
        value = environment.get(variable, "").strip()
        if value:
            return _command(value, variable)
    for name in _USUAL:
        if shutil.which(name):
            return [name]
    raise BadInput("there is no editor: set VISUAL or EDITOR to the one you use (e edits here).")


def _command(value: str, variable: str) -> list[str]:
    try:
        words = shlex.split(value)
    except ValueError:
        raise BadInput(f"{variable} is {value!r}, which has a quote that does not end.") from None
    if not words or shutil.which(words[0]) is None:
        raise BadInput(f"{variable} is {value!r}, and there is no such program.")
    return words


class TextFile:
    """A text in a file of its own, in a directory that only the user can read, as long as it is needed."""

    def __init__(self, name: str, text: str) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="trajtui-")
        self.path = Path(self._directory.name) / name
        self.path.write_text(text, encoding="utf-8", newline="")

    def read(self) -> str:
        """The text as it is now. Raises `BadInput` where it cannot be read."""
        return written(self.path)

    def close(self) -> None:
        """Remove the file."""
        self._directory.cleanup()


async def edit_in(app: App[Any], command: Sequence[str], path: Path) -> None:
    """Give the terminal to the editor until it ends. Raises `BadInput` where it fails."""
    try:
        # Nothing is drawn while the terminal is the editor's, whatever the session tells meanwhile.
        with app.batch_update(), app.suspend(), _deaf_to_interrupts():
            failure = await _run([*command, str(path)])
    except SuspendNotSupported:
        raise BadInput("an editor needs a terminal, which a browser has not: e edits here.") from None
    if failure:
        raise BadInput(f"{Path(command[0]).name} {failure}: nothing was taken over.")


async def _run(words: Sequence[str]) -> str:
    """Run a program in the terminal; the answer says how it failed, if it did. Raises nothing."""
    try:
        process = await asyncio.create_subprocess_exec(*words)
    except OSError as error:
        return f"could not be started ({error.strerror})"
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        raise
    return f"ended with exit code {code}" if code else ""


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Ctrl-C in the editor is the editor's."""

    def ignore(number: int, frame: FrameType | None) -> None:
        pass

    before = signal.signal(signal.SIGINT, ignore)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
