"""What is not saved yet, kept so that a crash loses nothing."""
