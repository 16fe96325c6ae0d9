"""What packing into the fewest bins found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.packing.container.violations import layout_violations

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.outcome import Outcome
    from solvers.packing.container.problem import ContainerProblem

    Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BinsSolution:
    """Items packed into equal bins.

    Parameters
    ----------
    outcome
        How the solve ended. The cost is the number of bins, the bound a number below which the items do not fit.
    bin_number
        (num_items,) from 0, not decreasing; within a bin items come in an order in which they can be loaded.
    item_type
        (num_items,) type of each packed item.
    position_mm
        (num_items, 3) low corner of each in its bin.
    size_mm
        (num_items, 3) extent of each as it lies.
    unpacked
        (num_types,) items that fit no bin whichever way they are turned.
    """

    outcome: Outcome
    bin_number: Ints
    item_type: Ints
    position_mm: Ints
    size_mm: Ints
    unpacked: Ints

    @property
    def num_bins(self) -> int:
        """How many bins are used."""
        return int(self.bin_number[-1]) + 1 if self.bin_number.size else 0

    def violations(self, problem: ContainerProblem) -> list[str]:
        """List every rule of the raw problem that the packing breaks; empty when it is sound."""
        assert problem.quantity is not None
        found = []
        if np.any(np.diff(self.bin_number) < 0) or np.any(np.diff(self.bin_number) > 1):
            found.append("the bins are not numbered in a row.")
        for number in range(self.num_bins):
            rows = self.bin_number == number
            wrong = layout_violations(problem, self.item_type[rows], self.position_mm[rows], self.size_mm[rows])
            found += [f"bin {number}: {text}" for text in wrong]
        packed = np.bincount(self.item_type, minlength=problem.num_types)
        found += [
            f"{packed[t]} of type {t} are packed and {self.unpacked[t]} are not; there are {problem.quantity[t]}."
            for t in np.flatnonzero(packed + self.unpacked != problem.quantity)
        ]
        container = np.sort(np.asarray(problem.container_mm))
        fits = np.all(np.sort(problem.edge_mm, axis=1) <= container, axis=1) & np.all(problem.vertical, axis=1)
        found += [f"type {t} fits a bin but is left unpacked." for t in np.flatnonzero(fits & (self.unpacked > 0))]
        if self.num_bins != self.outcome.cost:
            found.append(f"{self.num_bins} bins are used; the solution says {self.outcome.cost}.")
        return found
