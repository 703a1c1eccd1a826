"""trajtui: a debugger for AI-agent trajectories, in a terminal and headless."""

__version__ = "0.1.0"
