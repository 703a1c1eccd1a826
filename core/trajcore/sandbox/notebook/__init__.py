"""Notebook cells, and the kernel that carries them out."""
