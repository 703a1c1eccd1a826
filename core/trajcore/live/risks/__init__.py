"""What an action could do that its user should be asked about first.

`rules` is the table. `commands` is what it speaks of: simple commands; `shell` and `python` find these in the
text of a command line and of a notebook cell, and `wrapped` in commands that run others.
"""
