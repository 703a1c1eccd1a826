"""A real terminal, for every test of the screen that asks for one."""

from terminal import terminal

__all__ = ["terminal"]
