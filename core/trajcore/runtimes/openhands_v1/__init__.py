"""OpenHands V1's runtime: its terminal, its editor, and its other tools (reference: 1.0 to 1.58)."""
