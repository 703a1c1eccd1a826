"""How an agent's actions are said as tool calls: one table, read in every direction.

What a live model is offered (`schemas`), from a call to an action (`action_of`), from an action to its call
(`call_of`), and which parameter a field is (`parameter_of`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from trajcore.dialects.replies import json_object
from trajcore.dialects.tasklists import TaskWords

if TYPE_CHECKING:
    from trajcore.events.base import Action

Schema = dict[str, Any]


class _Absent:
    """Stands for a parameter that a call does without."""


ABSENT: Final = _Absent()


# A parameter, and how its value goes from the call to the action and back.


class Parameter(Struct, frozen=True):
    """One parameter of a tool, and the field of the action that it is.

    `taken` makes the field's value of an argument, `said` the argument of the action's arguments (by
    default the value of the field, and nothing where it is null), `changed` the argument after an edit: it
    is given the one before it, and the field before and after.
    """

    name: str
    field: str = ""
    """Empty: it has the name of the parameter."""
    schema: Schema | None = None
    """What a live model is told of it; None: it is not offered."""
    taken: Callable[[Any], Any] = lambda value: value
    said: Callable[[Any], Any] | None = None
    changed: Callable[[Any, Any, Any], Any] = lambda argument, old, new: new
    sets: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """Further fields of an action whose call has this parameter."""
    beside: bool = False
    """The field stands beside the action's arguments, not among them."""
    own: bool = False
    """What the model said beside the call stands before it in the field, and not in the call."""
    compared: bool = True
    """Whether a recorded call that says something else than its action is corrected."""

    @property
    def place(self) -> str:
        """The name of the field."""
        return self.field or self.name

    def of(self, action: Action, beside: str) -> Any:
        """The argument that an action amounts to, or `ABSENT`; `beside` is what the model said beside it."""
        if self.said is not None:
            return self.said(action if self.beside else action.args)
        value = getattr(action.args, self.place, None)
        return ABSENT if value is None else self.without(value, beside)

    def without(self, value: Any, beside: str) -> Any:
        """The field's value without what the model said beside the call."""
        if self.own and beside and isinstance(value, str):
            return value.removeprefix(f"{beside}\n")
        return value

    def after(self, argument: Any, old: Any, new: Any, beside: str) -> Any:
        """The argument after an edit of the field."""
        return self.changed(argument, old, self.without(new, beside))


class Tool(Struct, frozen=True):
    """How an action of a kind is said as a call of a tool."""

    name: str
    kind: str
    parameters: tuple[Parameter, ...] = ()
    given: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """Arguments that are always the same."""
    when: Callable[[Any], bool] = lambda args: True
    """Which actions of the kind: asked of the action's arguments."""
    droppable: tuple[str, ...] = ()
    """Parameters of a recorded call that an edit takes away where the action no longer has them."""
    named_by: str = ""
    """The field that holds the name of the tool, where each has its own."""
    whole: str = ""
    """The field that holds all arguments, where the tool is not known to us."""
    copied: str = ""
    """The field whose entries are parameters, where the call has them."""
    makes: Mapping[str, Any] | None = None
    """The arguments of an action made of a call, as they are without any; None: no action is made so."""
    description: str = ""
    """What a live model is told of the tool; empty: by the row before, or not offered."""
    required: tuple[str, ...] = ()
    """Parameters that a call cannot do without; where it has the `given` ones, if there are any."""
    switch: str = ""
    """The key of `[agent]` in config.toml that switches it on and off, where there is one."""


class ImpliedCall(Struct, frozen=True):
    """The call that an action amounts to: `compared` is what of its arguments corrects a recorded call."""

    tool: Tool
    name: str
    arguments: dict[str, Any]
    compared: dict[str, Any]


class Step(Struct, frozen=True):
    """A step of an example: what a model says, the tool that it calls, with what, and what comes back."""

    said: str
    tool: str
    arguments: Mapping[str, Any]
    result: str = ""


class InText(Struct, frozen=True):
    """A call that a model has said in its text, and what it said before it."""

    name: str
    arguments: dict[str, Any]
    thought: str


class ToolMap:
    """Every way to say an agent's actions as calls.

    Of the rows of a kind, or of a name, the first that fits is taken.
    """

    def __init__(
        self,
        *rows: Tool,
        anywhere: tuple[Parameter, ...] = (),
        example: tuple[str, tuple[Step, ...]] = ("", ()),
        tasks: TaskWords | None = None,
        in_text: Callable[[str], InText | None] | None = None,
    ) -> None:
        """`anywhere` are parameters that any recorded call may have; where offered, they come last.

        `example` is a task and how it is done: for models that have no calls of their own. `tasks` is how
        the list of tasks is answered; by default as OpenHands does.
        """
        self.in_text = in_text
        """Finds the call in a text, where the agent's model says it so; it is told of no tools then."""
        self.tasks = tasks or TaskWords()
        self.example = example
        self._rows = rows
        self._anywhere = {one.name: one for one in anywhere}
        self._off: frozenset[str] = frozenset()

    def with_only(self, names: Collection[str]) -> ToolMap:
        """The same, of which a live model is offered the tools of these names alone."""
        other = copy.copy(self)
        other._off = frozenset(self.names).difference(names)
        return other

    @property
    def names(self) -> tuple[str, ...]:
        """The tools that a live model can be offered, those that are switched off included."""
        return tuple(tool.name for tool in self._rows if tool.description)

    @property
    def offered(self) -> frozenset[str]:
        """The tools that a live model is offered: those of them that are on."""
        return frozenset(self.names) - self._off

    @property
    def switches(self) -> dict[str, str]:
        """By each of these its switch in the settings of the agent's own program, or nothing."""
        return {tool.name: tool.switch for tool in self._rows if tool.description}

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._rows)

    def schemas(self) -> list[Schema]:
        """What a live model is offered, as chat-completion tools."""
        return [self._offered(tool) for tool in self._rows if tool.description and tool.name not in self._off]

    def _offered(self, tool: Tool) -> Schema:
        rows = [tool, *(row for row in self._rows if row.name == tool.name and row is not tool)]
        known = {one.name: one.schema for row in rows for one in row.parameters if one.schema is not None}
        last = {name: known.pop(name) for name in self._anywhere if name in known}
        parameters = {
            "type": "object",
            "properties": {**known, **last},
            "required": list(tool.required),
            "additionalProperties": False,
        }
        function = {"name": tool.name, "description": tool.description, "parameters": parameters}
        return {"type": "function", "function": function}

    def action_of(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The action that a call of an offered tool asks for, its arguments checked already.

        That is `action`, its complete `args`, and what stands beside them where it was given.
        """
        tool = self._maker(name, given)
        args: dict[str, Any] = copy.deepcopy(dict(tool.makes or {}))
        around: dict[str, Any] = {}
        for one in tool.parameters:
            if one.name in given:
                (around if one.beside else args)[one.place] = one.taken(given[one.name])
                args.update(one.sets)
        return {"action": tool.kind, "args": args, **around}

    def missing(self, name: str, given: Mapping[str, Any]) -> list[str]:
        """The parameters that such a call of an offered tool lacks."""
        return [key for key in self._maker(name, given).required if given.get(key) is None]

    def _maker(self, name: str, given: Mapping[str, Any]) -> Tool:
        return next(row for row in self._rows if row.name == name and _makes(row, given))

    def call_of(self, action: Action, beside: str = "") -> ImpliedCall | None:
        """The call that the fields of an action amount to; None for what is no tool call.

        `beside` is what the model said beside the recorded call.
        """
        rows = (row for row in self.rows_of(action.action) if row.parameters or row.whole)
        tool = next((row for row in rows if row.when(action.args)), None)
        if tool is None:
            return None
        if tool.whole:
            arguments = json_object(getattr(action.args, tool.whole)) or {}
            return ImpliedCall(tool, getattr(action.args, tool.named_by), arguments, arguments)
        said = [(one, one.of(action, beside)) for one in tool.parameters]
        there = [(one, value) for one, value in said if value is not ABSENT]
        arguments = {**tool.given, **{one.name: value for one, value in there}}
        compared = {**tool.given, **{one.name: value for one, value in there if one.compared}}
        return ImpliedCall(tool, tool.name, arguments, compared)

    def rows_of(self, kind: str) -> list[Tool]:
        """The ways to say an action of a kind."""
        return [row for row in self._rows if row.kind == kind]

    def parameter_of(self, kind: str, name: str) -> Parameter | None:
        """The parameter that a field of a kind of action is."""
        of_kind = (one for row in self.rows_of(kind) for one in row.parameters if one.place == name)
        return next(of_kind, self._anywhere.get(name))


def _makes(row: Tool, given: Mapping[str, Any]) -> bool:
    return row.makes is not None and all(given.get(name) == value for name, value in row.given.items())
