"""The Event tab: what is long is folded, and unfolds under the cursor or a click."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from documents import message
from program import write
from screens import Shown, opened

FORTY = "\n".join(f"line {number}" for number in range(40))
TOOL: dict[str, Any] = {
    "id": 1,
    "source": "agent",
    "action": "call_tool_mcp",
    "args": {
        "name": "fetch",
        "thought": FORTY,
        "arguments": {"deep": {"inner": {str(n): [n] * 50 for n in range(12)}, "more": 1}},
    },
}


async def click(shown: Shown, text: str) -> None:
    row = next(number for number, row in enumerate(shown.rows) if text in row)
    await shown.pilot.click(offset=(shown.rows[row].index(text), row))
    await shown.settle()


async def test_what_is_long_unfolds_under_the_cursor_and_under_a_click(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", [message(0, "go"), TOOL, message(2, "end")])
    async with opened(path) as shown:
        await shown.press("2", "g", "j")
        await shown.wait("+32 lines")
        assert '"inner": {… 12 keys}' in shown.text
        await shown.press("enter", "j", "j", "j", "enter")
        await shown.wait("line 39")
        await shown.press("enter")
        await shown.wait("+32 lines")
        assert "line 39" not in shown.text
        await click(shown, "{… 12 keys}")
        await shown.wait('"11": […')
        await click(shown, '"11": [… 50 items]')
        await shown.wait(lambda: sum(row.strip() == "11," for row in shown.side) > 5)
        await click(shown, '"inner": {')
        await shown.wait('"inner": {… 12 keys}')
        assert '"11": [' not in shown.text
        await shown.press("escape", "tab", "tab", "j", "k")
        assert shown.selected is not None
