"""Replaying a recording: what runs and what does not, where to stop, comparing, and what happened."""
