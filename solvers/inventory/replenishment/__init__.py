"""Purchases and transfers together, against the expected cost of too little and too much."""
