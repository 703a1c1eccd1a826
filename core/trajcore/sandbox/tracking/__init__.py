"""What each step changed in the files of a world."""
