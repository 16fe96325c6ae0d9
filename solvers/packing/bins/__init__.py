"""The fewest containers that hold given items."""
