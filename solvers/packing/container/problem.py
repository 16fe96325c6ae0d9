"""The container loading problem: items of several types, one container, and how each type may stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.arrays import check_range, whole_numbers

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

MAX_EDGE_MM: Final = 1 << 20
"""The longest edge, so that volumes fit 64 bits."""

_MAX_VALUE: Final = 1 << 61

# which edge lies along each axis of the container; the last one stands vertical
_ORIENTATIONS: Final = ((0, 1, 2), (1, 0, 2), (0, 2, 1), (2, 0, 1), (1, 2, 0), (2, 1, 0))


@dataclass(frozen=True, slots=True)
class ContainerProblem:
    """Load the most value of items into one container.

    Parameters
    ----------
    container_mm
        Inner length, width and height.
    edge_mm
        (num_types, 3) length, width and height of the items of each type.
    quantity
        (num_types,) how many there are; None for one each. A quantity is a number: copies are never spread out.
    vertical
        (num_types, 3) whether the length, the width or the height may stand vertical; None for all.
    value
        (num_types,) what loading an item is worth; None for its volume in cubic millimetres.
    support_share
        Least share of an item's base that rests on the floor or on other items, 0 to 1. Above 0 the search supports the whole
        base, which satisfies every share.

    Raises
    ------
    ValueError
        When an edge or the container is not in 1..2^20 millimetres, no edge of a type may stand vertical, a quantity or
        value is negative, or the values are too large to add up.
    """

    container_mm: tuple[int, int, int]
    edge_mm: Ints
    quantity: Ints | None = None
    vertical: Flags | None = None
    value: Ints | None = None
    support_share: float = 0.0

    def __post_init__(self) -> None:
        container = whole_numbers(self.container_mm, "container_mm")
        if container.size != 3:
            raise ValueError(f"container_mm must be length, width and height; it has {container.size} numbers.")
        check_range(container, "container_mm", 1, MAX_EDGE_MM)
        flat = np.asarray(self.edge_mm)
        num_types = flat.shape[0] if flat.ndim else 0
        edges = whole_numbers(flat.reshape(-1), "edge_mm")
        if edges.size != 3 * num_types:
            raise ValueError(f"edge_mm must have the shape (number of types, 3); it has {flat.shape}.")
        edges = edges.reshape(-1, 3)
        _check_edges(edges)
        quantity = np.ones(num_types, np.int64) if self.quantity is None else whole_numbers(self.quantity, "quantity")
        volume = np.prod(edges, axis=1)
        value = volume if self.value is None else whole_numbers(self.value, "value")
        vertical = np.ones((num_types, 3), np.bool_) if self.vertical is None else np.asarray(self.vertical, np.bool_)
        if quantity.size != num_types or value.size != num_types or vertical.shape != (num_types, 3):
            raise ValueError(
                f"quantity, value and vertical must have one row for each of the {num_types} types; "
                f"they have {quantity.size}, {value.size} and {vertical.shape}."
            )
        check_range(quantity, "quantity", 0, np.iinfo(np.int64).max)
        check_range(value, "value", 0, _MAX_VALUE)
        fixed = np.flatnonzero(~vertical.any(axis=1))
        if fixed.size:
            raise ValueError(f"vertical[{fixed[0]}] allows no edge to stand vertical ({fixed.size} such); allow one.")
        if not 0 <= self.support_share <= 1:
            raise ValueError(f"support_share must lie in 0..1; it is {self.support_share}.")
        object.__setattr__(self, "container_mm", tuple(int(edge) for edge in container))
        object.__setattr__(self, "edge_mm", edges)
        object.__setattr__(self, "quantity", quantity)
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "vertical", vertical)
        if sum(int(v) * int(q) for v, q in zip(value, self.usable_quantity, strict=True)) > _MAX_VALUE:
            raise ValueError(f"the values of all items together must not exceed {_MAX_VALUE}; scale them down.")

    @property
    def num_types(self) -> int:
        """How many item types there are."""
        return int(self.edge_mm.shape[0])

    @property
    def volume_mm3(self) -> int:
        """Inner volume of the container."""
        length, width, height = self.container_mm
        return length * width * height

    @property
    def item_volume_mm3(self) -> Ints:
        """(num_types,) volume of one item."""
        return np.asarray(np.prod(self.edge_mm, axis=1), np.int64)

    @property
    def supported(self) -> bool:
        """Whether items must be supported from below."""
        return self.support_share > 0

    @property
    def usable_quantity(self) -> Ints:
        """(num_types,) how many could be loaded by volume, no more than there are; 0 for a type that fits no way round."""
        assert self.quantity is not None
        usable = np.minimum(self.quantity, self.volume_mm3 // np.maximum(self.item_volume_mm3, 1))
        fits = np.zeros(self.num_types, np.bool_)
        fits[self.oriented()[1]] = True
        return np.where(fits, usable, 0)

    def oriented(self) -> tuple[Ints, Ints]:
        """Give the distinct ways round in which items fit the container.

        Returns
        -------
        tuple
            (num_oriented, 3) sizes along length, width and height of the container, and (num_oriented,) their item types,
            in increasing order.
        """
        assert self.vertical is not None
        rows: list[Ints] = []
        for order in _ORIENTATIONS:
            sizes = self.edge_mm[:, order]
            allowed = self.vertical[:, order[2]] & np.all(sizes <= np.asarray(self.container_mm), axis=1)
            item = np.flatnonzero(allowed)
            rows.append(np.column_stack([item, sizes[item]]))
        distinct = np.unique(np.concatenate(rows), axis=0) if rows else np.zeros((0, 4), np.int64)
        return np.ascontiguousarray(distinct[:, 1:]), np.ascontiguousarray(distinct[:, 0])


def _check_edges(edges: Ints) -> None:
    bad = np.argwhere((edges < 1) | (edges > MAX_EDGE_MM))
    if bad.size:
        item, edge = (int(i) for i in bad[0])
        name = ("length", "width", "height")[edge]
        raise ValueError(
            f"edge_mm must lie in 1..{MAX_EDGE_MM}; the {name} of type {item} is {edges[item, edge]} "
            f"({len({int(i) for i in bad[:, 0]})} such types). Give whole millimetres above zero."
        )
