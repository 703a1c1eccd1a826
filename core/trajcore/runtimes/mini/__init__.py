"""What mini-swe-agent answers to its one tool, bash."""
