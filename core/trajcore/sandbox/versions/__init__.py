"""What paths were at the moments of a run: kept as they change, and written back."""
