"""What the code of a notebook cell does to the machine, told as the commands of a shell that do the same."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from trajcore.live.risks.commands import HIDDEN, UNKNOWN, Command, Unreadable, Word, command
from trajcore.live.risks.shell import read as read_shell

_ASSIGNED: Final = re.compile(r"\w[\w, ]*=\s*!(.*)")
_SHELL_CELL: Final = re.compile(r"%%(?:bash|sh|script|!|sx|system)\b[^\n]*\n(.*)", re.DOTALL)
_FILE_CELL: Final = re.compile(r"%%(?:writefile|file)\s+(?:-a\s+)?(\S+)")


_LONGEST: Final = 100_000
"""So many characters of a cell are read."""


def read(code: str) -> list[Command]:
    """The commands that a cell amounts to. Raises `Unreadable` where it is no Python, or too long."""
    if len(code) > _LONGEST:
        raise Unreadable
    cell = code.lstrip()
    if found := _SHELL_CELL.match(cell):
        return read_shell(found[1])
    if found := _FILE_CELL.match(cell):
        return [command(writes=[Word(found[1])])]
    commands, lines = [], []
    for line in code.split("\n"):
        said = line.lstrip()
        assigned = _ASSIGNED.match(said)
        if assigned or said.startswith(("!", "%")):
            commands += read_shell(assigned[1] if assigned else said.lstrip("!%"))
            lines.append(line[: len(line) - len(said)] + "pass")
        else:
            lines.append(line)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd spellings in a text that is not ours
            tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unreadable from None
    try:
        return commands + _Reader(tree).commands()
    except RecursionError:
        raise Unreadable from None


# What a call does, by its name


def _words(*names: str) -> Callable[[Sequence[Word]], Command]:
    """A command of these words, and of those arguments that are paths or texts."""
    return lambda arguments: command(*names, *arguments)


def _first(*names: str) -> Callable[[Sequence[Word]], Command]:
    return lambda arguments: command(*names, *arguments[:1])


def _without(*names: str) -> Callable[[Sequence[Word]], Command]:
    return lambda arguments: command(*names)


def _named(
    calls: str, told: Callable[[Sequence[Word]], Command]
) -> dict[str, Callable[[Sequence[Word]], Command]]:
    return dict.fromkeys(calls.split(), told)


_TOLD: Final[Mapping[str, Callable[[Sequence[Word]], Command]]] = {
    **_named("os.remove os.unlink os.rmdir os.removedirs shutil.rmtree", _first("rm")),
    **_named("os.rename os.replace os.renames shutil.move", _words("mv")),
    **_named("shutil.copy shutil.copy2 shutil.copyfile shutil.copytree", _words("cp")),
    **_named("os.link os.symlink", _words("ln")),
    **_named("os.mkdir os.makedirs", _first("mkdir")),
    **_named("os.chdir", _first("cd")),
    **_named("os.kill os.killpg", _without("kill")),
    **_named("os.setuid os.setgid os.seteuid os.setegid os.setreuid os.setresuid", _without("sudo")),
}  # fmt: skip
_CONNECTING: Final = (
    "requests.", "httpx.", "urllib.request.", "urllib3.", "aiohttp.", "socket.socket", "socket.create_",
    "http.client.", "http.server.", "ftplib.", "smtplib.", "telnetlib.", "paramiko.", "websockets.",
    "asyncio.open_connection", "boto3.",
)  # fmt: skip
_SHELL: Final = frozenset((
    "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell", "get_ipython.system", "get_ipython.getoutput", "pexpect.spawn",
    "pexpect.run",
))  # fmt: skip
_PROGRAM: Final = frozenset((
    "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output",
    "subprocess.Popen", "asyncio.create_subprocess_exec", "os.execv", "os.execvp", "os.execve", "os.execl",
    "os.execlp", "os.spawnv", "os.posix_spawn",
))  # fmt: skip
_CODE: Final = frozenset(("eval", "exec"))
_IMPORTING: Final = frozenset(("__import__", "importlib.import_module"))
_DELETING: Final = frozenset(("unlink", "rmdir", "rmtree"))
"""Methods of paths."""
_WRITING: Final = frozenset(("write_text", "write_bytes", "touch"))


class _Reader(ast.NodeVisitor):
    """Walks through code in the order in which it stands."""

    def __init__(self, tree: ast.Module) -> None:
        self._names: dict[str, str] = {}
        """What a name stands for that an import has brought."""
        self._texts: dict[str, Word] = {}
        """What is known of variables."""
        self._found: list[Command] = []
        self._tree = tree

    def commands(self) -> list[Command]:
        self.visit(self._tree)
        return self._found

    def visit_Import(self, node: ast.Import) -> None:
        for one in node.names:
            self._names[one.asname or one.name.partition(".")[0]] = (
                one.name if one.asname else one.name.partition(".")[0]
            )

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for one in node.names:
            self._names[one.asname or one.name] = f"{node.module}.{one.name}"

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._texts[target.id] = self._word(node.value)
                name = self._name(node.value)
                if name and not isinstance(node.value, ast.Name):
                    self._names[target.id] = name

    def visit_Call(self, node: ast.Call) -> None:
        name = self._name(node.func)
        if name in _SHELL:
            self._text(node.args[:1], read_shell)
        elif name in _CODE:
            self._text(node.args[:1], read)
        elif name in _PROGRAM:
            self._program(node.args)
        elif name in ("open", "io.open"):
            self._opened(node)
        elif name in ("os.chmod", "os.chown"):
            self._found.append(
                command(name.removeprefix("os."), *map(self._mode, node.args[1:]), *self._given(node)[:1])
            )
        elif name in _TOLD:
            self._found.append(_TOLD[name](self._given(node)))
        elif name.startswith(_CONNECTING):
            self._found.append(command("curl"))
        elif isinstance(node.func, ast.Attribute):
            self._method(node.func)
        self.generic_visit(node)

    def _method(self, called: ast.Attribute) -> None:
        """A method of a path."""
        if called.attr in _DELETING:
            self._found.append(command("rm", self._word(called.value)))
        elif called.attr in _WRITING:
            self._found.append(command(writes=[self._word(called.value)]))

    def _text(self, arguments: Sequence[ast.expr], read: Callable[[str], list[Command]]) -> None:
        words = [self._word(one) for one in arguments]
        try:
            self._found += read(words[0].text) if words and words[0].known else [HIDDEN]
        except Unreadable:
            self._found.append(HIDDEN)

    def _program(self, arguments: Sequence[ast.expr]) -> None:
        """A program is run: given its words, or a command line."""
        first = arguments[0] if arguments else None
        if isinstance(first, ast.List | ast.Tuple):
            self._found.append(command(*(self._word(one) for one in first.elts)))
        elif len(arguments) > 1 and not isinstance(arguments[1], ast.List | ast.Tuple):
            self._found.append(command(*(self._word(one) for one in arguments)))
        elif len(arguments) > 1 and isinstance(arguments[1], ast.List | ast.Tuple):
            self._found.append(command(*(self._word(one) for one in arguments[1].elts)))
        else:
            self._text(arguments[:1], read_shell)

    def _opened(self, node: ast.Call) -> None:
        modes = [*node.args[1:2], *(one.value for one in node.keywords if one.arg == "mode")]
        mode = self._word(modes[0]) if modes else Word("r")
        if not mode.known or set(mode.text) & set("wax+"):
            self._found.append(command(writes=self._given(node)[:1]))

    def _given(self, node: ast.Call) -> list[Word]:
        return [self._word(one) for one in node.args] or [UNKNOWN]

    def _mode(self, node: ast.expr) -> Word:
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return Word(f"{node.value:o}")
        return self._word(node)

    def _word(self, node: ast.expr) -> Word:
        """The text that an expression comes to, as far as that stands there."""
        match node:
            case ast.Constant(value=str() as text):
                return Word(text)
            case ast.Name(id=id):
                return self._texts.get(id, UNKNOWN)
            case ast.JoinedStr(values=values):
                return _joined("", [self._word(one) for one in values])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _joined("", [self._word(left), self._word(right)])
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return _joined("/", [self._word(left), self._word(right)])
            case ast.Call() if self._name(node.func) in ("Path", "pathlib.Path", "os.path.expanduser", "str"):
                return _joined("/", [self._word(one) for one in node.args])
            case ast.Call() if self._name(node.func) == "os.path.join":
                return _joined("/", [self._word(one) for one in node.args])
            case ast.Attribute() if self._name(node) == "sys.executable":
                return Word("python")
        return UNKNOWN

    def _name(self, node: ast.expr) -> str:
        """The full name of what is called, imports followed; empty where there is none."""
        match node:
            case ast.Name(id=id):
                return self._names.get(id, id)
            case ast.Attribute(value=value, attr=attr):
                owner = self._name(value)
                return f"{owner}.{attr}" if owner else ""
            case ast.Call(func=func, args=[ast.Constant(value=str() as module), *_]):
                return module if self._name(func) in _IMPORTING else ""
            case ast.Call(func=ast.Name(id="getattr"), args=[owner, ast.Constant(value=str() as attr), *_]):
                named = self._name(owner)
                return f"{named}.{attr}" if named else ""
            case ast.Call(func=func, args=[]):
                return self._name(func) if self._name(func) == "get_ipython" else ""
        return ""


def _joined(between: str, words: Sequence[Word]) -> Word:
    text = between.join(word.text for word in words)
    return Word(text.replace("//", "/") if between else text, all(word.known for word in words))
