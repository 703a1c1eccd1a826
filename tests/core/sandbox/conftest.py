"""The worlds of `hostile`, for every test of the sandbox that asks for one."""

from hostile import start, user

__all__ = ["start", "user"]
