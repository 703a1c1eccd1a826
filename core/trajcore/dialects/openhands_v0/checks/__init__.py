"""What is wrong with a recording, and what would mend it. Nothing here changes anything by itself."""
