"""What any front end shows of a session, as plain data."""
