"""What is printed of the differences, and which of them are wanted."""

from __future__ import annotations

import difflib
import re
import time
from itertools import takewhile
from pathlib import Path
from typing import Final

from net_parts.checkouts import DEATH, Difference, Result, Unusable
from net_parts.commands import GROUPS

_EXCERPT: Final = 20
_WIDTH: Final = 120
_BREAKS: Final = re.compile(rf"[^,]{{0,{_WIDTH - 1}}},|[^,]{{1,{_WIDTH}}}")


def excerpt(old: bytes, new: bytes) -> list[str]:
    """Where two outputs differ: some lines of a diff, none of which can act on the terminal."""
    before, after = _pieces(old), _pieces(new)
    alike = takewhile(lambda both: both[0] == both[1], zip(before, after, strict=False))
    begin = max(0, sum(1 for _ in alike) - 2)
    window = slice(begin, begin + 20 * _EXCERPT)
    lines = list(difflib.unified_diff(before[window], after[window], "old", "new", n=2, lineterm=""))[2:]
    shown = ["@@" if line.startswith("@@") else line for line in lines[:_EXCERPT]]
    return shown + (["…"] if len(lines) > _EXCERPT else [])


def _pieces(data: bytes) -> list[str]:
    """The lines of an output; long ones are broken behind their commas."""
    pieces: list[str] = []
    for line in data.decode("utf-8", "backslashreplace").split("\n"):
        plain = line if line.isprintable() else "".join(map(_visible, line))
        pieces += [plain] if len(plain) <= _WIDTH else _BREAKS.findall(plain)
    return pieces


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def tell(difference: Difference) -> None:
    """Print a difference."""
    print(f"\n{''.join(map(_visible, str(difference.command)))}")
    for name in difference.parts:
        found = {"old": difference.old.get(name), "new": difference.new.get(name)}
        there = {side: data for side, data in found.items() if data is not None}
        if name == DEATH:
            for side, data in there.items():
                print(f"  {name} of the {side} checkout: {' '.join(_pieces(data))}")
        elif len(there) == 1:
            print(f"  {name}: only in the {''.join(there)} checkout")
        else:
            print("\n    ".join((f"  {name}:", *excerpt(*there.values()))))


class Expected:
    """The differences that are wanted, as regular expressions over the command line."""

    def __init__(self, path: Path | None) -> None:
        lines = [] if path is None else path.read_text("utf-8").splitlines()
        try:
            self._patterns = [re.compile(line) for line in lines if line.strip() and not line.startswith("#")]
        except re.error as error:
            raise Unusable(f"{path}: {error.pattern!r}: {error}") from None
        self._found: set[re.Pattern[str]] = set()

    def covers(self, difference: Difference) -> bool:
        """Whether it is one of them."""
        covering = {pattern for pattern in self._patterns if pattern.search(str(difference.command))}
        self._found |= covering
        return bool(covering)

    @property
    def missed(self) -> list[str]:
        """What was expected to differ, and did not."""
        return [pattern.pattern for pattern in self._patterns if pattern not in self._found]


class Tally:
    """Counts and prints what was found."""

    def __init__(self, expected: Expected, most: int) -> None:
        self._expected = expected
        self._most = most
        self._begun = time.monotonic()
        self.commands = self.recordings = self.wanted = 0
        self.unwanted: list[Difference] = []

    def add(self, result: Result) -> None:
        """Take in what was found in one more recording."""
        self.recordings += 1
        self.commands += result.commands
        for difference in result.differences:
            if self._expected.covers(difference):
                self.wanted += 1
                continue
            self.unwanted.append(difference)
            if len(self.unwanted) <= self._most:
                tell(difference)

    def sum_up(self) -> int:
        """Print the last line, and give the exit code."""
        for pattern in self._expected.missed:
            print(f"expected, but nothing differs: {pattern}")
        if len(self.unwanted) > self._most:
            print(f"\n{len(self.unwanted) - self._most} more differ (--most).")
        groups = ((name, sum(each.command.group == name for each in self.unwanted)) for name in GROUPS)
        told = ", ".join(f"{count} of {name}" for name, count in groups if count)
        differ = f"{len(self.unwanted)} differ ({told})" if self.unwanted else "all are equal"
        wanted = f", {self.wanted} differ as expected" if self.wanted else ""
        seconds = time.monotonic() - self._begun
        print(
            f"{self.commands} commands on {self.recordings} recordings in {seconds:.0f} s: {differ}{wanted}"
        )
        return int(bool(self.unwanted))
