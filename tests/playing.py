"""Goes through a page of `docs/` as a reader would: types its commands, presses its keys, takes its pictures.

    python tests/playing.py PAGE [--pictures DIRECTORY]

What is otherwise than the page says is printed, and the exit code is 1. The commands run in one shell, in a
directory of its own with the samples; the screen is the program's own, in this process, without a terminal.
Whatever takes time takes 12 ms, and a model is one that answers from `MODELS`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from textual.pilot import Pilot
from textual.widgets import Input, TextArea

import trajtui.app
from drawings import compact
from pages import Item, Pictured, Pressed, Typed, Written, is_printed, is_shown, items
from program import PROGRAM, SAMPLES
from scripted import MODELS, Scripted
from trajcore.views import hints, marks
from trajcore.views.overview import Overview, seconds_of
from trajtui import cli, keyboard, pictured
from trajtui.themes import DARK, LIGHT
from trajtui.widgets.hints import HINTS

SIZES: Final = {
    "who-wrote": (112, 18),
    "compare": (112, 14),
    "flag": (112, 18),
    "run-again": (112, 17),
    "branch": (112, 22),
    "export": (112, 20),
    "debugger": (132, 24),
    "evidence": (120, 18),
}
"""Columns and rows of each picture: the screen has those of its next one from when it is opened."""
USUAL: Final = (112, 28)
_PATIENCE: Final = 20.0
_TAKEN_BACK: Final = re.compile(r"starting \S+$")
"""What stands on a terminal until there is more to say; it stays where standard error is none."""
_KEPT: Final = ("LLM_", "TRAJTUI_", "XDG_", "HOME", "PWD")
"""How the variables begin that the screen has from the shell."""


class Otherwise(Exception):
    """Something is not as the page says."""


class Shell:
    """The one in which a page's commands are typed."""

    def __init__(self, directory: Path) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="playing-", dir=directory.parent))
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=directory, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def close(self) -> None:
        """End it."""
        self._bash.communicate()

    def type(self, command: str) -> tuple[int, list[str]]:
        """The exit code of a command, and the lines that it printed."""
        printed = self._scratch / "printed"
        self._write(
            f"{{ {command}\n}} >'{printed}' 2>&1 </dev/null; code=$?; echo $code; (exit $code)\n",
        )
        code = self._bash.stdout.readline() if self._bash.stdout else ""
        if not code.strip().isdecimal():
            raise Otherwise(f"the shell cannot make anything of it: {code}")
        lines = printed.read_text(encoding="utf-8").splitlines()
        return int(code), [line for line in lines if not _TAKEN_BACK.match(line)]

    def type_and_interrupt(self, command: str, expected: Iterable[str]) -> list[str]:
        """The lines that a command printed until it had printed as many as expected, and was interrupted."""
        running = subprocess.Popen(
            ["bash", "-c", f"exec {command}"], cwd=self.environment["PWD"], env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert running.stdout is not None
        with running.stdout:
            lines = [running.stdout.readline().rstrip("\n") for _ in expected]
            running.send_signal(signal.SIGINT)
            running.wait(_PATIENCE)
        return lines

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it has now, and its directory as `PWD`."""
        listed = self._scratch / "environment"
        self._write(f"code=$?; env -0 >'{listed}'; echo; (exit $code)\n")
        assert self._bash.stdout is not None
        self._bash.stdout.readline()
        pairs = listed.read_text(encoding="utf-8").rstrip("\0").split("\0")
        return dict(pair.split("=", 1) for pair in pairs)

    def _write(self, text: str) -> None:
        assert self._bash.stdin is not None
        self._bash.stdin.write(text)
        self._bash.stdin.flush()


class Player:
    """What a page does, one after the other."""

    def __init__(self, shell: Shell, pictures: Path | None) -> None:
        self._shell = shell
        self._pictures = pictures
        self.faults: list[str] = []

    def play(self, todo: list[Item]) -> None:
        """Go through it; what is otherwise is in `faults`."""
        while todo:
            item = todo.pop(0)
            if isinstance(item, Typed) and item.opens is not None:
                on_screen = []
                while todo and not (isinstance(todo[0], Typed) and todo[0].opens is not None):
                    on_screen.append(todo.pop(0))
                self._tried(item.line, lambda item=item, steps=on_screen: self._open(item.opens, steps))
            elif isinstance(item, Typed):
                self._tried(item.line, lambda item=item: self._type(item, todo))
            elif isinstance(item, Written):
                self._write(item)
            else:
                raise Otherwise(f"line {item.line}: no screen is open")

    def _tried(self, line: int, do: Callable[[], None]) -> bool:
        try:
            do()
        except (Otherwise, OSError, subprocess.TimeoutExpired) as fault:
            self.faults.append(f"line {line}: {fault}")
            return False
        return True

    def _write(self, item: Written) -> None:
        (Path(self._shell.environment["PWD"]) / item.name).write_text(item.text, encoding="utf-8")

    def _type(self, item: Typed, behind: list[Item]) -> None:
        if item.interrupted and item.printed is not None:
            code, lines = 0, self._shell.type_and_interrupt(item.command, item.printed[:-1])
            expected: tuple[str, ...] | None = item.printed[:-1]
        else:
            (code, lines), expected = self._shell.type(item.command), item.printed
        printed = "\n".join(f"    {line}" for line in lines)
        if expected is not None and not is_printed(expected, lines):
            raise Otherwise(f"{item.command}\n  printed\n{printed}\n  and not what the page says")
        tells = behind[0] if behind else None
        if code and not (isinstance(tells, Typed) and tells.command == "echo $?"):
            raise Otherwise(f"{item.command}\n  ended with {code}, which the page does not say\n{printed}")

    def _open(self, arguments: list[str] | None, steps: list[Item]) -> None:
        """The program on the screen, for as long as a page has something to do there."""
        environment = self._shell.environment
        for name in [name for name in os.environ if name.startswith(_KEPT)]:
            del os.environ[name]
        os.environ.update({name: text for name, text in environment.items() if name.startswith(_KEPT)})
        os.chdir(environment["PWD"])
        hints.keep_had(HINTS)

        async def run(app: trajtui.app.TrajApp) -> int:
            try:
                async with app.run_test(size=self._size(steps)) as pilot:
                    await self._on_screen(pilot, steps)
                    app.exit()
            finally:
                await app.session.close()
            return 0

        trajtui.app.run = run
        try:
            cli.open_command.main(arguments, standalone_mode=False)
        except SystemExit as end:
            if end.code:
                raise Otherwise(f"the screen ended with {end.code}") from None

    def _size(self, steps: Iterable[Item]) -> tuple[int, int]:
        names = [step.name for step in steps if isinstance(step, Pictured)]
        return next((SIZES[name] for name in names if name in SIZES), USUAL)

    async def _on_screen(self, pilot: Pilot[None], steps: list[Item]) -> None:
        lost = False
        while steps:
            step = steps.pop(0)
            try:
                if isinstance(step, Typed):
                    await asyncio.to_thread(self._type, step, steps)
                elif isinstance(step, Written):
                    self._write(step)
                elif lost:
                    continue
                elif isinstance(step, Pressed):
                    await self._press(pilot, step)
                else:
                    await self._picture(pilot, step.name)
            except Otherwise as fault:
                self.faults.append(f"line {step.line}: {fault}")
                lost = True  # whoever goes on pressing keys does something else

    async def _press(self, pilot: Pilot[None], step: Pressed) -> None:
        app: Any = pilot.app
        for key in step.presses:
            await pilot.press(key)
            while app.is_running and app.is_at_keys:
                await pilot.pause(0.005)
        waited = 0.0
        while missing := [text for text in step.shown if not is_shown(text, _text(app))]:
            await pilot.pause(0.05)
            waited += 0.05
            if waited > _PATIENCE:
                words = " ".join(step.keys)
                raise Otherwise(f"after {words} the screen does not show {missing}:\n{_text(app)}")
        await self._still(pilot)

    async def _picture(self, pilot: Pilot[None], name: str) -> None:
        if self._pictures is None:
            return
        _hide_cursors(pilot.app)
        for theme, word in ((LIGHT, "light"), (DARK, "dark")):
            pilot.app.theme = theme
            await self._still(pilot)
            picture = compact(pictured.drawn(pilot.app))
            (self._pictures / f"{name}-{word}.svg").write_text(picture, encoding="utf-8")

    async def _still(self, pilot: Pilot[None]) -> None:
        """Wait until nothing is under way, and nothing moves on the screen."""
        before, app = "", pilot.app
        await pilot.pause()
        for _ in range(int(_PATIENCE / 0.1)):
            now = pictured.drawn(app)
            if now == before and not app.session.busy:
                return
            before = now
            await pilot.pause(0.1)


def _text(app: Any) -> str:
    rows = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in row) for row in rows)


def _hide_cursors(app: Any) -> None:
    """Have no cursor that blinks."""
    for field in app.screen.query("Input, TextArea"):
        assert isinstance(field, Input | TextArea)
        field.cursor_blink = False


def _without_clock() -> None:
    """Whatever happens takes the same time; modules that are loaded later find it so."""
    real = marks.duration
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType) and module.__dict__.get("duration") is real:
            module.duration = lambda seconds: "12ms"
    Overview._took = _recorded_time


def _recorded_time(overview: Any, row: Any) -> float:
    """Seconds that a step took when it was recorded; one that was not has one."""
    trajectory = overview._session.trajectory
    index = row.index(trajectory)
    return 1.0 if index is None else seconds_of(trajectory, index, trajectory.outline) or 0.0


def _prepare(directory: Path) -> None:
    """A user who has nothing of their own but the samples, at a terminal with all colours."""
    for name in list(os.environ):
        if name.startswith(("LLM_", "TRAJTUI_", "XDG_", "PYTEST", "CI")) and name not in (
            "TRAJTUI_SANDBOX", "TRAJTUI_IMAGE",
        ):  # fmt: skip
            del os.environ[name]
    home = directory / "home"
    home.mkdir()
    kept = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE", "DATA")}
    path = os.pathsep.join([str(PROGRAM.parent), os.environ["PATH"]])
    os.environ.update(
        kept, HOME=str(home), PATH=path, TZ="UTC", LANG="C.UTF-8", LC_ALL="C.UTF-8", COLORTERM="truecolor",
        COLUMNS="120", TERM="xterm-256color", TESTS=str(Path(__file__).parent),
    )  # fmt: skip
    keyboard.has_terminal = lambda: True
    keyboard.take_keys = lambda: None
    keyboard.is_given_something = lambda: False
    _without_clock()


def played(page: Path, pictures: Path | None = None) -> list[str]:
    """What is otherwise than a page says. Its pictures are written into a directory, if one is named."""
    with tempfile.TemporaryDirectory(prefix="playing-") as root:
        _prepare(Path(root))
        there = Path(root) / "here"
        shutil.copytree(SAMPLES, there / SAMPLES.name)
        with Scripted(MODELS.get(page.stem)) as server:
            os.environ["LLM_BASE_URL"] = server.url
            shell = Shell(there)
            player = Player(shell, pictures)
            try:
                player.play(items(page))
            except Exception:  # noqa: BLE001 - it is a fault of the program, and told as one
                player.faults.append(traceback.format_exc())
            finally:
                shell.close()
                os.chdir("/")
        return player.faults + [re.sub(r"^", "a model was asked wrongly: ", fault) for fault in server.faults]


def main() -> None:
    """Play the page that is named."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--pictures", type=Path, help="where its pictures are written")
    options = parser.parse_args()
    faults = played(options.page.resolve(), options.pictures and options.pictures.resolve())
    print("\n\n".join(faults))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
