"""What callers hand in becomes the one array type of the kernels, or is refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.arrays import check_offsets, check_range, whole_numbers


@pytest.mark.parametrize(
    "values", [[1, 2], (1, 2), np.array([1, 2], np.uint8), np.arange(5)[1:3], np.arange(9)[1:5:3] // 2 + 1]
)
def test_whole_numbers_are_contiguous_writable_int64(values):
    array = whole_numbers(values, "values")
    assert array.dtype == np.int64
    assert array.flags.c_contiguous
    assert array.flags.writeable


def test_an_array_of_the_right_type_is_not_copied():
    array = np.arange(3)
    assert whole_numbers(array, "values") is array


def test_read_only_input_is_copied_not_changed():
    array = np.arange(3)
    array.flags.writeable = False
    whole_numbers(array, "values")[0] = 9
    assert array[0] == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0], "its type is float64"),
        ([[1]], "one dimension; it has 2"),
        (np.array([2**63], np.uint64), "must fit 64 bits"),
        ([True], "its type is bool"),
        (["1"], "must be whole numbers"),
    ],
)
def test_anything_else_is_refused_by_name(values, message):
    with pytest.raises(ValueError, match=f"weights.*{message}"):
        whole_numbers(values, "weights")


def test_the_first_value_outside_is_named():
    with pytest.raises(ValueError, match=r"weights\[1\] is -1 \(2 such in all\)"):
        check_range(np.array([0, -1, 7]), "weights", 0, 6)


@pytest.mark.parametrize("start", [[], [1, 3], [0, 2], [0, 4, 3]])
def test_offsets_must_cut_all_items(start):
    with pytest.raises(ValueError, match="start must rise from 0"):
        check_offsets(np.array(start, np.int64), "start", 3)
