"""The machine that is a container of a Docker engine."""
