"""Loading one container: blocks, beam search, bound."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.outcome import Outcome, Status, Stop
from solvers.packing.container.beam import Beam, Limit
from solvers.packing.container.bounds import value_bound
from solvers.packing.container.cargo import Load, SearchSettings, build, prepare
from solvers.packing.container.kernels_layout import loading_order, unfold_blocks
from solvers.packing.container.problem import ContainerProblem
from solvers.packing.container.solution import ContainerSolution, value_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

DEFAULT_ROLLOUTS: Final = 2_000
_MOST_ORDERED: Final = 5_000


def solve_container(
    problem: ContainerProblem,
    seconds: float | None = None,
    rollouts: int | None = DEFAULT_ROLLOUTS,
    threads: int = 1,
    seed: int = 0,
    settings: SearchSettings | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ContainerSolution:
    """Load as much value as possible into one container.

    Parameters
    ----------
    problem
        The container and the items.
    seconds
        Most time; when given, `rollouts` no longer limits. None for a fixed effort, whose result is the same on every machine.
    rollouts
        Most loadings to complete.
    threads
        How many threads complete loadings. With a fixed effort the result does not depend on it.
    seed
        Start of the random choices.
    settings
        How blocks are built and chosen; None for the defaults.
    clock
        What `seconds` is measured by.

    Returns
    -------
    ContainerSolution
        The loading, OPTIMAL where everything is loaded or no more can be.
    """
    if seconds is not None:
        compile_kernels()
    started = clock()
    chosen = settings or SearchSettings()
    bound = value_bound(problem)
    if bound == 0 or problem.oriented()[1].size == 0:
        return _solution(problem, _nothing(), bound, Stop.PROOF, 0)
    load = prepare(problem, chosen, build(problem, chosen, seed))
    limit = Limit(rollouts if seconds is None else None, seconds, clock, started, bound)
    beam = Beam(load, limit, threads)
    stop = beam.run(chosen.growth)
    return _solution(problem, items_of(load, beam.best_placed), bound, stop, beam.num_rollouts)


@functools.cache
def compile_kernels() -> None:
    """Run every kernel once, so that a time limit measures the search and not the compiler."""
    solve_container(
        ContainerProblem((4, 4, 4), np.array([[2, 2, 2], [1, 2, 3]]), quantity=np.array([2, 2])), rollouts=4
    )


def items_of(load: Load, placed: npt.NDArray[np.int32]) -> tuple[Ints, Ints, Ints]:
    """Give the type, position and size of every item of the placed blocks, in an order in which they can be loaded."""
    rows = placed.astype(np.int64)
    rows[:, 6] = load.built_as[rows[:, 6]]
    num_items = int(load.blocks.num_items[rows[:, 6]].sum())
    item_type = np.zeros(num_items, np.int64)
    position, size = np.zeros((num_items, 3), np.int64), np.zeros((num_items, 3), np.int64)
    unfold_blocks(rows, load.blocks, item_type, position, size)
    if num_items <= _MOST_ORDERED:
        order = loading_order(position, size)
    else:
        order = np.lexsort((position[:, 1], position[:, 0], position[:, 2]))
    return item_type[order], position[order], size[order]


def _nothing() -> tuple[Ints, Ints, Ints]:
    return np.zeros(0, np.int64), np.zeros((0, 3), np.int64), np.zeros((0, 3), np.int64)


def _solution(
    problem: ContainerProblem, items: tuple[Ints, Ints, Ints], bound: int, stop: Stop, num_rollouts: int
) -> ContainerSolution:
    assert problem.quantity is not None
    item_type, position, size = items
    loaded = np.bincount(item_type, minlength=problem.num_types)
    everything = value_of(problem, problem.quantity)
    cost = everything - value_of(problem, loaded)
    status = Status.OPTIMAL if cost == everything - bound else Status.FEASIBLE
    return ContainerSolution(
        outcome=Outcome(status, Stop.PROOF if status is Status.OPTIMAL else stop, cost, everything - bound),
        item_type=item_type,
        position_mm=position,
        size_mm=size,
        loaded_mm3=int(problem.item_volume_mm3[item_type].sum()),
        bound_mm3=bound,
        num_rollouts=num_rollouts,
    )
