"""What SWE-agent's environment answers to a command: one bash runs them all, and tells no exit code."""

from __future__ import annotations

import shlex
from typing import Any, Final

from trajcore.events.actions import EditArgs, RunAction, RunIpythonAction
from trajcore.events.base import Action, Observation
from trajcore.events.observations import CommandMetadata, RunExtras, RunObservation
from trajcore.runtimes.base import Answered, cannot
from trajcore.runtimes.habits import Habits
from trajcore.runtimes.openhands.editor import Editor
from trajcore.runtimes.openhands.editortext import EditorError, numbered
from trajcore.runtimes.swe_agent import calls, windowed
from trajcore.sandbox.base import Emit, Limits, Outcome, Patience, Sandbox
from trajcore.sandbox.shell.quoting import quoted

_TIMED_OUT: Final = (
    "The command {0!r} was cancelled because it took more than {1:g} seconds. "
    "Please try a different command that completes more quickly."
)
TIME_OUTS: Final = (
    "The command '", "EXECUTION TIMED OUT", "\nEXECUTION TIMED OUT", "COMMAND FAILED TO EXECUTE",
)  # fmt: skip
"""How what its versions say of a command begins that took too long; templates word the rest."""
_ENDING: Final = Patience(hard=1.0)
"""How long a command is given to end once it was interrupted."""
_EDITOR: Final = "str_replace_editor"


class SweAgentRuntime:
    """A `Runtime` with one bash, and two file tools whose commands look like those of a shell."""

    kinds = frozenset({"run", "run_ipython"})

    def __init__(self, habits: Habits) -> None:
        """`habits` are those of the trajectory's own agent."""
        self._habits = habits
        self._is_ready = False
        self._editor: SweEditor | None = None
        self._undo: object = {}
        given = {name: int(value) for name, value in habits.environment if value.isdecimal()}
        self._windowed = windowed.Windowed(given.get("WINDOW", 100), given.get("OVERLAP", 2))

    async def carry_out(
        self, action: Action, recorded: Observation | None, sandbox: Sandbox, limits: Limits, emit: Emit
    ) -> Answered:
        """See `Runtime.carry_out`."""
        if isinstance(action, RunIpythonAction):  # it has no notebook; what is put in may
            from trajcore.runtimes.openhands.cell import run_cell

            return await run_cell(action, recorded, sandbox, limits, emit)
        if not isinstance(action, RunAction):
            return cannot(action)
        call = editor_call(action.args.command)
        if call is not None:
            return await self._edit(action, call, sandbox, emit)
        shown = calls.call_in(action.args.command)
        if shown is not None:
            return await self._view(action, shown, recorded, sandbox, emit)
        await self._make_ready(sandbox)
        seconds = action.timeout or self._habits.timeout or limits.hard
        outcome = await sandbox.run(action.args.command, Patience(hard=seconds), emit)
        if outcome.restarted or outcome.in_new_shell:
            self._is_ready = False
        if outcome.still_running is None and not outcome.interrupted:
            return Answered(_observation(action, _text(outcome.output), outcome), outcome)
        if outcome.still_running is not None:
            await self._end(sandbox, emit)
        said = recorded.content if recorded is not None else ""
        if not said.startswith(TIME_OUTS):
            said = _TIMED_OUT.format(action.args.command, seconds)
        return Answered(_observation(action, said, outcome), outcome)

    async def _make_ready(self, sandbox: Sandbox) -> None:
        """What each of its shells begins with: its variables, and where the repository is."""
        if self._is_ready or sandbox.busy:
            return
        variables = [f"{name}={quoted(value).decode()}" for name, value in self._habits.environment]
        line = f'export {" ".join(variables)} ROOT="$(pwd -P)"'
        await sandbox.run(line, Patience(hard=10.0), _unheard)
        self._is_ready = True

    async def _end(self, sandbox: Sandbox, emit: Emit) -> None:
        """Interrupt what runs; what ignores that ends with its shell."""
        await sandbox.interrupt()
        after = await sandbox.follow(_ENDING, emit)
        if after.still_running is not None:
            await sandbox.new_shell()
            self._is_ready = False

    async def _edit(self, action: RunAction, call: EditorCall, sandbox: Sandbox, emit: Emit) -> Answered:
        if self._editor is None:
            self._editor = SweEditor(sandbox.files)
            self._editor.recall(self._undo)
        code = 0
        try:
            if call.command == "view":
                said = await self._editor.view(call.path, call.view_range_given)
            else:
                said = (await self._editor.edit(call)).answer
        except EditorError as error:
            said, code = str(error), 1
        emit(f"{said}\n".encode("utf-8", "surrogateescape"))
        metadata = CommandMetadata(working_dir=sandbox.directory, exit_code=code)
        return Answered(_made(action, f"{said}\n", metadata, success=not code))

    async def _view(
        self,
        action: RunAction,
        call: calls.Call,
        recorded: Observation | None,
        sandbox: Sandbox,
        emit: Emit,
    ) -> Answered:
        told = recorded.content if recorded is not None else None
        code = 0
        try:
            said = await self._windowed.answer(call, sandbox.files, sandbox.directory, told)
        except OSError as error:
            said, code = f"{error.strerror}: {error.filename}", 1
        emit(f"{said}\n".encode("utf-8", "surrogateescape"))
        metadata = CommandMetadata(working_dir=sandbox.directory, exit_code=code)
        return Answered(_made(action, said, metadata, success=not code))

    def memory(self) -> object:
        """See `Runtime.memory`."""
        undo = self._undo if self._editor is None else self._editor.memory()
        return self._is_ready, undo, self._windowed.window

    def recall(self, memory: object) -> None:
        """See `Runtime.recall`."""
        known = memory if isinstance(memory, tuple) else (False, {}, windowed.Window())
        self._is_ready, self._undo, self._windowed.window = known
        if self._editor is not None:
            self._editor.recall(self._undo)


class SweEditor(Editor):
    """The editor, which shows a snippet without the empty line behind its last one."""

    def numbered(self, text: str, what: str, first: int = 1) -> str:
        """See `Editor.numbered`."""
        is_snippet = what.startswith("a snippet")
        return numbered(text.removesuffix("\n") if is_snippet else text, what, first)


class EditorCall(EditArgs):
    """A call of the editor. `view_range_given` are the lines that it asks for."""

    view_range_given: list[int] | None = None


def editor_call(command: str) -> EditorCall | None:
    """The call that a command is; None where it is none, or more than that."""
    if not command.lstrip().startswith(_EDITOR):
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if words[0] != _EDITOR or len(words) < 3:
        return None
    given: dict[str, Any] = {"command": words[1], "path": words[2]}
    rest = words[3:]
    while rest:
        name = rest.pop(0)
        if not name.startswith("--"):
            return None
        key, joined, value = name[2:].partition("=")
        values = [value] if joined else []
        while rest and not rest[0].startswith("--") and (not values or key == "view_range"):
            values.append(rest.pop(0))
        if key == "view_range":
            key, value_given = "view_range_given", [int(one) for one in values if one.lstrip("-").isdigit()]
            given[key] = value_given
        elif key == "insert_line":
            given[key] = int(values[0]) if values and values[0].isdigit() else None
        elif key in ("file_text", "old_str", "new_str"):
            given[key] = values[0] if values else ""
        else:
            return None
    return EditorCall.model_validate(given)


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace")


def _observation(action: RunAction, text: str, outcome: Outcome) -> RunObservation:
    code = outcome.exit_code
    fields: dict[str, Any] = {"working_dir": outcome.directory}
    if code is not None:
        fields["exit_code"] = code
    return _made(action, text, CommandMetadata(**fields), success=code == 0)


def _made(action: RunAction, text: str, metadata: CommandMetadata, *, success: bool) -> RunObservation:
    extras = RunExtras(command=action.args.command, metadata=metadata)
    return RunObservation(source=action.source, content=text, extras=extras, success=success)


def _unheard(data: bytes) -> None:
    """What our own commands write is of no interest."""
