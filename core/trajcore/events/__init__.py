"""The events of a trajectory: typed actions and observations, unknown kinds kept.

Importing this package is cheap: `head` needs no pydantic. The typed models live in `actions` and
`observations` and are reached through `parse`, which callers import when they need whole events.
"""
