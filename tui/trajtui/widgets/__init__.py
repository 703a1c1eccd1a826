"""What the screen is made of. Widgets show a session and decide nothing."""
