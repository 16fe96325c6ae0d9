"""When to order and how much: policies, lot sizes, and what they do when simulated."""
