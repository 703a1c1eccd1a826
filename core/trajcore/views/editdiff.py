"""What an edit event does to its file, as blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from trajcore.events.kinds import EDIT
from trajcore.text import safe, safe_line
from trajcore.views.blocks import BLANK, Block, BlockKind, block_of, note, text_of
from trajcore.views.differing import HunksBlock
from trajcore.views.hunks import Hunks, Lines, hunks
from trajcore.views.unified import from_unified


def edit_blocks(args: Mapping[str, Any], changed: str = "") -> list[Block]:
    """The command, the file, and the lines that go and come: of the file, where its diff is known."""
    command, path = safe_line(text_of(args.get("command")) or EDIT), safe_line(text_of(args.get("path")))
    blocks = [Block(BlockKind.TEXT, f"{command}  {path}")]
    line = args.get("insert_line")
    if line is not None:
        blocks.append(note(f"after line {line}"))
    if changed:
        blocks += [BLANK, changed_lines(changed)]
    elif said := said_lines(args):
        blocks += [BLANK, said]
    if args.get("content"):
        blocks += [BLANK, block_of(BlockKind.TEXT, text_of(args["content"]), safe)]
    return blocks


def said_lines(args: Mapping[str, Any]) -> Block | None:
    """The lines that go and come as an edit says them; None where it says none."""
    line = args.get("insert_line")
    old, new = text_of(args.get("old_str")), text_of(args.get("new_str") or args.get("file_text"))
    if not old and not new:
        return None
    first = line if isinstance(line, int) else 0 if args.get("file_text") is not None else None
    return HunksBlock(partial(_of_texts, old, new, first), (old, new), len(old) + len(new))


def changed_lines(diff: str) -> Block:
    """A unified diff of one file, whose name is said elsewhere."""
    make: Callable[[], Hunks] = partial(from_unified, diff.removesuffix("\n").split("\n"), named=False)
    return HunksBlock(make, diff, len(diff))


def _of_texts(old: str, new: str, line: int | None) -> Hunks:
    """Lines that take others' place; what comes stands behind a line of its file, where that is known."""
    first = None, None if line is None else line + 1
    return hunks(Lines.of(old), Lines.of(new), first=first)
