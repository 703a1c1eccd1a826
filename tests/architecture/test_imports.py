"""What is loaded when: the engine knows no screen, and nothing heavy is loaded before it is asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from program import SAMPLES

HEAVY = {"textual", "rich", "docker", "litellm", "pydantic", "openai", "mcp", "hypothesis"}


NOT_FOR_THE_FIRST_FRAME = {
    "docker": "the sandbox is chosen behind the first frame",
    "trajcore.sandbox.machines.docker": "the same",
    "trajcore.sandbox.machines.bubblewrap": "the same",
    "litellm": "a model is never imported unless asked for",
    "openai": "the same",
    "mcp": "the same",
    "trajcore.live.model": "what speaks with models",
    "trajcore.live.modelprocess": "the same",
    "trajcore.live.serving": "it belongs to another process",
    "trajcore.live.agent": "the same",
    "pydantic": "events are typed when one is looked at; the timeline reads heads",
    "trajcore.events.parse": "the same",
    "tomlkit": "only what writes config.toml keeps its comments",
    "regex": "only patterns of the user's need a limit of time",
    "hypothesis": "it is for tests",
    "markdown_it": "what lays out Markdown; the tab with the event is not shown at first",
    "rich.markdown": "the same",
    "rich.syntax": "what colours code",
    "tree_sitter": "comes with text boxes",
    "textual.widgets._text_area": "nothing can be typed yet",
    "trajtui.widgets.inputs": "the same",
    "trajtui.widgets.event": "panes but the sandbox's come behind the first frame, and their views",
    "trajtui.widgets.files": "the same",
    "trajtui.widgets.chat": "the same",
    "trajtui.widgets.folding": "the same",
    "trajcore.views.sidebyside": "the same",
    "trajcore.views.files": "the same",
    "trajcore.views.chat": "the same",
    "trajtui.widgets.hunks": "the same",
    "trajtui.widgets.blocks": "the same",
    "trajcore.views.event": "the same; what is copied comes with the key",
    "trajcore.views.observations": "the same",
    "trajcore.views.hunks": "the same",
    "trajcore.views.unified": "the same",
    "trajtui.actions.editing": "a key's function comes with the key, and with it all dialogs",
    "trajtui.actions.saving": "the same",
    "trajtui.actions.replay": "the same",
    "trajtui.actions.recovering": "unsaved work is offered behind the first frame",
    "trajtui.screens.dialogs": "dialogs come when they are shown",
    "trajtui.screens.palette": "the same",
    "trajcore.views.form": "comes with the dialog",
    "trajcore.difference": "comes with what shows differences",
    "trajcore.replay.report": "there is nothing to report",
    "trajcore.forking": "nothing is forked",
    "trajcore.bisecting": "nothing is looked for",
    "trajcore.dialects.foreign": "recordings of others are told apart where nobody is sure",
    "trajcore.dialects.findings": "comes with the check",
    "trajcore.dialects.openhands_v0.checks": "the same",
}
"""Modules, with all below them, that the first frame can do without, and why."""

MOST_DATACLASSES = 68
"""So many of ours may be made before the first frame. Each is code that is written, compiled and run at every
start; a `msgspec.Struct` is had for a tenth of that."""

FIRST_FRAME = """
import asyncio, dataclasses, json, sys

made, process = [], dataclasses._process_class
def counted(cls, *options):
    made.append(f"{cls.__module__}.{cls.__qualname__}")
    return process(cls, *options)
dataclasses._process_class = counted

import trajtui.cli
from trajtui.commands.open import open_trajectory, Session, Settings
from trajtui.app import TrajApp

def shown():
    print(json.dumps([sorted(sys.modules), made]), file=sys.__stderr__)
    app.exit()

app = TrajApp(Session(open_trajectory(sys.argv[1]), Settings("auto", keep_journal=True)), shown=shown)
asyncio.run(app.run_async(headless=True, size=(160, 48)))
"""


def loaded_by(*modules: str) -> set[str]:
    """The top-level packages in memory after a fresh interpreter has imported `modules`."""
    program = f"import {', '.join(modules)}, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize(
    "module",
    ["trajcore", "trajcore.trajectory", "trajcore.views.timeline", "trajcore.config", "trajcore.session"],
)
def test_the_engine_loads_no_screen_and_nothing_heavy(module: str) -> None:
    assert loaded_by(module) & (HEAVY | {"trajtui"}) == set()


def test_the_command_line_starts_without_anything_heavy() -> None:
    assert loaded_by("trajtui.cli") & HEAVY == set()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["replay", "--help"], ["show", "--help"]], ids=" ".join
)
def test_help_is_had_without_anything_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from trajtui.cli import main\n"
        f"sys.argv = ['trajtui', *{arguments!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print('\\n' + ' '.join(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert loaded & HEAVY == set()


@pytest.fixture(scope="module")
def first_frame(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str]]:
    """What is loaded when the first frame is there, and the dataclasses that were made by then."""
    home = str(tmp_path_factory.mktemp("home"))
    states = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"), home)
    done = subprocess.run(
        [sys.executable, "-c", FIRST_FRAME, SAMPLES / "demo.json"],
        capture_output=True, text=True, timeout=60, env={**os.environ, **states},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded, made = json.loads(done.stderr.splitlines()[0])
    return loaded, made


def test_the_first_frame_waits_for_nothing_that_it_does_not_show(
    first_frame: tuple[list[str], list[str]],
) -> None:
    loaded, _ = first_frame
    assert "trajtui.widgets.timeline" in loaded
    needless = {
        name: why
        for name, why in NOT_FOR_THE_FIRST_FRAME.items()
        if any(f"{module}.".startswith(f"{name}.") for module in loaded)
    }
    assert needless == {}


def test_the_first_frame_waits_for_few_dataclasses(first_frame: tuple[list[str], list[str]]) -> None:
    _, made = first_frame
    ours = [name for name in made if name.startswith(("trajcore.", "trajtui."))]
    assert ours, "none was seen: dataclasses are made otherwise now"
    assert len(ours) <= MOST_DATACLASSES, ours
