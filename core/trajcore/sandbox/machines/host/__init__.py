"""The machine that is this host itself, and what limits and ends processes on it."""
