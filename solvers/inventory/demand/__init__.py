"""Demand over a lead time, as a whole distribution."""
