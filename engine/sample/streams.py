"""Random streams: one for each table, so that a new table does not shift the others."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """Give the random stream of that name; streams of different names are independent.

    Parameters
    ----------
    seed
        Seed of the whole sample.
    name
        What the stream is for.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),)))
