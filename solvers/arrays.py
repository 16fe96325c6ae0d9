"""Arrays as the kernels want them, and runs of positions in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


def whole_numbers(values: npt.ArrayLike, name: str) -> npt.NDArray[np.int64]:
    """Give `values` as a writable, contiguous, one-dimensional array of 64-bit integers.

    Columns of a frame arrive read-only and in many widths; each would compile its own copy of every kernel.

    Parameters
    ----------
    values
        Any whole numbers; an empty sequence of any type.
    name
        What the values are called in an error.

    Raises
    ------
    ValueError
        When `values` has more than one dimension, is not of a whole-number type, or does not fit 64 bits.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension; it has {array.ndim}.")
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers; its type is {array.dtype}. Round it first, on purpose.")
    if array.size and array.dtype == np.uint64 and int(array.max()) > np.iinfo(np.int64).max:
        raise ValueError(f"{name} must fit 64 bits with a sign; the largest is {array.max()}.")
    out = np.ascontiguousarray(array, dtype=np.int64)
    return out if out.flags.writeable else out.copy()


def check_range(values: npt.NDArray[np.int64], name: str, low: int, high: int) -> None:
    """Refuse values outside `low` to `high`, both included.

    Raises
    ------
    ValueError
        With the first value outside, where it stands, and the range.
    """
    outside = np.flatnonzero((values < low) | (values > high))
    if outside.size:
        first = int(outside[0])
        raise ValueError(
            f"{name} must lie in {low}..{high}; {name}[{first}] is {values[first]} ({outside.size} such in all)."
        )


def check_offsets(start: npt.NDArray[np.int64], name: str, num_items: int) -> None:
    """Refuse offsets that do not cut `num_items` items into consecutive groups.

    Raises
    ------
    ValueError
        When `start` is empty, does not begin at 0, falls, or does not end at `num_items`.
    """
    if start.size == 0 or start[0] != 0 or start[-1] != num_items or bool(np.any(np.diff(start) < 0)):
        raise ValueError(
            f"{name} must rise from 0 to the number of items, {num_items}; it is {start[:5]}…{start[-2:]}."
        )


def ranges(start: npt.NDArray[np.int64], count: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give start[i] .. start[i] + count[i] - 1 for every i, one after another."""
    before = np.cumsum(count) - count
    return np.asarray(np.arange(int(count.sum()), dtype=np.int64) + np.repeat(start - before, count), dtype=np.int64)
