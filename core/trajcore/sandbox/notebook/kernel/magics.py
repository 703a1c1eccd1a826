"""What `get_ipython()` answers in the plain kernel: magics, and commands of the system."""

import os
import re
import runpy
import shlex
import subprocess
import sys
from typing import Any, Callable, Dict, List, Optional

from . import pip, timing

_EXPANDED = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|\$\$|\$(\w+)")
_ALIASES = {
    "cat": "cat", "cp": "cp", "ls": "ls -F --color", "ll": "ls -F -o --color", "mkdir": "mkdir", "mv": "mv",
    "rm": "rm", "rmdir": "rmdir",
}  # fmt: skip
_SHOWN_AS = {
    "html": "HTML",
    "javascript": "Javascript",
    "latex": "Latex",
    "markdown": "Markdown",
    "svg": "SVG",
}


class UsageError(Exception):
    """A magic that is not there, or is used wrongly; shown without a traceback."""


class Lines(List[str]):
    """The output of a command, line by line."""

    @property
    def l(self) -> List[str]:  # noqa: E743 - IPython's names
        """The lines."""
        return list(self)

    @property
    def n(self) -> str:
        """All of it."""
        return "\n".join(self)

    @property
    def s(self) -> str:
        """On one line."""
        return " ".join(self)


class Text:
    """A value that is shown as the given text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


class Shell:
    """Stands in for IPython's shell object."""

    def __init__(
        self, names: Dict[str, Any], run: Callable[[str], Any], display: Callable[..., None]
    ) -> None:
        self.user_ns = names
        self._run = run
        self._display = display
        self._before: Optional[str] = None

    def is_bare_magic(self, word: str) -> bool:
        """Whether a line may begin with `word` for a magic without its `%`."""
        known = word in _ALIASES or hasattr(self, "line_" + word)
        return known and word not in self.user_ns

    def run_line_magic(self, name: str, line: str, *_: Any, **__: Any) -> Any:
        """`%name line`."""
        if name in _ALIASES:
            return self.system("{} {}".format(_ALIASES[name], line))
        method = getattr(self, "line_" + name, None)
        if method is None:
            raise UsageError("Line magic function `%{}` not found.".format(name))
        return method(self._expanded(line))

    def run_cell_magic(self, name: str, line: str, cell: str) -> Any:
        """`%%name line`, and the rest of the cell."""
        method = getattr(self, "cell_" + name, None)
        if method is not None:
            return method(line, cell)
        if name in _SHOWN_AS:
            return self._display(Text("<IPython.core.display.{} object>".format(_SHOWN_AS[name])))
        raise UsageError("Cell magic `%%{}` not found.".format(name))

    magic = run_line_magic

    def system(self, command: str) -> None:
        """`!command`."""
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            self.user_ns["_exit_code"] = subprocess.call(self._expanded(command), shell=True)
        except KeyboardInterrupt:
            print("^C")

    def getoutput(self, command: str, *_: Any, **__: Any) -> Lines:
        """`x = !command`."""
        done = subprocess.run(
            self._expanded(command), shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.user_ns["_exit_code"] = done.returncode
        return Lines(done.stdout.decode("utf-8", "replace").splitlines())

    def _expanded(self, command: str) -> str:
        """`{expression}` and `$name` replaced by their values; unchanged if one has none."""

        def value(found: "re.Match[str]") -> str:
            if found.group(1):
                return str(eval(found.group(1), self.user_ns))
            if found.group(2):
                known = found.group(2) in self.user_ns
                return str(self.user_ns[found.group(2)]) if known else found.group()
            return found.group()[0]

        try:
            return _EXPANDED.sub(value, command)
        except Exception:
            return command

    def line_cd(self, line: str) -> None:
        """Change the directory, and print it."""
        words = line.split()
        quiet = "-q" in words
        target = " ".join(word for word in words if word != "-q").strip("'\"") or "~"
        here = os.getcwd()
        try:
            if target == "-" and self._before is None:
                raise UsageError("%cd -: No previous directory to change to.")
            os.chdir(str(self._before) if target == "-" else os.path.expanduser(target))
            self._before = here
        except OSError as error:
            print(error)
        if not quiet:
            print(os.getcwd())

    def line_pwd(self, line: str) -> str:
        """The directory."""
        return os.getcwd()

    def line_env(self, line: str) -> Any:
        """Show or set variables of the environment."""
        name, sign, value = line.partition("=") if "=" in line else line.partition(" ")
        if not name.strip():
            return dict(os.environ)
        if not sign:
            if name.strip() not in os.environ:
                raise UsageError("Environment does not have key: {}".format(name.strip()))
            return os.environ[name.strip()]
        os.environ[name.strip()] = value.strip()
        print("env: {}={}".format(name.strip(), value.strip()))
        return None

    line_set_env = line_env

    def line_pip(self, line: str) -> None:
        """Run pip with this Python."""
        self.system("{} -m pip {}".format(shlex.quote(pip.python_for(line)), line))
        pip.find_packages()
        print("Note: you may need to restart the kernel to use updated packages.")

    def line_matplotlib(self, line: str) -> None:
        """Figures are always shown in the notebook."""

    def line_run(self, line: str) -> None:
        """Run a file as a program, and keep its names."""
        words = shlex.split(line)
        if not words:
            raise UsageError("%run: the name of a file is missing.")
        before, sys.argv = sys.argv, words
        try:
            made = runpy.run_path(words[0], run_name="__main__")
        finally:
            sys.argv = before
        self.user_ns.update({name: value for name, value in made.items() if not name.startswith("__")})

    def line_who(self, line: str) -> None:
        """Print the names that cells have made."""
        names = [name for name in sorted(self.user_ns) if not name.startswith("_")]
        print("\t ".join([*names, ""]) if names else "Interactive namespace is empty.")

    def line_reset(self, line: str) -> None:
        """Forget the names that cells have made."""
        for name in [name for name in self.user_ns if not name.startswith("__")]:
            del self.user_ns[name]

    def line_pinfo(self, line: str) -> None:
        """Help is for people."""
        raise UsageError(
            "`?` is not available in this kernel: use help({}).".format(line.strip("%") or "...")
        )

    def line_time(self, line: str) -> Any:
        """Run a statement and print how long it took; the value of an expression is the answer."""
        return timing.timed(self._run, line)

    def cell_time(self, line: str, cell: str) -> Any:
        """As `%time`, for a cell."""
        return timing.timed(self._run, cell)

    def line_timeit(self, line: str) -> None:
        """Print how long a statement takes."""
        timing.time_it(self.user_ns, line, "")

    def cell_timeit(self, line: str, cell: str) -> None:
        """As `%timeit`, for a cell; the first line is the preparation."""
        timing.time_it(self.user_ns, line, cell)

    def cell_bash(self, line: str, cell: str) -> None:
        """Run the cell with bash."""
        self.cell_script("bash " + line, cell)

    def cell_sh(self, line: str, cell: str) -> None:
        """Run the cell with sh."""
        self.cell_script("sh " + line, cell)

    def cell_script(self, line: str, cell: str) -> None:
        """Run the cell with the named program."""
        sys.stdout.flush()
        sys.stderr.flush()
        done = subprocess.run(shlex.split(line), input=cell.encode("utf-8", "replace"))
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, cell.encode("utf-8", "replace"))

    def cell_writefile(self, line: str, cell: str) -> None:
        """Write the cell to a file."""
        words = shlex.split(line)
        appended = "-a" in words or "--append" in words
        names = [word for word in words if word not in ("-a", "--append")]
        if len(names) != 1:
            raise UsageError("%%writefile: one file name is needed.")
        path = os.path.expanduser(names[0])
        doing = "Appending to" if appended else "Overwriting" if os.path.exists(path) else "Writing"
        print("{} {}".format(doing, path))
        with open(path, "a" if appended else "w", encoding="utf-8") as file:
            file.write(cell)

    cell_file = cell_writefile
