"""The valued stock ledger: stock on hand, moving-average cost and age, movement by movement."""
