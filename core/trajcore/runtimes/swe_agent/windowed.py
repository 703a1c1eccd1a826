"""SWE-agent's windowed file viewer and its edits, carried out on the files of any sandbox.

The tools themselves are programs of a bundle, which a sandbox need not have. What they do to files is done
here; what they say is worded as those of 1.1 do, and where a recording says the same of the same lines in
other words, in those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from trajcore.runtimes.swe_agent.calls import Call
from trajcore.sandbox.base import Files

_CHECK: Final = (
    "Please review the changes and make sure they are correct\n"
    "(correct indentation, no duplicate lines, etc). Edit the file again if necessary."
)
_APPLIED: Final = re.compile(r"(?:File updated|Text replaced|Replaced \d|\[File: )")
"""How answers begin to an edit that was made."""
_NUMBERED: Final = re.compile(r"^(\d+):(.*?)\r?$", re.MULTILINE)
LINTED: Final = "Your proposed edit has introduced new syntax error"
"""How the answer begins to an edit that SWE-agent's own linter has refused: the file is as it was."""
_REFUSED: Final = ("Text not found", "No file open", "Error:")
"""How answers of ours begin to an edit that left the file as it was."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which file is open, and from which line on it is shown."""

    path: str = ""
    top: int = 1


class Windowed:
    """The tools, of one conversation. `window` is what they remember."""

    def __init__(self, size: int = 100, overlap: int = 2) -> None:
        """`size` is how many lines are shown, `overlap` how many of them once more after a scroll."""
        self._size, self._overlap = max(size, 1), max(overlap, 0)
        self.window = Window()

    async def answer(self, call: Call, files: Files, directory: str, recorded: str | None) -> str:
        """Carry out a call; the answer is in the recording's words where that shows the same lines,
        or refuses an edit that is refused here.

        Raises OSError where a file cannot be read or written.
        """
        if recorded is not None and recorded.startswith(LINTED):
            return recorded  # there is no such linter here, and the file stayed as it was
        said = await self._carried_out(call, files, directory)
        if recorded is None:
            return said
        refused = said.startswith(_REFUSED) and not _APPLIED.match(recorded)
        return recorded if refused or shows_the_same(recorded, said) else said

    async def _carried_out(self, call: Call, files: Files, directory: str) -> str:
        name, *given = call
        if name in ("open", "create"):
            path = given[0] if given[0].startswith("/") else f"{directory.rstrip('/')}/{given[0]}"
            if name == "create":
                if (await files.kind(path)).name != "missing":
                    return f"Error: File '{given[0]}' already exists."
                await files.write(path, b"\n")
            elif (await files.kind(path)).name != "file":
                return f"File {given[0]} not found"
            self.window = Window(path)
            line = int(given[1]) if len(given) > 1 else 1
            return await self._shown(files, given[0], self._top(line))
        if not self.window.path:
            return "No file open. Use the open command first."
        if name == "goto":
            return await self._shown(files, self.window.path, self._top(int(given[0])))
        if name in ("scroll_down", "scroll_up"):
            by = self._size - self._overlap
            return await self._shown(
                files, self.window.path, self.window.top + (by if name == "scroll_down" else -by)
            )
        return await self._edited(name, given, files)

    def _top(self, line: int) -> int:
        return line - self._size // 6 if line > self._size // 6 else 1

    async def _edited(self, name: str, given: list[str], files: Files) -> str:
        before = await self._text(files)
        lines = before.split("\n")
        count = len(lines) - (not lines[-1])
        said = f"File updated. {_CHECK}"
        if name == "lines":
            first, last = int(given[0]), int(given[1])
            if not 1 <= first <= last <= max(count, 1):
                return "Error: the lines are not in the file."
            lines[first - 1 : last] = given[2].removesuffix("\n").split("\n") if given[2] else []
            after = "\n".join(lines)
        elif name == "insert":
            at = int(given[1]) if len(given) > 1 else count
            after = "\n".join([*lines[:at], *given[0].split("\n"), *lines[at:]])
        else:
            search, new, is_all = given[0], given[1], given[2:] in (["True"], ["all"], ["true"])
            first = self.window.top - 1
            inside = before if is_all else "\n".join(lines[first : first + self._size])
            found = inside.count(search)
            if not found or not search:
                return f"Text not found: {search}"
            if found > 1 and not is_all:
                return f"Error: Found {found} occurrences of the search string in the window."
            begin = 0 if is_all else len("\n".join(lines[:first])) + bool(first)
            after = before[:begin] + before[begin:].replace(search, new, -1 if is_all else 1)
            said = f"Text replaced. {_CHECK}"
        await files.write(self.window.path, after.encode("utf-8", "surrogateescape"))
        return f"{said}\n{await self._shown(files, self.window.path, self.window.top)}"

    async def _text(self, files: Files) -> str:
        return (await files.read(self.window.path)).decode("utf-8", "surrogateescape")

    async def _shown(self, files: Files, name: str, top: int) -> str:
        lines = (await self._text(files)).split("\n")
        if len(lines) > 1 and not lines[-1]:
            del lines[-1]
        top = max(1, min(top, len(lines) - self._size + 1))
        self.window = replace(self.window, top=top)
        shown = lines[top - 1 : top - 1 + self._size]
        below = len(lines) - (top - 1) - len(shown)
        return "\n".join([
            f"[File: {name} ({len(lines)} lines total)]",
            *([f"({top - 1} more lines above)"] if top > 1 else []),
            *(f"{number}:{line}" for number, line in enumerate(shown, top)),
            *([f"({below} more lines below)"] if below else []),
        ])  # fmt: skip


def shows_the_same(recorded: str, said: str) -> bool:
    """Whether two answers show lines of one file: those that both have are equal, and there are some."""
    one, other = dict(_NUMBERED.findall(recorded)), dict(_NUMBERED.findall(said))
    both = one.keys() & other.keys()
    return bool(both) and all(one[number].rstrip() == other[number].rstrip() for number in both)
