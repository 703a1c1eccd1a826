"""One module for each file format: where its events are in the bytes, and how to write them back."""
