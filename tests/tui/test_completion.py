"""Completion in a shell, and the page of the manual: both made of the commands that there are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click
import pytest

from commandline import commands
from program import PROGRAM, ROOT, trajtui
from trajcore.sandbox.registry import SANDBOXES, SandboxKind
from trajtui.cli import commands as of_the_program
from trajtui.commands.completion import SHELLS
from trajtui.commands.manual import page
from worlds import toy as toy

MANUAL = ROOT / "docs" / "trajtui.1"


def completed(line: str, directory: Path | None = None) -> set[str]:
    """What bash is offered at the end of a line."""
    words = line.split(" ")
    done = trajtui(
        directory=directory,
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
        _TRAJTUI_COMPLETE="bash_complete",
    )
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_takes_its_script(shell: str) -> None:
    done = trajtui("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_TRAJTUI_COMPLETE" in done.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True, timeout=60)


def test_commands_options_and_values_are_offered() -> None:
    assert {f"plain,{name}" for name in ("replay", "report", "repair") if name == "replay"} <= completed(
        "trajtui rep"
    )
    assert "file,dem" in completed("trajtui dem")
    assert "plain,--strict" in completed("trajtui replay --str")
    assert completed("trajtui replay x.json --world ev") == {"plain,evidence"}
    assert "plain,bubblewrap" in completed("trajtui replay --sandbox b")
    assert completed("trajtui show --color n") == {"plain,never"}
    assert "file,dem" in completed("trajtui show dem")


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes(tmp_path: Path) -> None:
    script = f"""
    eval "$({PROGRAM} completion bash)"
    COMP_WORDS=({PROGRAM} repl) COMP_CWORD=1
    _trajtui_completion {PROGRAM} 2>/dev/null
    echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert "replay" in done.stdout.split(), done


def test_the_page_of_the_manual_is_that_of_the_commands() -> None:
    assert MANUAL.read_text(encoding="utf-8") == page(of_the_program()), "`make reference` writes it anew"


def test_it_names_every_command_and_option() -> None:
    text = page(of_the_program()).replace(r"\-", "-")
    for command in commands():
        assert f"trajtui {command} " in text
        for option in command.command.params:
            assert option.opts[0] in text or not option.opts[0].startswith("-") or option.hidden, option


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_shows_it_without_a_complaint() -> None:
    done = subprocess.run(
        ["man", "--warnings", "-l", str(MANUAL)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "trajtui replay" in done.stdout
    assert done.stderr == ""


def test_the_sandboxes_of_a_help_are_those_there_are_now(toy: SandboxKind) -> None:
    replay = of_the_program().commands["replay"]
    assert f", {toy.name} [auto]" in replay.get_help(click.Context(replay, max_content_width=200))
    SANDBOXES.unregister(toy.name)
    assert MANUAL.read_text(encoding="utf-8") == page(of_the_program())
