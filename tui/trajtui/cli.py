"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NoReturn

import click

from trajcore import options
from trajtui import __version__
from trajtui.startup import starting

Callback = Callable[..., Any]
"""The function behind a command."""


_TYPED: Final = "trajtui.typed"
"""Where a command finds them: a list of (name of the parameter, its values), as they were typed."""


def _with_values(args: list[str]) -> list[str]:
    """Arguments in which a flag that was given a value (`--strict=all`) is the hidden option of that."""
    end = args.index("--") if "--" in args else len(args)
    given = {f"{one.name}={one.also}": _further(one) for one in options.OPTIONS if one.also}
    return [given.get(arg, arg) for arg in args[:end]] + args[end:]


def _further(option: options.Option) -> str:
    return f"{option.name}-{option.also}"


class _WithValues(click.Command):
    """A command with flags that may be given a value behind `=`, and none without."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As usual."""
        return super().parse_args(ctx, _with_values(args))


class _InOrder(click.Command):
    """A command that keeps its repeatable options in the order in which they were typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As usual, and beside it what was typed in which order."""
        values, _, order = self.make_parser(ctx).parse_args(list(args))
        waiting: dict[str, list[Any]] = {}
        typed: list[tuple[str, tuple[str, ...]]] = []
        for parameter in order:
            name = parameter.name or ""
            if isinstance(parameter, click.Option) and parameter.multiple:
                value = waiting.setdefault(name, list(values[name])).pop(0)
                typed.append((name, tuple(value) if parameter.nargs > 1 else (value,)))
        ctx.meta[_TYPED] = typed
        return super().parse_args(ctx, args)


class _Commands(click.Group):
    """The commands; a first word that is none of them is a file to open."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "--version"):
            args = ["open", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


class _Explained(click.Option):
    """Names the sandboxes there are when the help is shown, and not before: other packages may bring some."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from trajcore import sandbox_names

        self.help = (self.help or "").replace("{sandboxes}", ", ".join(sandbox_names()))
        return super().get_help_record(ctx)


def _options_of(command: str) -> Callable[[Callback], Callback]:
    """The options of a command, as the table of all options has them."""

    def with_options(function: Callback) -> Callback:
        for option in reversed(options.OPTIONS):
            if command in option.commands:
                function = _click_option(option)(function)
        return function

    return with_options


def _click_option(option: options.Option) -> Callable[[Callback], Callback]:
    names = (option.name, option.keyword)
    if option.also:
        return _flag_with_value(option)
    if not option.metavar:
        default = None if option.key is not None else False
        return click.option(*names, is_flag=True, default=default, help=option.what)
    return click.option(
        *names,
        cls=_Explained,
        type=_type_of(option),
        metavar=option.metavar,
        multiple=option.repeated,
        help=option.what,
    )


def _flag_with_value(option: options.Option) -> Callable[[Callback], Callback]:
    """A flag whose value is True, or what stood behind `=`."""

    def with_both(function: Callback) -> Callback:
        further = click.option(
            _further(option), option.keyword, flag_value=option.also, hidden=True, type=click.UNPROCESSED
        )
        plain = click.option(
            option.name,
            option.keyword,
            flag_value=True,
            default=False,
            help=option.what,
            type=click.UNPROCESSED,
        )
        return plain(further(function))

    return with_both


def _type_of(option: options.Option) -> Any:
    if option.kind is Path:
        return click.Path(path_type=Path)
    return option.kind if option.least is None else click.IntRange(min=option.least)


_ROW: Final = next(_click_option(option) for option in options.OPTIONS if option.keyword == "row")


@click.group(
    cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["--help", "-h"]}
)
@click.version_option(__version__, prog_name="trajtui")
@click.pass_context
def _commands(context: click.Context) -> None:
    """Run a command, or open the start of it all."""
    if context.invoked_subcommand is None:
        context.invoke(open_command)


@_commands.command("open")
@click.argument("file", required=False)
@_options_of(options.OPEN)
def open_command(file: str | None = None, **options: Any) -> None:
    """Open a recording in the debugger (`trajtui FILE` is short for this)."""
    if file is not None:
        starting()
    from trajtui.commands.open import open_screen

    sys.exit(open_screen(file, options))


@_commands.command("replay", cls=_WithValues)
@click.argument("file", required=False)
@_options_of(options.REPLAY)
def replay_command(file: str | None, **options: Any) -> None:
    """Replay a recording without a screen: one line a step, then a summary.

    `-` reads the recording from standard input. Without FILE, config.toml's
    replay_trajectory_path is replayed. With --continue, what the model says and
    does is printed as it happens, and in the end what it cost.
    """
    from trajtui.commands.replay import replay

    sys.exit(replay(file, options))


@_commands.command("fork")
@click.argument("file")
@_options_of(options.FORK)
def fork_command(file: str, **options: Any) -> None:
    """Go on from the same event with several models, each in a world of its own.

    What comes before --at ID is carried out once. Then each --model begins there, one after the
    other, in a copy of the world, and is given every --message. What it did is kept as a
    branch called after it (`trajtui branches FILE`). A line a model says what it came to.
    """
    from trajtui.commands.fork import fork

    sys.exit(fork(file, options))


@_commands.command("show")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--world", is_flag=True, help="What names the world it began in, and where that stands.")
@click.option("--check", is_flag=True, help="List what is wrong with it, and how `trajtui edit` mends that.")
@click.option("--messages", is_flag=True, help="What a model is sent that takes over at its end, or at --at.")
@click.option("--at", metavar="ID", help="With --messages: take over before this event.")
@click.option("--model", metavar="NAME", help="With --messages: what this model would be sent.")
@_ROW
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def show_command(file: str, debug: bool, **options: Any) -> None:
    """Print the timeline of a recording.

    With --check the exit code is 1 where an error was found, and 0 where there are only warnings. With
    --messages nothing is sent: the model of config.toml is meant, unless --model names another.
    """
    from trajtui.commands.show import show

    sys.exit(show(file, **options))


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
        ("--replace", "OLD NEW", 2, "Replace a text in commands, messages and thoughts."),
    )
    for name, metavar, count, what in reversed(options):
        names = (name, "--move") if name == "--move-after" else (name,)
        parameter = name.removeprefix("--").replace("-", "_")
        command = click.option(
            *names, parameter, multiple=True, nargs=count, metavar=metavar, help=what, expose_value=False
        )(command)
    return command


@_commands.command("edit", cls=_InOrder)
@click.argument("file")
@click.option("-o", "--output", metavar="OUT", help="Write the edited recording here; `-`: standard output.")
@click.option("--in-place", is_flag=True, help="Write the edited recording in its own place.")
@click.option("--diff", is_flag=True, help="Only show what would change.")
@_operations
@click.option("--regex", is_flag=True, help="OLD of --replace is a regular expression; \\1 in NEW its group.")
@click.option("--ignore-case", is_flag=True, help="--replace finds capitals and small letters alike.")
@_ROW
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def edit_command(context: click.Context, /, file: str, debug: bool, **options: Any) -> None:
    """Edit a recording: the edits of the screen as a script, made in the order they are typed.

    ID is the id of an event; #N names one by its index at that point, from 0. PATH is keys with dots
    between them, numbers in lists. Without any edit the same bytes are written.
    """
    from trajtui.commands.edit import Operation, edit

    edit(file, [Operation(name, values) for name, values in context.meta[_TYPED]], options)


@_commands.command("branches")
@click.argument("file", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a branch.")
@click.option("--save", nargs=2, metavar="NAME OUT", help="Save one as a trajectory of its own.")
@click.option("--delete", metavar="NAME", help="Delete one for good.")
@click.option("--prune", is_flag=True, help="Delete old ones; without FILE, those of all recordings.")
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=0),
    default=30,
    metavar="DAYS",
    help="What --prune calls old [30].",
)
@_ROW
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def branches_command(file: str | None, debug: bool, **options: Any) -> None:
    """List the branches of a recording: as recorded, and each that a model has gone on with.

    What a model does is kept as a branch from its first event on, until it is deleted here.
    """
    from trajtui.commands.branches import branches

    branches(file, options.pop("row"), **options)


@_commands.command("doctor")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Read this config.toml.")
@click.option("--image", metavar="IMAGE", help="The container image to look for.")
@click.option("--clean", is_flag=True, help="Remove what programs left behind that were killed.")
@click.option(
    "--try-model", is_flag=True, help="Ask the model: a small round trip for each thing it must do."
)
@click.option("--model", metavar="MODEL", help="Try this one, or the NAME of an [llm.NAME].")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def doctor_command(**options: Any) -> None:
    """Say which sandboxes work here, which model is configured, and what is missing.

    With --try-model the model itself is tried, for some cents at most: the exit code is 0 where all of it
    works, 1 where something does not, 3 where it cannot be had.
    """
    from trajtui.commands.doctor import doctor

    sys.exit(doctor(options))


@_commands.group("config", invoke_without_command=True)
@click.option("--config", "path", type=click.Path(path_type=Path), metavar="FILE", help="This config.toml.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def config_command(context: click.Context, path: Path | None, debug: bool) -> None:
    """Show every setting and where it came from."""
    if context.invoked_subcommand is None:
        from trajtui.commands.config import show_settings

        show_settings(path)


@config_command.command("set")
@click.argument("key")
@click.argument("value")
@click.pass_context
def config_set_command(context: click.Context, key: str, value: str) -> None:
    """Write a setting into config.toml; comments and order stay."""
    from trajtui.commands.config import change_setting

    change_setting(key, value, context.parent.params["path"] if context.parent else None)


@config_command.command("trust")
@click.argument("file", type=click.Path(path_type=Path), default="config.toml")
def config_trust_command(file: Path) -> None:
    """Let a config.toml do all that it asks for, for as long as it stays as it is [./config.toml]."""
    from trajtui.commands.config import trust_file

    trust_file(file)


@config_command.command("untrust")
@click.argument("file", type=click.Path(path_type=Path), default="config.toml")
def config_untrust_command(file: Path) -> None:
    """Take that back."""
    from trajtui.commands.config import untrust_file

    untrust_file(file)


def _in_words(error: click.ClickException) -> str:
    """A mistake in the command line: what it is, and below it how to find out what is right."""
    from trajcore.text import safe_line

    said = safe_line(f"trajtui: {error.format_message()}")
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{said}\nTry '{context.command_path} --help'." if context is not None else said


def main() -> NoReturn:
    """Run the command line and exit with the code of the contract."""
    from trajcore import TrajError

    debug = "--debug" in sys.argv
    sys.excepthook = _print_traceback
    try:
        code = _commands.main(prog_name="trajtui", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        click.echo(_in_words(error), err=True)
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except TrajError as error:
        if debug:
            raise
        from trajcore.text import safe

        click.echo(f"trajtui: {safe(str(error))}", err=True)
        code = error.exit_code
    except Exception as error:
        if debug:
            raise
        from trajcore.text import safe_line

        fault = safe_line(f"{type(error).__name__}: {error}")
        click.echo(f"trajtui: internal error: {fault}\n--debug shows where.", err=True)
        code = 1
    sys.exit(code or 0)


def _print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """As Python does, with names and texts in it made harmless."""
    import traceback

    from trajcore.text import safe

    click.echo(safe("".join(traceback.format_exception(kind, error, trace))), err=True, nl=False)
