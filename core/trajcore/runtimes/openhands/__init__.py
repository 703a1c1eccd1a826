"""OpenHands' runtime: its terminal, its notebook, its files and its editor, worded as of 0.62."""
