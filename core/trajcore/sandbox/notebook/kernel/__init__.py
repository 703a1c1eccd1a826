"""Programs that run inside a sandbox, with any Python from 3.6 on: a notebook's kernel, and its relay.

They are read from here as text and sent in; nothing outside a sandbox imports them.
"""
