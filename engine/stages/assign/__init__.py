"""Assign: one set of offers per order, at least total cost for the whole night, and the parcels they become."""

from engine.stages.assign.assign import Plan, assign

__all__ = ["Plan", "assign"]
