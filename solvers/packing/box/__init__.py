"""One box: items placed in a given order by given rules, and orders that are improved."""
