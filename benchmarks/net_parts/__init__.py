"""What `net.py` is made of."""
