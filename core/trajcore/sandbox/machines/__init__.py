"""What makes a world: containers, bubblewrap, the bare host, and their files seen from outside."""
