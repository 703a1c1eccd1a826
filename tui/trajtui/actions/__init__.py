"""What the debugger's keys do; the table of all of them."""
