"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import click

from trajcore import errors, options
from trajtui import __version__, standard
from trajtui.grammar import (
    FILE,
    INPUT,
    ROW,
    TYPED,
    Callback,
    InOrder,
    OneOf,
    Program,
    WithValues,
    is_input_taken,
    options_of,
)
from trajtui.manner import Manner, color_wanted, manner, set_for_screen
from trajtui.startup import starting

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group(
    cls=Program, invoke_without_command=True, context_settings={"help_option_names": ["--help", "-h"]}
)
@click.version_option(__version__, prog_name="trajtui")
@click.pass_context
def _commands(context: click.Context) -> None:
    """Run a command, or open the start of it all."""
    if context.invoked_subcommand is None:
        context.invoke(open_command)


@_commands.command("open")
@click.argument("file", type=FILE, required=False)
@options_of(options.OPEN)
def open_command(file: str | None = None, **options: Any) -> None:
    """Open a recording in the debugger (`trajtui FILE` is short for this).

    `-`, or `trajtui < FILE`, takes the recording from standard input, and keys from the terminal. Without
    FILE a start screen opens, with what was opened before and samples.
    """
    if file is not None:
        starting()
    set_for_screen(manner())
    from trajtui.commands.open import open_screen

    sys.exit(open_screen(file, options))


@_commands.command("serve")
@click.argument("file", type=FILE)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Listen on this port [a free one]."
)
@click.option(
    "--idle", type=click.IntRange(min=1), metavar="SECONDS", help="End when no tab has been open for so long."
)
@_JSON
@options_of(options.OPEN)
def serve_command(file: str, port: int, idle: int | None, as_json: bool, **options: Any) -> None:
    """Show the debugger in a browser on this machine, until Ctrl-C.

    The address that is printed has a token in it: whoever has it has the debugger, nobody else has. Each
    tab is a session with a sandbox of its own, which ends with it. The options are those of `open`.
    """
    from trajtui.commands.serve import serve

    serve(file, options, port=port, idle=idle, as_json=as_json)


@_commands.command("replay", cls=WithValues)
@click.argument("file", type=FILE, required=False)
@options_of(options.REPLAY)
def replay_command(file: str | None, **options: Any) -> None:
    """Replay a recording without a screen: one line a step, then a summary.

    `-` reads the recording from standard input. Without FILE, config.toml's
    replay_trajectory_path is replayed. With --continue, what the model says and
    does is printed as it happens, and in the end what it cost.
    """
    from trajtui.commands.replay import replay

    sys.exit(replay(file, options))


@_commands.command("fork")
@click.argument("file", type=FILE)
@options_of(options.FORK)
def fork_command(file: str, **options: Any) -> None:
    """Go on from the same event with several models, each in a world of its own.

    What comes before --at ID is carried out once. Then each --model begins there, one after the
    other, in a copy of the world, and is given every --message. What it did is kept as a
    branch called after it (`trajtui branches FILE`). A line a model says what it came to.
    """
    from trajtui.commands.fork import fork

    sys.exit(fork(file, options))


@_commands.command("bisect")
@click.argument("file", type=FILE)
@options_of(options.BISECT)
def bisect_command(file: str, **options: Any) -> None:
    """Find the first step after which a command comes to something else.

    The recording is played once; then --run COMMAND is tried in the middle of what is in question, and again
    in the middle of what that leaves. It passes with exit code 0, and with 125 it can't tell. What it does
    to the world is taken back. The exit code is 1 where no step was found.
    """
    from trajtui.commands.bisect import bisect

    sys.exit(bisect(file, options))


@_commands.command("show")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--world", is_flag=True, help="What names the world it began in, and where that stands.")
@click.option("--check", is_flag=True, help="List what is wrong with it, and how `trajtui edit` mends that.")
@click.option("--messages", is_flag=True, help="What a model is sent that takes over at its end, or at --at.")
@click.option("--at", metavar="ID", help="With --messages: take over before this event.")
@click.option("--model", metavar="NAME", help="With --messages: what this model would be sent.")
@ROW
def show_command(file: str, **options: Any) -> None:
    """Print the timeline of a recording.

    With --check the exit code is 1 where an error was found, and 0 where there are only warnings. With
    --messages nothing is sent: the model of config.toml is meant, unless --model names another.
    """
    from trajtui.commands.show import show

    sys.exit(show(file, **options))


@_commands.command("export")
@click.argument("file", type=FILE)
@click.option("--to", "to", metavar="md|html|cast|svg|sh", help="As what; without it OUT's name says it.")
@click.option("-o", "--output", metavar="OUT", help="Write it here, not to standard output (`-`).")
@click.option("--only", metavar="IDS", help="These steps alone: ids, #index, ranges, as in 3,5-8.")
@click.option("--no-mask", is_flag=True, help="Keep what looks like a secret in it.")
@ROW
def export_command(file: str, **options: Any) -> None:
    """Write a recording as something to be shown to others. Nothing is executed.

    md: Markdown for an issue. html: one page for a browser, which loads nothing. cast: an asciicast of the
    commands and their output, a marker a step. svg: the screen as it opens. sh: the commands as a script.
    Keys and what looks like a secret are masked; what was masked and where is said on standard error.
    """
    from trajtui.commands.export import export

    export(file, **options)


def _operations(command: Callback) -> Callback:
    """The options of `edit` that are edits; the order in which they are typed counts."""
    options = (
        ("--set", "ID:PATH=JSON", 1, "Set a field, as in 15:args.wait_for_response=false."),
        ("--unset", "ID:PATH", 1, "Remove a field."),
        ("--flip", "ID:FLAG", 1, "Turn a flag over."),
        ("--delete", "ID", 1, "Delete an event with what belongs to it."),
        ("--insert-after", "ID JSON", 2, "Insert an event of any kind after another."),
        ("--insert-before", "ID JSON", 2, "The same, before it."),
        ("--message-after", "ID TEXT", 2, "Insert a user message after an event."),
        ("--message-before", "ID TEXT", 2, "The same, before it."),
        ("--command-after", "ID TEXT", 2, "Insert a shell command after an event."),
        ("--command-before", "ID TEXT", 2, "The same, before it."),
        ("--move-after", "ID OTHER", 2, "Move an event with what belongs to it after another."),
        ("--move-before", "ID OTHER", 2, "The same, before it."),
        ("--duplicate", "ID", 1, "Duplicate an event with what belongs to it."),
        ("--switch", "BRANCH", 1, "Go on with another of its own branches: `trajtui branches FILE`."),
        ("--replace", "OLD NEW", 2, "Replace a text in commands, messages and thoughts."),
    )
    for name, metavar, count, what in reversed(options):
        names = (name, "--move") if name == "--move-after" else (name,)
        parameter = name.removeprefix("--").replace("-", "_")
        command = click.option(
            *names, parameter, multiple=True, nargs=count, metavar=metavar, help=what, expose_value=False
        )(command)
    return command


@_commands.command("edit", cls=InOrder)
@click.argument("file", type=FILE)
@click.option("-o", "--output", metavar="OUT", help="Write the edited recording here; `-`: standard output.")
@click.option("--in-place", is_flag=True, help="Write the edited recording in its own place.")
@click.option("--diff", is_flag=True, help="Only show what would change.")
@click.option("--json", "as_json", is_flag=True, help="Say what was done as one JSON object.")
@_operations
@click.option("--regex", is_flag=True, help="OLD of --replace is a regular expression; \\1 in NEW its group.")
@click.option("--ignore-case", is_flag=True, help="--replace finds capitals and small letters alike.")
@ROW
@click.pass_context
def edit_command(context: click.Context, /, file: str, **options: Any) -> None:
    """Edit a recording: the edits of the screen as a script, made in the order they are typed.

    ID is the id of an event; #N names one by its index at that point, from 0. PATH is keys with dots
    between them, numbers in lists. Without any edit the same bytes are written.
    """
    from trajtui.commands.edit import Operation, edit

    edit(file, [Operation(name, values) for name, values in context.meta[TYPED]], options)


@_commands.command("repair")
@click.argument("file", type=FILE)
@click.option("-o", "--output", metavar="OUT", help="Write the mended recording here; `-` prints it.")
@click.option("--in-place", is_flag=True, help="Write it in its own place; how it was is kept beside it.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done, as without -o and --in-place.")
@click.option("--all", "everything", is_flag=True, help="Mend warnings too, which may well be meant.")
@_JSON
@ROW
def repair_command(file: str, **options: Any) -> None:
    """Mend what keeps a recording's own program from taking it, or makes it do harm with it.

    Each fault is named with its file and what is done about it; nothing else is touched. What cannot be read
    is moved aside, never deleted. The exit code is 1 where an error is left that cannot be mended.
    """
    from trajtui.commands.repair import repair

    sys.exit(repair(file, **options))


@_commands.command("branches")
@click.argument("file", type=FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a branch.")
@click.option("--save", nargs=2, metavar="NAME OUT", help="Save one as a trajectory of its own.")
@click.option("--delete", metavar="NAME", help="Delete one for good.")
@click.option("--compare", nargs=2, metavar="A B", help="What each of two of its own branches has alone.")
@click.option("--prune", is_flag=True, help="Delete old ones; without FILE, those of all recordings.")
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=0),
    default=30,
    metavar="DAYS",
    help="What --prune calls old [30].",
)
@ROW
def branches_command(file: str | None, **options: Any) -> None:
    """List the branches of a recording: as recorded, and each that a model has gone on with.

    What a model does is kept as a branch from its first event on, until it is deleted here. Below them
    stand those that the recording itself has, where it is a tree: `trajtui edit FILE --switch ID`.
    """
    from trajtui.commands.branches import branches

    branches(file, options.pop("row"), **options)


@_commands.command("doctor")
@click.option("--config", type=INPUT, metavar="FILE", help="Read this config.toml.")
@click.option("--image", metavar="IMAGE", help="The container image to look for.")
@click.option("--clean", is_flag=True, help="Remove what programs left behind that were killed.")
@click.option(
    "--try-model", is_flag=True, help="Ask the model: a small round trip for each thing it must do."
)
@click.option("--model", metavar="MODEL", help="Try this one, or the NAME of an [llm.NAME].")
@_JSON
def doctor_command(**options: Any) -> None:
    """Say which sandboxes work here, which model is configured, and what is missing.

    With --try-model the model itself is tried, for some cents at most: the exit code is 0 where all of it
    works, 1 where something does not, 3 where it cannot be had.
    """
    from trajtui.commands.doctor import doctor

    sys.exit(doctor(options))


@_commands.group("config", invoke_without_command=True)
@click.option("--config", "path", type=INPUT, metavar="FILE", help="This config.toml.")
@_JSON
@click.pass_context
def config_command(context: click.Context, path: Path | None, as_json: bool) -> None:
    """Show every setting and where it came from."""
    if context.invoked_subcommand is None:
        from trajtui.commands.config import show_settings

        show_settings(path, as_json=as_json)
    elif is_input_taken():
        raise click.UsageError("a setting is written into a file: `-` is none.", context)


@config_command.command("set")
@click.argument("key")
@click.argument("value")
@_JSON
@click.pass_context
def config_set_command(context: click.Context, key: str, value: str, as_json: bool) -> None:
    """Write a setting into config.toml; comments and order stay."""
    from trajtui.commands.config import change_setting

    change_setting(key, value, context.parent.params["path"] if context.parent else None, as_json=as_json)


@config_command.command("trust")
@click.argument("file", type=click.Path(path_type=Path), default="config.toml")
@_JSON
def config_trust_command(file: Path, as_json: bool) -> None:
    """Let a config.toml do all that it asks for, for as long as it stays as it is [./config.toml]."""
    from trajtui.commands.config import trust_file

    trust_file(file, as_json=as_json)


@config_command.command("untrust")
@click.argument("file", type=click.Path(path_type=Path), default="config.toml")
@_JSON
def config_untrust_command(file: Path, as_json: bool) -> None:
    """Take that back."""
    from trajtui.commands.config import untrust_file

    untrust_file(file, as_json=as_json)


@_commands.command("completion")
@click.argument("shell", type=OneOf(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print what makes a shell complete commands, options, their values and files.

    bash: eval "$(trajtui completion bash)" in ~/.bashrc; zsh: the same with zsh in ~/.zshrc, behind
    compinit; fish: trajtui completion fish > ~/.config/fish/completions/trajtui.fish
    """
    from trajtui.commands.completion import script

    click.echo(script(_commands, shell))


def commands() -> Program:
    """Every command there is, as click has them."""
    return _commands


def main() -> NoReturn:
    """Run the command line and exit with the code of the contract."""
    standard.take_over()
    sys.excepthook = _print_traceback
    manner = Manner(color=color_wanted("auto"), debug="--debug" in sys.argv)
    sys.exit(_settled(_run(manner), manner))


def _run(manner: Manner) -> int:
    """The exit code of the command that was typed; what kept it from its end has been said."""
    from trajcore import TrajError

    try:
        code = _commands.main(prog_name="trajtui", standalone_mode=False, obj=manner, color=manner.color)
    except SystemExit as end:
        code = end.code
    except click.exceptions.Exit as end:
        code = end.exit_code
    except click.ClickException as error:
        _complain(_in_words(error), manner)
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _tell("interrupted", manner)
        code = errors.INTERRUPTED
    except Exception as error:
        if standard.fault() is not None:
            return 1
        if manner.debug:
            raise
        from trajcore.text import safe, safe_line

        if isinstance(error, TrajError):
            _complain(safe(str(error)), manner)
            return error.exit_code
        fault = safe_line(f"{type(error).__name__}: {error}")
        _complain(f"internal error: {fault}\n--debug shows where.", manner)
        code = 1
    return code or 0


def _settled(code: int, manner: Manner) -> int:
    """The exit code, once all that was printed has been written, or could not be."""
    fault = standard.fault()
    if fault is None:
        return code
    name, error = fault
    if standard.is_unread(error):
        return errors.UNREAD
    _complain(f"{name} cannot be written: {errors.in_words(error)}.", manner)
    return 1


def _in_words(error: click.ClickException) -> str:
    """A mistake in the command line: what it is, and below it how to find out what is right."""
    from trajcore.text import safe_line

    said = safe_line(error.format_message())
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{said}\nTry '{context.command_path} --help'." if context is not None else said


def _complain(text: str, manner: Manner) -> None:
    _tell(f"{click.style('trajtui:', fg='red', bold=True)} {text}", manner)


def _tell(text: str, manner: Manner) -> None:
    with suppress(OSError):  # standard error itself may be what cannot be written
        click.echo(text, err=True, color=manner.color)


def _print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """As Python does, with names and texts in it made harmless."""
    import traceback

    from trajcore.text import safe

    click.echo(safe("".join(traceback.format_exception(kind, error, trace))), err=True, nl=False)
