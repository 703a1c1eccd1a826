"""Writes the reference tables of the pages beside it anew, from the tables of the code: `make reference`.

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`. `tests/docs` fails where one is out of date.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Final, get_args

import click

from trajcore import notices
from trajcore.dialects.foreign import AGENTS, OTHERS
from trajcore.dialects.openhands_v1.checks.known import ACTIONS as V1_ACTIONS
from trajcore.dialects.openhands_v1.checks.known import EVENTS
from trajcore.dialects.openhands_v1.events import kind_of
from trajcore.dialects.openhands_v1.said import said_by
from trajcore.dialects.openhands_v1.wire import Key
from trajcore.dialects.registry import DIALECTS, default_dialect
from trajcore.dialects.told import Fact, What
from trajcore.errors import EXIT_CODES
from trajcore.events.kinds import ACTION_KINDS, OBSERVATION_KINDS, Treatment, action_kind
from trajcore.formats.registry import FORMATS
from trajcore.live import outcome
from trajcore.live.agent import TurnEnd
from trajcore.live.risks.rules import RULES
from trajcore.options import COMMON, KEYS, OPTIONS, WORLDS, Option, Reach, session_options
from trajcore.replay.conditions import TERMS
from trajcore.replay.run import Status
from trajcore.replay.states import LEGAL, NEXT, Command, Standing, State, Stop
from trajcore.replay.verdict import Cause
from trajcore.runtimes.registry import RUNTIMES, make_runtime
from trajcore.sandbox.registry import SANDBOXES, sandbox_names
from trajcore.views import marks, overview
from trajcore.views.exports import EXPORTS, LISTINGS
from trajcore.views.runobjects import KINDS as KINDS_TOLD
from trajcore.worlds.facts import HARNESSES, Told
from trajtui import leaving
from trajtui.actions.table import ACTIONS
from trajtui.cli import commands
from trajtui.commands.manual import own_options, page
from trajtui.commands.shapes import SHAPES
from trajtui.pictured import PICTURE

HERE: Final = Path(__file__).resolve().parent
MANUAL: Final = HERE / "trajtui.1"

_TREATED: Final = {
    Treatment.EXECUTE: "executed in the sandbox",
    Treatment.SERVE: "answered as recorded",
    Treatment.LOCAL: "answered on the spot",
    Treatment.DIALOGUE: "enters the history",
    Treatment.PASS: "kept, stepped over",
}


COMMON_FIELDS: Final = frozenset({"id", "timestamp", "source", "parent_id", "kind"})
"""What each event of OpenHands V1 has."""

_INSTANCE: Final = "django__django-11099"
"""A task of SWE-bench."""


def table(heads: str, rows: Iterable[tuple[object, ...]]) -> str:
    """A table with these heads, which stand with `|` between them."""
    names = heads.split("|")
    lines = [names, ["---"] * len(names), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(*words: object) -> str:
    """Words as code, those that are empty left out."""
    return " ".join(f"`{word}`" for word in words if word not in ("", None))


def first_line(thing: Any) -> str:
    """What the documentation of something says in its first line."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def said_of(where: type | ModuleType) -> dict[str, str]:
    """What is said of each name that a class or a module gives a value, in the text below it."""
    body = ast.parse(inspect.getsource(where)).body
    if isinstance(where, type) and isinstance(body[0], ast.ClassDef):
        body = body[0].body
    found = {}
    for node, below in pairwise(body):
        match node, below:
            case (
                ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)),
                ast.Expr(ast.Constant(str(text))),
            ):
                found[name] = " ".join(text.split())
    return found


def members(kind: type[Enum]) -> list[tuple[str, str]]:
    """The values of an enum as code, and what is said of each. Raises `KeyError` where nothing is."""
    said = said_of(kind)
    return [(code(one.value), said[one.name]) for one in kind]


def _yes(flag: object) -> str:
    return "yes" if flag else "no"


def _said(option: Option) -> str:
    return option.what.replace("{sandboxes}", ", ".join(sandbox_names()))


def options_table() -> str:
    """The options that say in what world a replay happens."""
    rows = ((code(row.keyword), code(row.name), _said(row)) for row in session_options())
    return table("keyword|option|does", rows)


def command_options() -> str:
    """The options of the table of options, with whose they are and the settings that they override."""
    all_of_them = [(path, _own(command)) for path, command in _commands(commands())]
    rows = (
        (
            code(f"{row.name} {row.metavar}".strip()),
            "every command"
            if row in COMMON
            else ", ".join(path for path, own in all_of_them if (row.keyword, _said(row)) in own),
            code(row.key),
            _said(row),
        )
        for row in (*OPTIONS, *COMMON)
    )
    return table("option|of|setting|does", rows)


def other_options() -> str:
    """All others, a row each."""
    in_table = {(row.keyword, _said(row)) for row in OPTIONS}
    rows = (
        (code(path), code(term), which[1])
        for path, command in _commands(commands())
        for which, term in _own(command).items()
        if which not in in_table
    )
    return table("command|option|does", rows)


def _own(command: click.Command) -> dict[tuple[str, str], str]:
    return {(keyword, what): term for keyword, term, what in own_options(command)}


def _commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if not command.hidden:
            yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path}{name} ")


def settings() -> str:
    """The keys of config.toml."""
    rows = (
        (
            code(f"[{key.section}]"),
            code(key.written),
            key.kind.__name__,
            _default(key.default),
            code(key.variable),
            "" if key.reach is Reach.NOWHERE else key.reach.value,
        )
        for key in KEYS
    )
    return table("section|key|type|default|variable|reaches further", rows)


def _default(value: object) -> str:
    return "" if value is None else code(str(value).lower() if isinstance(value, bool) else value)


def actions() -> str:
    """The kinds of actions."""
    rows = (
        (code(row.name), row.what, _TREATED[row.treatment], code(row.answered_by), _yes(row.insertable))
        for row in ACTION_KINDS
    )
    return table("action|what it is|in a replay|answered by|can be inserted", rows)


def observations() -> str:
    """The kinds of observations."""
    rows = ((code(row.name), row.what, _yes(row.answers)) for row in OBSERVATION_KINDS)
    return table("observation|what it is|answers an action", rows)


def keys() -> str:
    """What can be done on the screen."""
    rows = ((code(*row.shown.split()), row.what, row.group, code(row.name)) for row in ACTIONS)
    return table("keys|does|where|name", rows)


def escape() -> str:
    """What Esc does."""
    return table("the first that applies|where", ((rung.word, rung.where) for rung in leaving.RUNGS))


def mark_table() -> str:
    """What stands before and in a row of the timeline."""
    return table("mark|means", ((code(mark), what) for mark, what in marks.MEANINGS))


def strip() -> str:
    """What stands in the strip below the timeline."""
    return table("mark|means", ((code(mark), what) for mark, what in overview.MEANINGS))


def risks() -> str:
    """What a model's action is asked for first."""
    return table("rule|what it says|examples", ((code(row.name), row.what, row.examples) for row in RULES))


def notices_table() -> str:
    """What a session tells."""
    rows = (
        (code(kind.__name__), code(*kind.__match_args__), first_line(kind))
        for kind in get_args(notices.Notice)
    )
    return table("notice|holds|says", rows)


def json_kinds() -> str:
    """What `replay --json` prints."""
    return table("kind|is", ((code(kind), what) for kind, what in KINDS_TOLD))


def json_objects() -> str:
    """What each command prints with `--json`."""
    rows = (
        (
            code(row.command),
            f"one for each {row.each}" if row.each else "one",
            code(*row.keys.split()),
            row.what,
        )
        for row in SHAPES
    )
    return table("command|objects|keys|of them", rows)


def states() -> str:
    """What a session may be doing."""
    said = said_of(State)
    rows = (
        (
            code(state.value),
            said[state.name],
            ", ".join(command.value for command in Command if command in LEGAL[state]),
            code(*(later.value for later in State if later in NEXT[state])),
        )
        for state in State
    )
    return table("state|means|you can|is followed by", rows)


def standings() -> str:
    """How a run stands, in reports."""
    return table("`state`|means", members(Standing))


def stops() -> str:
    """Why a replay has stopped."""
    return table("`why`|means", members(Stop))


def live_ends() -> str:
    """How a model's turn ends."""
    said = said_of(outcome)
    others = [(code(getattr(outcome, name)), said[name]) for name in ("ERROR", "INTERRUPTED")]
    return table("`live.ending`|means", [*members(TurnEnd), *others])


def statuses() -> str:
    """How a step was satisfied."""
    return table("`status`|means", members(Status))


def causes() -> str:
    """What made a step come out otherwise."""
    return table("`cause`|means", members(Cause))


def worlds() -> str:
    """What a run begins in."""
    return table("`--world`|the run begins", ((code(name), text) for name, text in WORLDS.items()))


def world_facts() -> str:
    """What names a world."""
    said = said_of(What)
    return table("fact|is", ((one.value, said[one.name]) for one in What))


def harnesses() -> str:
    """What images evaluations call theirs."""
    example = Told(
        (
            Fact(What.INSTANCE, _INSTANCE, ""),
            Fact(What.REPOSITORY, _INSTANCE.split("-")[0].replace("__", "/"), ""),
        )
    )
    rows = (
        (
            row.name,
            code(row.data_set.pattern),
            code(*(image(example) for image in row.images)),
            row.prelude.value if row.prelude else "",
        )
        for row in HARNESSES
    )
    return table(
        f"evaluation|of a data set that is called|the image of `{_INSTANCE}`|before the first step", rows
    )


def conditions() -> str:
    """What a breakpoint can ask for."""
    rows = ((code(row.name), code(row.sort.signs), row.what) for row in TERMS)
    return table("term|compared by|is", rows)


def sandboxes() -> str:
    """The sandboxes."""
    rows = (
        (code(row.name), _yes(row.executes), _yes(row.walled), _yes(row.rewinds))
        for row in SANDBOXES.at_hand()
    )
    return table("sandbox|executes|has walls|goes back", rows)


def runtimes() -> str:
    """The runtimes."""
    rows = (
        (code(kind.name), first_line(runtime), code(*sorted(runtime.kinds)))
        for kind in RUNTIMES.at_hand()
        for runtime in [make_runtime(kind.name)]
    )
    return table("runtime|is|carries out", rows)


def formats() -> str:
    """The containers."""
    return table("format|holds", ((code(row.name), first_line(row)) for row in FORMATS.at_hand()))


def dialects() -> str:
    """The agents whose recordings are read."""
    rows = (
        (code(row.name), first_line(row), code(*sorted(row.formats)) or "any", code(row.runtime))
        for row in DIALECTS.at_hand()
    )
    return table("dialect|is|in the formats|runtime", rows)


def v1_events() -> str:
    """The events of OpenHands V1, and what each is shown as."""
    rows = (
        (code(kind), code(*kind_of(Key(kind=kind))), code(*sorted(fields.known - COMMON_FIELDS)))
        for kind, fields in EVENTS.items()
        if kind not in ("ActionEvent", "ObservationEvent")
    )
    return table("event|shown as|its own fields", rows)


def v1_actions() -> str:
    """The actions of OpenHands V1: as what each is shown, and what a replay does with it."""
    rows = []
    for kind, fields in V1_ACTIONS.items():
        shown = said_by(kind, None).kind
        names = sorted(fields.known - {"kind"})
        rows.append((code(kind), code(shown), _TREATED[action_kind(shown).treatment], code(*names)))
    return table("action|shown as|in a replay|fields", rows)


def refused() -> str:
    """What is recognised and refused by name."""
    return "\n".join(f"- {row.name}" for row in (*AGENTS, *OTHERS))


def tools() -> str:
    """What a live model is offered."""
    rows = (
        (code(one["name"]), code(*one["parameters"]["properties"]), one["description"])
        for one in (tool["function"] for tool in default_dialect().tools.schemas())
    )
    return table("tool|parameters|is told", rows)


def exports() -> str:
    """What a recording can be exported as."""
    rows = [
        *((code(f"show{' --json' * (row.name == 'json')}"), row.what) for row in LISTINGS),
        *((code(f"export --to {row.name}"), row.what) for row in EXPORTS),
        (code("export --to svg"), PICTURE),
    ]
    return table("command|writes", rows)


def exit_codes() -> str:
    """How a command ends."""
    return table("code|means", EXIT_CODES.items())


TABLES: Final[dict[str, Callable[[], str]]] = {
    "options": options_table,
    "command_options": command_options,
    "other_options": other_options,
    "settings": settings,
    "actions": actions,
    "observations": observations,
    "keys": keys,
    "escape": escape,
    "marks": mark_table,
    "strip": strip,
    "notices": notices_table,
    "json_kinds": json_kinds,
    "json_objects": json_objects,
    "states": states,
    "standings": standings,
    "stops": stops,
    "live_ends": live_ends,
    "statuses": statuses,
    "causes": causes,
    "worlds": worlds,
    "world_facts": world_facts,
    "harnesses": harnesses,
    "conditions": conditions,
    "sandboxes": sandboxes,
    "runtimes": runtimes,
    "formats": formats,
    "dialects": dialects,
    "v1_events": v1_events,
    "v1_actions": v1_actions,
    "refused": refused,
    "tools": tools,
    "risks": risks,
    "exports": exports,
    "exit_codes": exit_codes,
}


def with_tables(page: str) -> str:
    """A page with its tables as they should be."""

    def made(found: re.Match[str]) -> str:
        return f"<!-- {found[1]} -->\n{TABLES[found[1]]()}\n<!-- /{found[1]} -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", made, page, flags=re.DOTALL)


def main() -> None:
    """Write every page of this directory anew, and that of the manual."""
    for path in sorted(HERE.glob("*.md")):
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")
    MANUAL.write_text(page(commands()), encoding="utf-8")


if __name__ == "__main__":
    main()
