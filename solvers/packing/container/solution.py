"""What loading a container found: where each item lies, and how good that is."""

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
class ContainerSolution:
    """A loaded container.

    Parameters
    ----------
    outcome
        How the solve ended. The cost is the value of the items left behind; the bound is the least value that any loading
        leaves behind.
    item_type
        (num_items,) type of each loaded item, in an order in which they can be loaded: what lies below or deeper first.
    position_mm
        (num_items, 3) low corner of each along length, width and height.
    size_mm
        (num_items, 3) extent of each as it lies.
    loaded_mm3
        Volume of the loaded items.
    bound_mm3
        No loading has a larger volume. Only meaningful where value is volume.
    num_rollouts
        How many loadings the search completed.
    """

    outcome: Outcome
    item_type: Ints
    position_mm: Ints
    size_mm: Ints
    loaded_mm3: int
    bound_mm3: int
    num_rollouts: int

    def violations(self, problem: ContainerProblem) -> list[str]:
        """List every rule of the raw problem that the loading breaks; empty when it is sound."""
        assert problem.quantity is not None
        assert problem.value is not None
        found = layout_violations(problem, self.item_type, self.position_mm, self.size_mm)
        loaded = np.bincount(self.item_type, minlength=problem.num_types)
        found += [
            f"{loaded[t]} items of type {t} are loaded; there are {problem.quantity[t]}."
            for t in np.flatnonzero(loaded > problem.quantity)
        ]
        volume = int(problem.item_volume_mm3[self.item_type].sum())
        if volume != self.loaded_mm3:
            found.append(f"the loaded volume is {volume}; the solution says {self.loaded_mm3}.")
        left = value_of(problem, problem.quantity) - value_of(problem, loaded)
        if left != self.outcome.cost:
            found.append(f"the value left behind is {left}; the solution says {self.outcome.cost}.")
        return found


def value_of(problem: ContainerProblem, count: Ints) -> int:
    """Value of so many items of each type, exactly."""
    assert problem.value is not None
    return sum(int(v) * int(n) for v, n in zip(problem.value, count, strict=True))
