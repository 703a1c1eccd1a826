"""Which part of V1's runtime answers which action."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trajcore.events.actions import (
    ApplyPatchAction,
    EditAction,
    FindFilesAction,
    ReadAction,
    RunAction,
    RunIpythonAction,
    SearchFilesAction,
    WriteAction,
)
from trajcore.events.base import Action, Observation
from trajcore.runtimes.base import Answered, cannot
from trajcore.runtimes.openhands.cell import run_cell
from trajcore.runtimes.openhands_v1.editor import V1Editor, edit, view
from trajcore.runtimes.openhands_v1.filetools import FileTools
from trajcore.runtimes.openhands_v1.patching import apply_patch
from trajcore.runtimes.openhands_v1.searching import find_files, search_files
from trajcore.runtimes.openhands_v1.terminal import Call, Terminal
from trajcore.sandbox.base import Emit, Limits, Sandbox

_EDITOR: Final = "oh_aci"


class OpenHandsV1Runtime:
    """A `Runtime`. Remembers what its terminal is like, and what its editor remembers for undo."""

    kinds = frozenset(
        {"run", "run_ipython", "read", "write", "edit", "find_files", "search_files", "apply_patch"}
    )

    def __init__(self) -> None:
        self._terminal = Terminal()
        self._editor: V1Editor | None = None
        self._undo: object = {}

    async def carry_out(
        self, action: Action, recorded: Observation | None, sandbox: Sandbox, limits: Limits, emit: Emit
    ) -> Answered:
        """See `Runtime.carry_out`."""
        terminal = self._terminal
        terminal.home = terminal.home or sandbox.directory
        if isinstance(action, RunAction):
            return await Call(action, recorded, sandbox, limits, emit, terminal).answer()
        if isinstance(action, RunIpythonAction):  # V1 has no notebook; what is put in, or goes on live, may
            return await run_cell(action, recorded, sandbox, limits, emit)
        files, home = sandbox.files, terminal.home
        match action:
            case ReadAction() if action.args.impl_source == _EDITOR:
                return Answered(await view(action, recorded, self._editor_in(sandbox)))
            case ReadAction():
                return Answered(await FileTools(files, home).read(action))
            case WriteAction():
                return Answered(await FileTools(files, home).write(action))
            case EditAction() if hasattr(action.args, "expected_replacements"):
                return Answered(await FileTools(files, home).edit(action))
            case EditAction():
                return Answered(await edit(action, recorded, self._editor_in(sandbox)))
            case FindFilesAction():
                return Answered(await find_files(action, files, home))
            case SearchFilesAction():
                return Answered(await search_files(action, files, home))
            case ApplyPatchAction():
                return Answered(await apply_patch(action, files, home))
        return cannot(action)

    def memory(self) -> object:
        """See `Runtime.memory`."""
        undo = self._undo if self._editor is None else self._editor.memory()
        return undo, replace(self._terminal)

    def recall(self, memory: object) -> None:
        """See `Runtime.recall`."""
        undo, terminal = memory if isinstance(memory, tuple) else ({}, Terminal())
        self._terminal = replace(terminal)
        self._undo = undo
        if self._editor is not None:
            self._editor.recall(undo)

    def _editor_in(self, sandbox: Sandbox) -> V1Editor:
        if self._editor is None:
            self._editor = V1Editor(sandbox.files, self._terminal.home)
            self._editor.recall(self._undo)
        return self._editor
