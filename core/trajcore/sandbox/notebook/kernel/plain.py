"""A kernel for notebook cells that needs nothing but Python: cells in, output and results out."""

import __future__

import ast
import asyncio
import base64
import builtins
import codeop
import io
import linecache
import os
import signal
import sys
import threading
from types import ModuleType
from typing import Any, Dict, List, Optional

from . import figures, pip, tracebacks
from .magics import Shell, UsageError
from .pretty import shown
from .transform import transformed

_PIECE = 1 << 20
_COROUTINE = 0x80
_AWAITING = getattr(ast, "PyCF_ALLOW_TOP_LEVEL_AWAIT", 0)


class StdinNotImplementedError(NotImplementedError):
    """There is nobody to answer."""


class Kernel:
    """Runs cells in the namespace of `__main__`."""

    def __init__(self, results: int, receipts: int) -> None:
        self._results = results
        self._receipts = receipts
        self._sending = threading.RLock()
        self._process = os.getpid()
        self._cells = 0
        self._compiler = codeop.Compile()
        self._loop: Any = None
        main = ModuleType("__main__")
        main.__dict__["__builtins__"] = builtins
        self._names: Dict[str, Any] = main.__dict__
        self._shell = Shell(self._names, self._run, self._display)
        self._outputs = [_output(1), _output(2)]
        self._settle_in(main)

    def _settle_in(self, main: ModuleType) -> None:
        sys.modules["__main__"] = main
        sys.argv = [""]
        sys.path.insert(0, "")
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = self._outputs  # type: ignore[misc]
        sys.stdin = open(os.devnull)  # noqa: SIM115
        sys.meta_path.insert(0, figures.Backend(self._show_figures))
        offered = {"get_ipython": lambda: self._shell, "display": self._display, "input": _no_input}
        builtins.__dict__.update(offered)
        pip.find_packages()

    def serve(self, commands: Any) -> None:
        """Run cells until the commands end. The answer to each ends with its number."""
        for line in commands:
            number, code = line.rstrip(b"\n").split(b" ")
            try:
                self._cell(base64.b64decode(code).decode("utf-8", "replace"))
            except KeyboardInterrupt:
                signal.signal(signal.SIGINT, _ignore)
            self._send("d", number)

    def _cell(self, code: str) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self._send("s", b"")
            value = self._run(code)
            if value is not None:
                self._show(value)
                self._names["_"] = value
            self._show_figures()
        except BaseException as error:
            signal.signal(signal.SIGINT, _ignore)
            self._fail(error)
        finally:
            if os.getpid() != self._process:  # a fork that came back from its cell
                os._exit(0)
            signal.signal(signal.SIGINT, _ignore)

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, UsageError):
            self._write_error("UsageError: {}\n".format(error))
            return
        try:
            text = tracebacks.formatted(error)
        except Exception as fault:
            text = "{}: (no traceback: {})".format(type(error).__name__, type(fault).__name__)
        self._send("e", text.encode("utf-8", "replace"))
        self._close_figures()

    def _write_error(self, text: str) -> None:
        self._outputs[1].write(text)

    def _run(self, code: str) -> Any:
        """Run code at the top level of the notebook; the value of a last expression, or None."""
        self._cells += 1
        name = "/tmp/ipykernel_{}/{}.py".format(self._process, self._cells)
        code = transformed(code, self._shell.is_bare_magic)
        if not code.endswith("\n"):
            code += "\n"
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        flags = self._compiler.flags | ast.PyCF_ONLY_AST | _AWAITING
        tree: Any = compile(code, name, "exec", flags, True)
        last: List[Any] = []
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = [tree.body.pop()]
        self._evaluate(tree, name, "exec")
        return self._evaluate(ast.Expression(last[0].value), name, "eval") if last else None

    def _evaluate(self, tree: Any, name: str, mode: str) -> Any:
        made = compile(tree, name, mode, self._compiler.flags | _AWAITING, True)
        for feature in _features():
            if made.co_flags & feature:
                self._compiler.flags |= feature
        answer = eval(made, self._names)
        if made.co_flags & _COROUTINE:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                asyncio.set_event_loop(self._loop)
            return self._loop.run_until_complete(answer)
        return answer

    def _display(self, *values: Any, **_: Any) -> None:
        for value in values:
            self._show(value)

    def _show(self, value: Any) -> None:
        if figures.is_figure(value):
            text: str = repr(value)
            picture: Optional[str] = base64.b64encode(figures.png_of(value)).decode()
        else:
            text, picture = shown(value)
        self._send("t", text.encode("utf-8", "replace"))
        if picture:
            self._send("p", picture.encode("ascii"))

    def _show_figures(self, *_: Any, **__: Any) -> None:
        figures.show_all(self._display)

    def _close_figures(self) -> None:
        try:
            figures.show_all(lambda figure: None)
        except Exception:
            pass  # the cell has failed, and that is said

    def _send(self, kind: str, payload: bytes) -> None:
        """Send a frame behind the output so far; what is written after it comes after it."""
        for output in (*self._outputs, sys.stdout, sys.stderr):
            try:
                output.flush()
            except Exception:
                pass  # a cell may have put anything in its place
        if os.getpid() != self._process:
            return
        pieces = [payload[at : at + _PIECE] for at in range(0, len(payload), _PIECE)] or [b""]
        with self._sending:
            for piece in pieces if kind in "te" else [payload]:
                data = "{}{:08x}".format(kind, len(piece)).encode() + piece
                while data:
                    data = data[os.write(self._results, data) :]
                if kind not in "sd":
                    os.read(self._receipts, 1)


def _features() -> List[int]:
    return [getattr(__future__, name).compiler_flag for name in __future__.all_feature_names]


def _output(fd: int) -> io.TextIOWrapper:
    raw = open(fd, "wb", closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _ignore(*_: Any) -> None:
    """Between cells there is nothing to interrupt."""


def _no_input(prompt: object = "") -> str:
    raise StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")


def main(request: Dict[str, Any], commands: Any) -> None:
    """Run cells until the commands end."""
    results, receipts = request["results"], request["receipts"]
    for fd in (commands.fileno(), results, receipts):
        os.set_inheritable(fd, False)
    signal.signal(signal.SIGINT, _ignore)
    try:
        Kernel(results, receipts).serve(commands)
    finally:
        os._exit(0)
