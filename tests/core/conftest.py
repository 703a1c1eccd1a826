"""The real sandboxes of `worlds`, for every test of the engine that asks for one."""

from worlds import build, everywhere, fresh, fresh_everywhere, kind, toy, world

__all__ = ["build", "everywhere", "fresh", "fresh_everywhere", "kind", "toy", "world"]
