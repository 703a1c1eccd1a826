"""What a format, a dialect or a sandbox of somebody else's is held to: derive a class, and run it."""
