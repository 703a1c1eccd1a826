"""The long-lived bash of a world, and the commands that it carries out."""
