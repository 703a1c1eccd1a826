"""What an edit event does to its file, as blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trajcore.events.kinds import EDIT
from trajcore.text import safe, safe_line
from trajcore.views.blocks import BLANK, Block, BlockKind, block_of, prefixed, text_of


def edit_blocks(args: Mapping[str, Any]) -> list[Block]:
    """The command, the file, and the lines that go and come."""
    command, path = safe_line(text_of(args.get("command")) or EDIT), safe_line(text_of(args.get("path")))
    blocks = [Block(BlockKind.TEXT, f"{command}  {path}")]
    if args.get("file_text") is not None:
        blocks += [BLANK, prefixed(BlockKind.ADDED, "+ ", args["file_text"])]
    if args.get("old_str") is not None:
        blocks += [BLANK, prefixed(BlockKind.REMOVED, "- ", args["old_str"])]
    if args.get("new_str") is not None:
        blocks += [prefixed(BlockKind.ADDED, "+ ", args["new_str"])]
    if args.get("insert_line") is not None:
        blocks.insert(1, Block(BlockKind.NOTE, f"after line {args['insert_line']}"))
    if args.get("content"):
        blocks += [BLANK, block_of(BlockKind.TEXT, text_of(args["content"]), safe)]
    return blocks
