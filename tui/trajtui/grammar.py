"""What the words of a command line mean: the options of every command, and what is said of a mistyped one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from trajcore import errors, options
from trajtui.manner import Manner, color_wanted
from trajtui.standard import Output

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Callback = Callable[..., Any]
"""The function behind a command."""

TYPED: Final = "trajtui.typed"
"""Where a command `InOrder` finds them: a list of (name of the parameter, its values), as they were typed."""

STANDARD: Final = "-"
"""Standard input or output, where a file is named."""

_SANDBOXES: Final = "{sandboxes}"
"""Stands in a row of the table for their names."""

_JSON: Final = "as_json"
"""The parameter of every command that has `--json`."""


class _Styled(click.HelpFormatter):
    """Help whose headings stand out on a terminal."""

    def write_heading(self, heading: str) -> None:
        self.write(click.style(f"{'':>{self.current_indent}}{heading}:\n", bold=True))


class _Context(click.Context):
    formatter_class = _Styled


class Command(click.Command):
    """A command, with the options that all of them have."""

    context_class = _Context

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As usual."""
        super().__init__(*arguments, **options)
        self.params.extend(common_options())

    def invoke(self, ctx: click.Context) -> Any:
        """As usual."""
        if STANDARD in (ctx.params.get("file"), *ctx.args) and _READ in ctx.meta:
            raise click.UsageError(_ONCE, ctx)
        _heed_json(ctx)
        return super().invoke(ctx)


def _heed_json(ctx: click.Context) -> None:
    """With `--json`, letters that the terminal lacks are escaped as JSON has them."""
    if ctx.params.get(_JSON) and isinstance(sys.stdout, Output):
        sys.stdout.escaped = True


class WithValues(Command):
    """A command with flags that may be given a value behind `=`, and none without."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As usual."""
        return super().parse_args(ctx, _with_values(args))


def _with_values(args: list[str]) -> list[str]:
    """Arguments in which a flag that was given a value (`--strict=all`) is the hidden option of that."""
    end = args.index("--") if "--" in args else len(args)
    given = {f"{one.name}={one.also}": _further(one) for one in options.OPTIONS if one.also}
    return [given.get(arg, arg) for arg in args[:end]] + args[end:]


def _further(option: options.Option) -> str:
    return f"{option.name}-{option.also}"


class InOrder(Command):
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
        ctx.meta[TYPED] = typed
        return super().parse_args(ctx, args)


class Commands(click.Group):
    """Commands, listed in the order in which they are defined."""

    context_class = _Context
    command_class = Command
    group_class: type[click.Group] | type[type] | None = type

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As usual."""
        super().__init__(*arguments, **options)
        self.params.extend(common_options())

    def list_commands(self, ctx: click.Context) -> list[str]:
        """As they are defined."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """As usual."""
        _heed_json(ctx)
        return super().invoke(ctx)


class OneOf(click.Choice[str]):
    """One of some words; the nearest is told where it is none of them."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """As usual."""
        said = super().get_invalid_choice_message(value, ctx).rstrip(".")
        return f"{said}.{errors.meant(str(value), self.choices)}"


class _File(click.types.StringParamType):
    """The name of a file, which a shell completes."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """As a shell does it by itself."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


FILE: Final = _File()


class Program(Commands):
    """The commands; a first word that is none of them is a file to open."""

    group_class = Commands

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As usual."""
        at = _first_of_its_own(args)
        word = args[at] if at < len(args) else None
        if word is not None and word not in self.commands and word not in ("--help", "-h", "--version"):
            if not ctx.resilient_parsing:
                self._check(ctx, word, args[at + 1 :])
            args = ["open", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """As usual; a first word that begins no command may be a file."""
        from click.shell_completion import CompletionItem

        found = super().shell_complete(ctx, incomplete)
        if found or incomplete.startswith("-"):  # a shell takes files or words, not both
            return found
        return [CompletionItem(incomplete, type="file")]

    def _check(self, ctx: click.Context, word: str, rest: list[str]) -> None:
        """Refuse a word that was meant to be a command: nothing is called so, and a command nearly is, or
        it is followed by what may be a file. Raises `click.NoSuchCommand`.
        """
        if word.startswith("-"):
            self._check_option(ctx, word.partition("=")[0])
        if word.startswith("-") or os.path.lexists(word):
            return
        from difflib import get_close_matches

        is_followed = bool(rest) and not rest[0].startswith("-") and word.isidentifier()
        near = get_close_matches(word, self.commands, 1)
        if is_followed or near:
            message = f"there is no command {word!r}, and no file."
            raise click.NoSuchCommand(word, message, near, ctx)

    def _check_option(self, ctx: click.Context, word: str) -> None:
        """Refuse an option that `open` has not, which is called for with it: one before any command may be
        meant too. Raises `click.NoSuchOption`.
        """
        from difflib import get_close_matches

        known = {name for one in self.commands["open"].params for name in (*one.opts, *one.secondary_opts)}
        before = [name for one in self.get_params(ctx) for name in one.opts]
        if word.startswith("--") and word not in (*known, "--"):
            raise click.NoSuchOption(word, possibilities=get_close_matches(word, {*known, *before}), ctx=ctx)


def _first_of_its_own(args: list[str]) -> int:
    """Where the options end that all commands have, and that may stand before a command."""
    rows, at = {row.name: row for row in options.COMMON}, 0
    while at < len(args):
        name, has_value, _ = args[at].partition("=")
        if name not in rows:
            break
        at += 2 if rows[name].metavar and not has_value else 1
    return at


def common_options() -> list[click.Option]:
    """The options of every command, which the manner of the program is made of and no command is given."""

    def heed(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        manner = context.find_object(Manner)
        if manner is None or value in (None, False):
            return
        if parameter.name == "color":
            manner.color = context.color = color_wanted(value)
        else:
            setattr(manner, str(parameter.name), value)

    return [
        click.Option(
            [option.name, option.keyword],
            is_flag=not option.metavar,
            type=OneOf(option.choices) if option.choices else None,
            help=option.what,
            expose_value=False,
            is_eager=True,
            callback=heed,
        )
        for option in options.COMMON
    ]


class _Explained(click.Option):
    """Names the sandboxes there are when the help is shown, and not before: other packages may bring some."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return record and (record[0], with_sandboxes(record[1]))


def with_sandboxes(what: str) -> str:
    """What an option's row says of it, with the names of the sandboxes there are now."""
    from trajcore import sandbox_names

    return what.replace(_SANDBOXES, ", ".join(sandbox_names()))


def output_path(name: str) -> Path:
    """A file to write, as it was typed; `-` is standard output."""
    return Path("/dev/stdout" if name == STANDARD else name)


class _Output(click.ParamType[Path]):
    """A file to write, or `-`: standard output, which is for one option at a time."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if isinstance(value, Path):
            return value
        path, option = output_path(value), param.opts[0] if param is not None else ""
        if value == STANDARD and ctx is not None:
            taken = ctx.meta.setdefault(_PRINTED, option)
            if taken != option:
                self.fail(f"{taken} goes to standard output too: name a file for one of them.", param, ctx)
        return path


_PRINTED: Final = "trajtui.printed"
"""Where it stands which option has standard output for its file."""


def is_output_taken() -> bool:
    """Whether a file goes to standard output, and what else is said has to stand elsewhere."""
    context = click.get_current_context(silent=True)
    return context is not None and _PRINTED in context.meta


class _Input(click.ParamType[Path]):
    """A file to read, or `-`: standard input, kept in a file for as long as the command runs."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if value != STANDARD or ctx is None:
            return Path(value)
        if ctx.meta.setdefault(_READ, param) is not param:
            self.fail(_ONCE, param, ctx)
        import tempfile

        kept = ctx.with_resource(tempfile.NamedTemporaryFile(prefix="trajtui-"))  # noqa: SIM115
        kept.write(sys.stdin.buffer.read(_LARGEST + 1))
        kept.flush()
        return Path(kept.name)


_READ: Final = "trajtui.read"
"""Where it stands which option has standard input for its file."""
_ONCE: Final = "standard input is read once: name a file in the place of the other `-`."
_LARGEST: Final = 64 << 20

INPUT: Final = _Input()
"""A file to read, for options that have no row in the table."""


def is_input_taken() -> bool:
    """Whether an option has standard input for its file."""
    return _READ in click.get_current_context().meta


def options_of(command: str) -> Callable[[Callback], Callback]:
    """The options of a command, as the table of all options has them."""

    def with_options(function: Callback) -> Callback:
        for option in reversed(options.OPTIONS):
            if command in option.commands:
                function = option_of(option)(function)
        return function

    return with_options


def option_of(option: options.Option) -> Callable[[Callback], Callback]:
    """A row of the table, as the command line has it."""
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
        **({"shell_complete": _values(option)} if option.choices or _SANDBOXES in option.what else {}),
    )


def _values(option: options.Option) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """What a shell offers for an option: the values that its row names, or the sandboxes there are."""

    def begun(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        from trajcore import sandbox_names

        words = option.choices or sandbox_names()
        return [word for word in words if word.startswith(incomplete)]

    return begun


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
        return _STREAMS[option.stream]
    return option.kind if option.least is None else click.IntRange(min=option.least)


_STREAMS: Final = {"": click.Path(path_type=Path), "in": INPUT, "out": _Output()}

ROW: Final = next(option_of(option) for option in options.OPTIONS if option.keyword == "row")
"""Which trajectory of a file, for the commands that have no table of their own."""
