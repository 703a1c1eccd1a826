"""The command palette: every action of the table, by what it does."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from trajtui.actions.table import ACTIONS


class ActionProvider(Provider):
    """Offers the actions of the debugger's screen."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for action in ACTIONS:
            yield DiscoveryHit(action.what, partial(self.screen.run_action, action.name), help=action.shown)

    async def search(self, query: str) -> Hits:
        """Those that fit what is typed."""
        matcher = self.matcher(query)
        for action in ACTIONS:
            score = matcher.match(action.what)
            if score > 0:
                run = partial(self.screen.run_action, action.name)
                yield Hit(score, matcher.highlight(action.what), run, help=action.shown)
