"""Notebook cells: run one after the other in a kernel, interrupted in time, bounded in what they write."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from trajcore.sandbox.base import CellOutcome, Emit
from trajcore.sandbox.files import BashFiles
from trajcore.sandbox.machines.machine import Machine
from trajcore.sandbox.notebook.kernellink import Frame, KernelLink, KernelLost
from trajcore.sandbox.shell.capture import Capture

_START_PATIENCE: Final = 90.0
_MOVE_PATIENCE: Final = 20.0
_AFTER_INTERRUPT: Final = 0.8
_AFTER_TIMEOUT: Final = 3.0
_OVERDUE: Final = 5.0
_STILLBORN: Final = "Interrupted before the cell had begun."
_NEW_KERNEL: Final = "its variables are lost, and the next cell starts a new one."
_IMAGES: Final = 48 << 20
"""Bytes of pictures that are kept of one cell."""


@dataclass(frozen=True)
class _Ended:
    """How a cell ended, other than by itself: `words` say it; `lost`: it took the kernel with it."""

    timed_out: bool = False
    words: str = ""
    lost: bool = False


class CellOutput:
    """Takes in the frames of one cell."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._kept = Capture()
        self._size = 0
        self._has_text = False
        self._failed = False
        self._after_result = False
        self._at_line_start = True
        self._room = _IMAGES
        self.images: list[str] = []
        """Pictures as data URLs."""

    def add(self, frame: Frame) -> None:
        """Show a frame, and keep what belongs to the answer: nothing that follows a traceback does."""
        if frame.kind in "ob":
            self._show(frame.payload, result=False)
        elif frame.kind in "te":
            self._show(frame.payload, result=True)
        if self._failed and frame.kind != "e":
            return
        if frame.kind in "ote":
            self._has_text = True
            self._failed = frame.kind == "e"
            self._size += len(frame.payload)
            self._kept.add(frame.payload)
        elif frame.kind == "p" and len(frame.payload) <= self._room:
            self._room -= len(frame.payload)
            self.images.append("data:image/png;base64," + frame.payload.decode("ascii", "replace"))

    def end(self) -> None:
        """Nothing follows: what is shown ends with a line's end if it ended with a result."""
        if self._after_result:
            self._show(b"", result=False)

    @property
    def text(self) -> bytes | None:
        """What is kept of it; None where the cell has neither written anything nor had a result."""
        return self._kept.peek() if self._has_text else None

    @property
    def cut(self) -> bool:
        """Whether there was more than is kept."""
        return self._size > len(self._kept.peek())

    def _show(self, data: bytes, result: bool) -> None:
        if result != self._after_result and not self._at_line_start:
            data = b"\n" + data
        self._after_result = result
        if data:
            self._at_line_start = data.endswith(b"\n")
            self._emit(data)


class Notebook:
    """Runs cells in one kernel, started at the first of them."""

    def __init__(self, machine: Machine, files: BashFiles, directory: Callable[[], str]) -> None:
        self._link = KernelLink(machine, files)
        self._directory = directory
        self._python = ""
        self._number = 0
        self._unfinished = 0
        self._moved_to: str | None = None
        self._ready = False
        """Whether this kernel has run what is to be run in it first."""
        self._interrupted = False
        self._told = ""
        self.busy = False
        """Whether a cell runs."""

    async def run(self, code: str, limit: float, emit: Emit, first: str = "") -> CellOutcome | None:
        """See `Sandbox.run_cell`."""
        self.busy, self._interrupted = True, False
        output = CellOutput(emit)
        try:
            if not await self._started(emit):
                return None
            ended = await self._prepared(first) or await self._cell(code, output, limit)
        except KernelLost as lost:
            ended = _Ended(words=f"The kernel was lost ({lost}): {_NEW_KERNEL}", lost=True)
        finally:
            self.busy = False
        if ended.lost:
            await self.forget()
        output.end()
        images = () if ended.timed_out else tuple(output.images)
        return CellOutcome(output.text, output.cut, images, ended.timed_out, ended.words, self._python)

    async def interrupt(self) -> None:
        """Interrupt the running cell; `run` then returns within a second, if need be without the kernel."""
        self._interrupted = True
        self._link.nudge()

    async def forget(self) -> None:
        """End the kernel; the next cell starts a new one. Raises `SandboxUnavailable`."""
        self._unfinished, self._moved_to, self._ready = 0, None, False
        if self._link.started:
            await self._link.kill()

    def close(self) -> None:
        """End the kernel and give back the way in; the next cell, in whatever world, starts anew."""
        self._unfinished, self._moved_to, self._ready = 0, None, False
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
        if facts.get("managed"):
            words += " Its packages are its system's: %pip installs into an environment beside them."
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

    async def _prepared(self, first: str) -> _Ended | None:
        """Have a new kernel run what is to be run in it first, unseen; how that ended where it was lost."""
        if self._ready:
            return None
        ended = await self._execute(first, CellOutput(lambda data: None), _MOVE_PATIENCE) if first else None
        self._ready = ended is None or not ended.lost
        return None if self._ready else ended

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
