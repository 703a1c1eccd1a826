"""What a person at the screen waits for, in a terminal of 160 x 48, beside an empty app or the bare widget.

    python benchmarks/screen.py [--megabytes 119] [--events 100000] [--rounds 5] [--keys 100] [--strict]

- from the command to the first frame, of 119 MB and of 100,000 rows: as in first_frame.py;
- the processor time from a key to the painted frame, in a timeline of 100,000 rows: its 95th percentile at
  most 16 ms; beside a bare list of as many rows, which Textual draws line by line;
- from a letter that is typed to its echo, while a step prints, and while one prints 50,000 lines a second:
  the 95th percentile at most 50 ms; beside the same at rest;
- an observation of 2 MB, from the key that selects it to its first lines: at most 100 ms; beside a bare pane
  that shows the same text unwrapped;
- from a key to the frame that answers it, in what differs of two texts of 1 MB in every third line (as
  the diff of an edit, and Compare), and in Markdown of 99 kB, while these are laid out and after: the 95th
  percentile at most 50 ms; beside keys in a bare list of lines;
- the memory that a recording of 60 MB takes whose large observations were looked at, over the same with
  empty ones: at most 1.6 times the file, whether one has many lines or none, and whatever characters;
- a search in 100,000 events, from the last letter that is typed to the first match: at most 100 ms.

`--strict` exits with 1 when one is over its limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from first_frame import measured as first_frames
from measuring import Row, any_over, show
from terminals import Running, environment, running

CPU: Final = 16.0
ECHO: Final = 50.0
PAINT: Final = 100.0
LETTERS: Final = "QZX"
"""Letters that stand nowhere else on the screen."""
LONGEST: Final = 100
"""So many letters fit on the line."""
NEEDLE: Final = "needle7"

BARE: Final = """
import sys
from textual.app import App
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from rich.segment import Segment
from rich.style import Style

LINES = open(sys.argv[1]).read().splitlines()

class Lines(ScrollView, can_focus=True):
    BINDINGS = [Binding("j", "move(1)"), Binding("k", "move(-1)")]
    cursor = 0

    def on_mount(self):
        self.virtual_size = Size(2000, len(LINES))

    def action_move(self, by):
        self.cursor = max(0, min(len(LINES) - 1, self.cursor + by))
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, immediate=True)
        self.refresh()

    def render_line(self, y):
        number = y + self.scroll_offset.y
        style = Style(reverse=number == self.cursor)
        text = LINES[number] if number < len(LINES) else ""
        return Strip([Segment(text[:2000], style)]).crop_extend(0, self.size.width, style)

class Bare(App):
    def compose(self):
        if len(sys.argv) == 2:
            yield Lines()

    def on_key(self, event):
        if event.key == "2" and not self.query(Lines):
            self.mount(Lines())

Bare().run()
"""


def commands(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    """Commands and what they wrote, as a recording."""
    events: list[dict[str, Any]] = []
    for command, output in pairs:
        id = len(events)
        extras = {"command": command, "metadata": {"exit_code": 0}}
        events.append({"id": id, "source": "agent", "action": "run", "args": {"command": command}})
        events.append({"id": id + 1, "source": "agent", "cause": id, "observation": "run", "content": output,
                       "extras": extras})  # fmt: skip
    return events


def written(path: Path, events: Sequence[dict[str, Any]]) -> Path:
    """A recording in a file."""
    path.write_text(json.dumps(events))
    return path


def percentile(samples: Sequence[float], share: float = 0.95) -> float:
    """The sample that so many are not above."""
    return sorted(samples)[min(len(samples) - 1, int(share * len(samples)))]


@contextmanager
def started(
    arguments: Sequence[str], marks: Sequence[str], where: tuple[dict[str, str], str]
) -> Iterator[Running]:
    """A program whose screen shows what is awaited."""
    with running(arguments, *where) as program:
        program.wait(marks)
        yield program


# A key in many rows


def key_costs(program: Running, keys: int) -> tuple[list[float], list[float]]:
    """Milliseconds of processor time for each of so many keys in a list, there and back again.

    Until the frame with the cursor in its new place has been written, and until all is shown that follows it.
    """
    frames, wholes = [], []
    for number in range(keys + 5):
        before = program.cpu
        program.press("k" if number % 3 == 2 else "j")
        program.first()
        painted = program.cpu
        program.rest(0.1)
        if number >= 5:
            frames.append((painted - before) * 1e3)
            wholes.append((program.cpu - before) * 1e3)
    return frames, wholes


def keys(events: int, count: int, rounds: int, where: tuple[dict[str, str], str]) -> list[Row]:
    """A key in so many rows, beside a bare list of as many."""
    bare = Row(f"a key in a bare list of {events} rows, processor time, p95", unit="ms")
    ours = Row(f"a key in a timeline of {events} rows, to the painted frame, p95", bare, CPU, unit="ms")
    whole = Row("- with the panes that follow the cursor", bare, unit="ms")
    directory = Path(where[1])
    path = written(directory / "rows.json", commands(*((f"echo {number} ", "") for number in range(events))))
    lines = directory / "rows.txt"
    lines.write_text("\n".join(f"echo {number} and what else there is to say" for number in range(events)))
    arguments = ("-m", "trajtui", str(path), "--sandbox", "recorded")
    for _ in range(rounds):
        with started(("-c", BARE, str(lines)), ["echo 0 "], where) as program:
            bare.samples.append(percentile(key_costs(program, count)[0]))
        with started(arguments, ["echo 0 ", "keys"], where) as program:
            program.rest(1.0)
            for row, costs in zip((ours, whole), key_costs(program, count), strict=True):
                row.samples.append(percentile(costs))
    return [bare, ours, whole]


# Keys while something prints


def echoes(program: Running, count: int) -> list[float]:
    """Milliseconds from each letter that is typed into the message box until it stands there."""
    taken, typed = [], ""
    for number in range(min(count, LONGEST)):
        typed += LETTERS[number % len(LETTERS)]
        begun = program.press(typed[-1])
        taken.append((program.wait([typed]) - begun) * 1e3)
        time.sleep(0.02)
    program.press("\x15" + "\x7f" * len(typed))
    return taken


def typing(count: int, rounds: int, where: tuple[dict[str, str], str]) -> list[Row]:
    """A letter in the message box at rest, while a step prints, and while one prints very much."""
    rest = Row("a letter typed at rest, to its echo, p95", unit="ms")
    some = Row("a letter typed while a step prints, to its echo, p95", rest, ECHO, unit="ms")
    much = Row("a letter typed while one prints 50,000 lines a second, p95", rest, ECHO, unit="ms")
    seconds = 10 + count // 5
    for row, command in (
        (some, f"for i in $(seq {20 * seconds}); do echo line $i; sleep 0.05; done"),
        (much, f"for i in $(seq {10 * seconds}); do seq 5000; sleep 0.09; done"),
    ):
        path = written(Path(where[1], "prints.json"), commands((command, "")))
        arguments = ("-m", "trajtui", str(path), "--sandbox", "bubblewrap")
        for _ in range(rounds):
            with started(arguments, ["keys"], where) as program:
                program.rest(1.0)
                if row is some:
                    program.press("m")
                    program.rest(0.5)
                    rest.samples.append(percentile(echoes(program, count)))
                    program.press("\x1b")
                    program.rest(0.5)
                program.press("s")
                program.wait(["line 3" if row is some else "4999"])
                program.press("m")
                time.sleep(1.0)
                row.samples.append(percentile(echoes(program, count)))
    return [rest, some, much]


# Large texts and long searches


def large_text(rounds: int, where: tuple[dict[str, str], str]) -> list[Row]:
    """An observation of 2 MB, to its first lines."""
    bare = Row("2 MB of text in a bare pane, to its first lines", unit="ms")
    ours = Row("an observation of 2 MB in the Event tab, to its first lines", bare, PAINT, unit="ms")
    text = "\n".join(["the very first line", *(f"line {number} of very many" for number in range(80_000))])
    path = written(Path(where[1], "large.json"), commands(("true", ""), ("cat large", text)))
    lines = Path(where[1], "large.txt")
    lines.write_text(text)
    for _ in range(rounds):
        with started(("-c", BARE, str(lines), "later"), [], where) as program:
            program.rest(1.0)
            begun = program.press("2")
            bare.samples.append((program.wait(["the very first line"]) - begun) * 1e3)
        with running(("-m", "trajtui", str(path), "--sandbox", "recorded"), *where) as program:
            program.wait(["keys"])
            program.press("2")
            program.rest(1.0)
            begun = program.press("j")
            ours.samples.append((program.wait(["the very first line"]) - begun) * 1e3)
    return [bare, ours]


def laid_out(count: int, rounds: int, where: tuple[dict[str, str], str]) -> list[Row]:
    """Keys in what is laid out beside them, from the moment on at which it is shown."""
    lines = [f"{number} of very many lines, each with some words in it" for number in range(20_000)]
    changed = [f"{line}, or others" * (at % 3 == 0) or line for at, line in enumerate(lines)]
    args = {
        "path": "/a.txt",
        "command": "str_replace",
        "old_str": "\n".join(lines),
        "new_str": "\n".join(changed),
    }
    prose = "".join(
        f"## Part {at}\n\nSome *words* and `code`.\n\n- an item\n- another\n\n" for at in range(1_800)
    )
    shown = {
        "what differs of two texts of 1 MB": {"action": "edit", "args": args},
        "Markdown of 99 kB": {"action": "message", "args": {"content": prose[:99_000]}},
    }
    text = Path(where[1], "bare.txt")
    text.write_text("\n".join(lines))
    bare = Row(f"a key in a bare list of {len(lines)} lines, to its frame, p95", unit="ms")
    rows = [bare]
    for words, event in shown.items():
        ours = Row(f"a key in {words}, laid out meanwhile, to its frame, p95", bare, ECHO, unit="ms")
        rows.append(ours)
        first = {"id": 0, "source": "user", "action": "message", "args": {"content": "the first"}}
        path = written(Path(where[1], "laid-out.json"), [first, {"id": 1, "source": "agent", **event}])
        for _ in range(rounds):
            if len(bare.samples) < rounds:
                with started(("-c", BARE, str(text)), ["0 of very many"], where) as program:
                    bare.samples.append(percentile(answers(program, count)))
            with started(("-m", "trajtui", str(path), "--sandbox", "recorded"), ["keys"], where) as program:
                program.press("2")
                program.rest(1.0)
                program.press("j")
                program.press("\t\t")  # past the Sandbox pane
                ours.samples.append(percentile(answers(program, count)))
    return rows


def answers(program: Running, count: int) -> list[float]:
    """Milliseconds from each of so many keys in a list, down and up again, to what is written then."""
    taken = []
    for number in range(count):
        begun = program.press("k" if number % 3 == 2 else "j")
        taken.append((program.first() - begun) * 1e3)
        program.rest(0.02)
    return taken


_LINE: Final = "line {} of very many, and what else there is to say"
_LARGE: Final[dict[str, Callable[[], list[str]]]] = {
    "an observation of many lines": lambda: ["\n".join(_LINE.format(number) for number in range(1_100_000))],
    "the same with an emoji in it": lambda: ["🎉\n" + "\n".join(map(_LINE.format, range(1_100_000)))],
    "one of tabs and colours": lambda: ["a\tb \x1b[31mred\x1b[0m\n" * 1_700_000],
    "one of a single line": lambda: ["of very many words, " * 3_000_000],
    "five observations, one after the other": lambda: [
        "\n".join(map(_LINE.format, range(220_000))) for _ in range(5)
    ],
}
"""What large recordings have been made of: what came back for each of their steps but the first."""


def memory(rounds: int, where: tuple[dict[str, str], str]) -> list[Row]:
    """What observations that are looked at take in memory, beside their file."""
    rows: list[Row] = []
    for words, make in _LARGE.items():
        file = Row("a recording of 60 MB: MB of its file")
        ours = Row(f"MB of memory, once looked at: {words}", file, 1.6)
        rows += [file, ours]
        texts = make()
        for _ in range(rounds):
            empty, _ = _looked_at([""] * len(texts), where)
            taken, size = _looked_at(texts, where)
            file.samples.append(size)
            ours.samples.append(taken - empty)
    return rows


def _looked_at(texts: Sequence[str], where: tuple[dict[str, str], str]) -> tuple[float, float]:
    """Megabytes that the program has once all of these were on the screen, and those of the recording."""
    pairs = [
        (f"cat {number}", f"the very first line of {number}\n{text}") for number, text in enumerate(texts)
    ]
    path = Path(where[1], "looked-at.json")
    path.write_text(json.dumps(commands(("true", ""), *pairs), ensure_ascii=False))
    with started(("-m", "trajtui", str(path), "--sandbox", "recorded"), ["keys"], where) as program:
        program.press("2")
        program.rest(1.0)
        for number in range(len(texts)):
            program.press("j")
            program.wait([f"the very first line of {number}"])
            program.rest(3.0)
        return program.memory, path.stat().st_size / 1e6


def searching(events: int, rounds: int, where: tuple[dict[str, str], str]) -> list[Row]:
    """A search in so many events, from the last letter to the first match."""
    ours = Row(
        f"a search in {events} events, from the last letter to the first match", limit=PAINT, unit="ms"
    )
    pairs = [
        (f"echo {number} ", NEEDLE if number == events // 3 else "nothing") for number in range(events // 2)
    ]
    path = written(Path(where[1], "searched.json"), commands(*pairs))
    for _ in range(rounds):
        with started(
            ("-m", "trajtui", str(path), "--sandbox", "recorded"), ["echo 0 ", "keys"], where
        ) as program:
            program.rest(1.0)
            program.press("/")
            program.rest(0.5)
            program.press(NEEDLE[:-1])
            program.rest(2.0)
            begun = program.press(NEEDLE[-1])
            ours.samples.append((program.wait(["1/1"]) - begun) * 1e3)
    return [ours]


PARTS: Final[dict[str, Callable[[argparse.Namespace, tuple[dict[str, str], str]], list[Row]]]] = {
    "opening": lambda chosen, _: first_frames(chosen.megabytes * 1_000_000, chosen.events, chosen.rounds),
    "keys": lambda chosen, where: keys(chosen.events, chosen.keys, chosen.rounds, where),
    "typing": lambda chosen, where: typing(chosen.keys, chosen.rounds, where),
    "large": lambda chosen, where: large_text(chosen.rounds, where),
    "laid-out": lambda chosen, where: laid_out(chosen.keys, chosen.rounds, where),
    "memory": lambda chosen, where: memory(chosen.rounds, where),
    "search": lambda chosen, where: searching(chosen.events, chosen.rounds, where),
}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all, where none is named")
    parser.add_argument("--megabytes", type=int, default=119)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--strict", action="store_true", help="exit with 1 when one is over its limit")
    chosen = parser.parse_args()
    rows: list[Row] = []
    for part in chosen.parts or PARTS:
        with environment() as where:
            rows += PARTS[part](chosen, where)
    show(rows)
    return int(chosen.strict and any_over(rows))


if __name__ == "__main__":
    sys.exit(main())
