"""Directory trees: copied, kept as versions, put back."""
