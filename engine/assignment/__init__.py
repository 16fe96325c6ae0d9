"""What the assignment is told and what it says: the night's tables as the solver takes them, its limits, and why a piece waits."""
