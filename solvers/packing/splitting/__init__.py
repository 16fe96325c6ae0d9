"""Several parcels for a set: which items travel together."""
