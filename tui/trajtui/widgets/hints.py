"""What a new user may try first: a line that goes as they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget

HINTS: Final = {
    "step": "steps",
    "tab_compare": "recorded and actual",
    "help": "all keys",
}
"""What is said of each action, by its name."""


class HintLine(Widget):
    """The hints that are left: each goes once its action was done, all with a click or Esc."""

    def __init__(
        self, names: Iterable[str], key: Callable[[str], str], keep: Callable[[list[str]], None]
    ) -> None:
        """`key` says which key an action has; `keep` writes down which hints are not to come again."""
        super().__init__(id="hints")
        self.left = [name for name in HINTS if name in set(names)]
        self._key = key
        self._keep = keep

    def render(self) -> RenderResult:
        """All on a line."""
        text = Text(" New here? ", no_wrap=True, overflow="ellipsis")
        text.append(" · ".join(f"{self._key(name)} {HINTS[name]}" for name in self.left))
        return text.append(" · Esc hides this")

    def done(self, name: str) -> None:
        """The user has found out about an action."""
        if name in self.left:
            self._take([name])

    def dismiss(self) -> None:
        """The user wants to see none of them."""
        self._take(list(self.left))

    def on_click(self) -> None:
        """As Esc does."""
        self.dismiss()

    def _take(self, names: list[str]) -> None:
        self.left = [name for name in self.left if name not in names]
        self.display = bool(self.left)
        self.refresh()
        self.run_worker(partial(self._keep, names), thread=True)
