"""Which part of OpenHands' runtime answers which action."""

from __future__ import annotations

from typing import Final

from trajcore.events.actions import EditAction, ReadAction, RunAction, RunIpythonAction, WriteAction
from trajcore.events.base import Action, Observation
from trajcore.runtimes.base import Answered, cannot
from trajcore.runtimes.openhands.cell import run_cell
from trajcore.runtimes.openhands.editor import Editor
from trajcore.runtimes.openhands.files import edit, read, write
from trajcore.runtimes.openhands.run import Command
from trajcore.sandbox.base import Emit, Limits, Sandbox

_NEW: Final[dict[str, object]] = {}
"""What an editor remembers that has edited nothing."""


class OpenHandsRuntime:
    """A `Runtime`. Remembers what its editor remembers for undo."""

    kinds = frozenset({"run", "run_ipython", "read", "write", "edit"})

    def __init__(self) -> None:
        self._editor: Editor | None = None
        self._memory: object = _NEW

    async def carry_out(
        self, action: Action, recorded: Observation | None, sandbox: Sandbox, limits: Limits, emit: Emit
    ) -> Answered:
        """See `Runtime.carry_out`."""
        match action:
            case RunAction():
                return await Command(action, recorded, sandbox, limits, emit).answer()
            case RunIpythonAction():
                return await run_cell(action, recorded, sandbox, limits, emit)
            case ReadAction():
                return Answered(await read(action, sandbox, self._editor_in(sandbox)))
            case WriteAction():
                return Answered(await write(action, sandbox))
            case EditAction():
                observation = await edit(action, self._editor_in(sandbox))
                return cannot(action) if observation is None else Answered(observation)
        return cannot(action)

    def memory(self) -> object:
        """See `Runtime.memory`."""
        return self._memory if self._editor is None else self._editor.memory()

    def recall(self, memory: object) -> None:
        """See `Runtime.recall`."""
        self._memory = _NEW if memory is None else memory
        if self._editor is not None:
            self._editor.recall(self._memory)

    def _editor_in(self, sandbox: Sandbox) -> Editor:
        if self._editor is None:
            self._editor = Editor(sandbox.files)
            self._editor.recall(self._memory)
        return self._editor
