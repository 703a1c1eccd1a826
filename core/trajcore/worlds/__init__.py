"""The world that a recording began in: found by what is told of it, built of what the user names."""
