"""`run_ipython` actions: what OpenHands' notebook would have answered (reference: OpenHands 0.62)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from trajcore.events.actions import RunIpythonAction
from trajcore.events.observations import RunIpythonExtras, RunIpythonObservation
from trajcore.sandbox.base import Emit, Limits
from trajcore.sandbox.files.files import Files
from trajcore.sandbox.machines.machine import Machine
from trajcore.sandbox.notebook.celloutput import CellOutput
from trajcore.sandbox.notebook.kernellink import Frame, KernelLink, KernelLost

_START_PATIENCE: Final = 90.0
_MOVE_PATIENCE: Final = 20.0
_AFTER_INTERRUPT: Final = 0.8
_AFTER_TIMEOUT: Final = 3.0
_OVERDUE: Final = 5.0
_STILLBORN: Final = "Interrupted before the cell had begun."
_NEW_KERNEL: Final = "its variables are lost, and the next cell starts a new one."
_MESSAGE: Final = "Code executed in IPython cell."


@dataclass(frozen=True)
class _Ended:
    """How a cell ended, other than by itself: `words` say it; `lost`: it took the kernel with it."""

    timed_out: bool = False
    words: str = ""
    lost: bool = False


class Notebook:
    """Answers `run_ipython` actions by means of one kernel, started at the first cell."""

    def __init__(self, machine: Machine, files: Files, directory: Callable[[], str], limits: Limits) -> None:
        self._link = KernelLink(machine, files)
        self._directory = directory
        self._limits = limits
        self._python = ""
        self._number = 0
        self._unfinished = 0
        self._moved_to: str | None = None
        self._interrupted = False
        self._told = ""
        self.busy = False
        """Whether a cell runs."""

    async def run(self, action: RunIpythonAction, emit: Emit) -> RunIpythonObservation | None:
        """Run one cell; None if the sandbox has no Python. Raises `SandboxUnavailable`."""
        self.busy, self._interrupted = True, False
        output = CellOutput(emit)
        limit = self._limits.hard if action.timeout is None else action.timeout
        try:
            if not await self._started(emit):
                return None
            ended = await self._cell(action.args.code, output, limit)
        except KernelLost as lost:
            ended = _Ended(words=f"The kernel was lost ({lost}): {_NEW_KERNEL}", lost=True)
        finally:
            self.busy = False
        if ended.lost:
            await self.forget()
        output.end()
        return self._observation(action, output, ended, limit, emit)

    async def interrupt(self) -> None:
        """Interrupt the running cell; `run` then returns within a second, if need be without the kernel."""
        self._interrupted = True
        self._link.nudge()

    async def forget(self) -> None:
        """End the kernel; the next cell starts a new one. Raises `SandboxUnavailable`."""
        self._unfinished, self._moved_to = 0, None
        if self._link.started:
            await self._link.kill()

    def close(self) -> None:
        """End the kernel and give back the way in; the next cell, in whatever world, starts anew."""
        self._unfinished, self._moved_to = 0, None
        self._link.close()

    async def _started(self, emit: Emit) -> bool:
        """Have a kernel that is free, unless the user interrupts; False if there is no Python."""
        if self._link.started:
            await self._settle()
        if self._link.started:
            return True
        if not await self._link.start():
            return False
        deadline = time.monotonic() + _START_PATIENCE
        while not self._interrupted:
            frame = await self._link.next(deadline - time.monotonic())
            if frame is not None and frame.kind == "h":
                self._greet(frame, emit)
                return True
            if time.monotonic() > deadline:
                raise KernelLost(f"it did not start in {_START_PATIENCE:g} seconds")
        await self.forget()
        return True

    def _greet(self, hello: Frame, emit: Emit) -> None:
        """Say once which kernel it is, where it is not a real one."""
        facts = hello.json()
        self._python = str(facts.get("python", ""))
        if facts.get("kernel") == "ipykernel":
            return
        why = facts.get("note") or "The sandbox has no ipykernel"
        words = (
            f"{why}: cells run in a plain Python {facts.get('version')}, which knows the common magics only."
        )
        if words != self._told:
            self._told = words
            emit(f"\x1b[2m[{words}]\x1b[0m\n".encode("utf-8", "replace"))

    async def _settle(self) -> None:
        """See the end of a cell that somebody stopped waiting for."""
        if not self._unfinished:
            return
        await self._link.send("i", self._unfinished)
        deadline = time.monotonic() + _OVERDUE
        while not self._interrupted and (left := deadline - time.monotonic()) > 0:
            frame = await self._link.next(left)
            if frame is not None and self._ends(frame, self._unfinished):
                self._unfinished = 0
                return
        await self.forget()

    async def _cell(self, code: str, output: CellOutput, limit: float) -> _Ended:
        """Run a cell in the shell's directory, if that has changed since the last one."""
        directory = self._directory()
        if directory != self._moved_to:
            unseen = CellOutput(lambda data: None)
            moved = await self._execute(f"import os; os.chdir({directory!r})", unseen, _MOVE_PATIENCE)
            if moved.lost:
                return moved
            self._moved_to = directory
        return await self._execute(code, output, limit)

    async def _execute(self, code: str, output: CellOutput, limit: float) -> _Ended:
        """Run code until it is done, or is to be given up. Raises `KernelLost`."""
        if self._interrupted:
            return _Ended(words=_STILLBORN)
        self._number += 1
        self._unfinished = self._number
        await self._link.send("x", self._number, code.encode("utf-8", "replace"))
        deadline = time.monotonic() + limit
        asked = timed_out = False
        while True:
            now = time.monotonic()
            if not asked and (self._interrupted or now >= deadline):
                asked, timed_out = True, not self._interrupted
                deadline = now + (_AFTER_TIMEOUT if timed_out else _AFTER_INTERRUPT)
                await self._link.send("i", self._number)
            elif now >= deadline:
                words = f"The cell ignored the interrupt, so its kernel was killed: {_NEW_KERNEL}"
                return _Ended(timed_out, words, lost=True)
            frame = await self._link.next(deadline - now)
            if frame is not None and self._ends(frame, self._number):
                break
            if frame is not None:
                output.add(frame)
        self._unfinished = 0
        how = frame.json().get("died")
        if how is None:
            return _Ended(timed_out)
        return _Ended(timed_out, f"The kernel died ({how}): {_NEW_KERNEL}", lost=True)

    def _ends(self, frame: Frame, number: int) -> bool:
        return frame.kind == "d" and frame.json().get("cell") == number

    def _observation(
        self, action: RunIpythonAction, output: CellOutput, ended: _Ended, limit: float, emit: Emit
    ) -> RunIpythonObservation:
        images = [] if ended.timed_out else output.images
        text = "" if ended.words and not output.has_text else output.text()
        if ended.timed_out:
            text = f"[Execution timed out ({limit:g} seconds).]"
            emit(text.encode() + b"\n")
        if ended.words:
            emit(f"[{ended.words}]\n".encode("utf-8", "replace"))
            text = f"{text.rstrip()}\n[{ended.words}]".lstrip("\n")
        text = text.rstrip()
        if action.args.include_extra:
            text += f"\n[Jupyter current working directory: {self._directory()}]"
            text += f"\n[Jupyter Python interpreter: {self._python}]"
        return RunIpythonObservation(
            source=action.source,
            message=_MESSAGE,
            content=text,
            extras=RunIpythonExtras(code=action.args.code, image_urls=images or None),
            success=True,
        )
