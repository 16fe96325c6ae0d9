"""The generated sample: a believable night of a shop with ten warehouses, from a seed."""

from __future__ import annotations

from engine.sample.night import make_sample, write_sample

__all__ = ["make_sample", "write_sample"]
