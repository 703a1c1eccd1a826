"""What became of a file over many steps: the net diff, and who wrote each line."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from patching import patched
from trajcore.sandbox.base import FileChange
from trajcore.sandbox.tracking.textdiff import Differ
from trajcore.views.lineage import Lineage

PATH = "/f"


def step(before: str | None, after: str | None, note: str = "") -> FileChange:
    kind = "added" if before is None else "deleted" if after is None else "changed"
    sizes = [None if text is None else len(text.encode()) for text in (before, after)]
    diff = "" if note.startswith(("binary", "too")) else Differ().unified(PATH, before, after)
    return FileChange(PATH, kind, *sizes, diff, note)


def lineage(*texts: str | None) -> Lineage[int]:
    pairs = enumerate(pairwise(texts), 1)
    steps = [(number, step(before, after)) for number, (before, after) in pairs if before != after]
    made: Lineage[int] = Lineage.before(steps[0][1])
    for number, change in steps:
        made.add(change, number)
    return made


def some(rng: random.Random, most: int) -> str:
    return "".join(f"{rng.randrange(9)}\n" for _ in range(rng.randrange(most)))


def edited(rng: random.Random, text: str | None) -> str | None:
    """The text after one step: lines that went and came; or no file any more."""
    if text is None:
        return some(rng, 9)
    if rng.random() < 0.1:
        return None
    lines = text.splitlines(keepends=True)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(lines) + 1)
        gone = rng.choice((0, 0, 1, 2, 5))
        lines[at : at + gone] = [f"{rng.randrange(9)}\n" for _ in range(rng.choice((0, 1, 1, 3)))]
    made = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
    return made.removesuffix("\n") if rng.random() < 0.2 else made


@pytest.mark.parametrize("seed", range(150))
def test_the_net_diff_makes_the_end_of_the_beginning(seed: int) -> None:
    rng = random.Random(seed)
    texts: list[str | None] = [None if rng.random() < 0.3 else some(rng, 60)]
    for _ in range(rng.randrange(1, 12)):
        texts.append(edited(rng, texts[-1]))
    if all(text == texts[0] for text in texts):
        return
    made = lineage(*texts)
    change = made.change()
    first, last = texts[0], texts[-1]
    if change is None:
        assert first == last
        return
    assert change.kind == ("added" if first is None else "deleted" if last is None else "changed")
    assert first != last
    assert patched(first or "", change.diff) == (last or "")
    if last is not None:
        for number, line in enumerate(last.splitlines(keepends=True), 1):
            author = made.author(number)
            assert line in (texts[author or 0] or "").splitlines(keepends=True)


def test_each_line_is_whose_it_is():
    made = lineage("a\nb\nc\n", "a\nB\nc\n", "0\na\nB\nc\n", "0\na\nB\nc\nd\n")
    assert [made.author(number) for number in range(1, 6)] == [2, None, 1, None, 3]


def test_what_came_and_went_again_is_no_change():
    assert lineage(None, "a\n", "b\n", None).change() is None
    assert lineage("a\nb\n", "a\nc\n", "a\nb\n").change() is None
    assert lineage("a\n", None, "a\n").change() is None


@pytest.mark.parametrize("note", ["binary", "too large to be shown as a diff"])
def test_what_is_not_known_is_said(note: str):
    made: Lineage[int] = Lineage.before(step("a\n", "b\n"))
    made.add(step("a\n", "b\n"), 1)
    made.add(step("b\n", "\0\n", note), 2)
    made.add(step("\0\n", "c\n", note), 3)
    change = made.change()
    assert change is not None
    assert (change.kind, change.diff, change.note) == ("changed", "", note)
    with pytest.raises(LookupError, match=note):
        made.author(1)
    made.add(step("c\n", None), 4)
    made.add(step(None, "d\n"), 5)
    assert made.author(1) == 5
    with pytest.raises(LookupError, match="no such line"):
        made.author(2)


def test_what_no_step_tells_is_noticed():
    made: Lineage[int] = Lineage.before(step("a\nb\n", "a\nc\n"))
    made.add(step("a\nb\n", "a\nc\n"), 1)
    made.add(step("a\nX\n", "a\nd\n"), 2)
    with pytest.raises(LookupError, match="no step tells"):
        made.author(1)


def test_modes_are_told_from_the_beginning_to_the_end():
    made: Lineage[int] = Lineage.before(step("a\n", "a\n", "mode 644 → 755"))
    made.add(step("a\n", "a\n", "mode 644 → 755"), 1)
    made.add(step("a\n", "a\n", "mode 755 → 600"), 2)
    change = made.change()
    assert change is not None
    assert change.note == "mode 644 → 600"
    assert made.author(1) is None
    made.add(step("a\n", "a\n", "mode 600 → 644"), 3)
    assert made.change() is None
