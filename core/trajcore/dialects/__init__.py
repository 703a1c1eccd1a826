"""Dialects: between the records of a file and the events of a trajectory, one folder an agent."""
