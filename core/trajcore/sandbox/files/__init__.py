"""Files inside a world, and OpenHands' editor over them."""
