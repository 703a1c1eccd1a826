"""Whether the time that text takes grows with its length alone: each at n, 2n and 4n characters.

    python benchmarks/linear.py [--size 100000] [--rounds 3] [--only PART] [--strict]

What reads text of recordings, sandboxes and models is given pieces, over and over, that it could trip over:
erasures and other sequences, blanks, slashes, digits, brackets. The ratio of a row is its time beside that of
half the length: 2 is linear, 4 is quadratic. The limit is 3. `--strict` exits with 1 when one is over it.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from measuring import Row, any_over, show

from trajcore.events.observations import RunExtras, RunObservation
from trajcore.masking import Mask, MaskedStream
from trajcore.replay.compare import compare, shared_text
from trajcore.replay.normalise import NORMALISERS, normalised
from trajcore.replay.normalise import shown as shown_output
from trajcore.text import TerminalFilter, as_shown, safe, safe_json, safe_with_colours, without_escapes
from trajtui.widgets.terminal import TerminalPane, output_text
from trajtui.widgets.wrapping import wrapped

LIMIT: Final = 3.0
SHORTEST: Final = 2.0
"""What takes fewer milliseconds is not judged."""

PIECES: Final = {
    "erasures": "a\x1b[K",
    "erased rows": "\x1b[2K\ba",
    "colours": "\x1b[31ma",
    "escapes": "\x1b]",
    "text": "a",
    "words": "word ",
    "blanks": " ",
    "slashes": "/",
    "paths": "/tmp/a.b",
    "digits": "1",
    "dotted": "1.",
    "times": "10:10:10 ",
    "dates": "Mon, Jan 1 2024 ",
    "brackets": "[",
    "bars": "[==",
    "hexadecimal": "0x0",
    "returns": "ab\r",
    "lines": "line\n",
    "wide": "漢",
}


@dataclass(frozen=True)
class Part:
    """One thing that is done with text."""

    name: str
    act: Callable[[str], object]


def _compared(text: str) -> object:
    return compare(_answer(text + " ended <secret_hidden> x"), _answer(text + " ended abc y"))


def _answer(text: str) -> RunObservation:
    return RunObservation(content=text, message="", extras=RunExtras())


def _closed(text: str) -> object:
    return shared_text(text + "\n[Jupyter Python interpreter: x]" * (len(text) // 100), text)


def _secrets(text: str) -> object:
    one, other = ((text[:50] + mark) * (len(text) // 50) for mark in ("<secret_hidden>", "abc"))
    return compare(_answer(one), _answer(other + "x"))


def _streamed(text: str) -> object:
    came: list[str] = []
    stream = MaskedStream(Mask(["a" * 40, "secret-key"]), came.append)
    for at in range(0, len(text), 10):
        stream.write(text[at : at + 10])
    stream.end()
    return came


def _passed(text: str) -> object:
    harmless, data = TerminalFilter(), text.encode()
    return [harmless.feed(data[at : at + 100]) for at in range(0, len(data), 100)]


def _written(text: str) -> object:
    pane, data = TerminalPane(), text.encode()
    pane._changed = lambda: None  # type: ignore[method-assign]
    for at in range(0, len(data), 100):
        pane.write(data[at : at + 100])
    return output_text(pane._lines[-1])


def _parts() -> Iterator[Part]:
    yield Part("made safe", lambda text: (safe(text), safe_json(text)))
    yield Part("without sequences", without_escapes)
    yield Part("with colours", safe_with_colours)
    yield Part("as a terminal shows it", as_shown)
    yield Part("as it is recorded", shown_output)
    yield Part("compared", _compared)
    yield Part("compared, secrets", _secrets)
    yield Part("compared, closing lines", _closed)
    for normaliser in NORMALISERS:
        yield Part(f"normalised: {normaliser.name}", normaliser)
    yield Part("normalised", lambda text: normalised(text))
    yield Part("wrapped", lambda text: wrapped(safe(text), 80))
    yield Part("a shell's output", _passed)
    yield Part("the Sandbox tab", _written)
    yield Part("a model's reply, masked", _streamed)


def _milliseconds(act: Callable[[str], object], text: str) -> float:
    begun = time.process_time()
    act(text)
    return (time.process_time() - begun) * 1000


def _measured(part: Part, piece: str, size: int, rounds: int) -> list[Row]:
    texts = [piece * (size * times // len(piece)) for times in (1, 2, 4)]
    rows = [Row(f"{part.name} · {times}n") for times in (1, 2, 4)]
    for _ in range(rounds):
        for row, text in zip(rows, texts, strict=True):
            row.samples.append(_milliseconds(part.act, text))
    for before, row in pairwise(rows):
        row.peer = before
        row.limit = LIMIT if (before.milliseconds or 0.0) >= SHORTEST else None
    return rows


def _worst(part: Part, size: int, rounds: int) -> list[Row]:
    """The rows of the piece that grows fastest, of those that take long enough to tell."""
    found = {name: _measured(part, piece, size, rounds) for name, piece in PIECES.items()}
    judged = {name: rows for name, rows in found.items() if rows[2].limit is not None} or found
    name = max(judged, key=lambda name: judged[name][2].ratio or 0.0)
    for row in judged[name]:
        row.what += f" of {name}"
    return judged[name]


def main() -> int:
    """Print the table; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    gc.disable()
    parts = [part for part in _parts() if options.only in part.name]
    rows = [row for part in parts for row in _worst(part, options.size, options.rounds)]
    show(rows)
    return int(options.strict and any_over(rows))


if __name__ == "__main__":
    sys.exit(main())
