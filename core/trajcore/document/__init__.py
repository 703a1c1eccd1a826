"""The document: the events of a file over their original bytes, edits, undo, and how it is saved."""
