"""One module a command of `trajtui`."""
