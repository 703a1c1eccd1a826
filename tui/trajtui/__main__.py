"""`python -m trajtui`."""

from trajtui.cli import main

main()
