"""Places where a trajectory's actions are executed: docker, bubblewrap, or nowhere (recorded)."""
