"""Containers: where the records of a file are in its bytes, and how such a file is written."""
