"""What the debugger's keys do: a function for each row of the table."""
