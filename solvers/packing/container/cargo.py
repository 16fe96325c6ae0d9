"""From a container problem to the arrays that the search kernels work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.packing.container.bounds import reachable_container
from solvers.packing.container.kernels_blocks import Blocks, build_blocks
from solvers.packing.container.kernels_state import Cargo, Rule

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.container.problem import ContainerProblem

    Ints = npt.NDArray[np.int64]

_STEPS: Final = 2048
_CROWD: Final = 400
"""From this many items in the container, equal items are stacked into grids beforehand."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How the block choice weighs its criteria: value x contact^alpha x usable^beta / items^gamma.

    Parameters
    ----------
    contact
        alpha, the weight of the share of a block's surface that touches something, 2 or more.
    usable
        beta, the weight of the share of the space that the items left can still use.
    items
        gamma, the weight of few items.
    slack
        The gap, as a share of the block's edge, that still counts as touching.
    """

    contact: float
    usable: float
    items: float
    slack: float

    def __post_init__(self) -> None:
        if self.contact < 2 or min(self.usable, self.items, self.slack) < 0:
            raise ValueError(f"contact must be at least 2, the other weights at least 0; they are {self}.")


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How blocks are built and chosen.

    Parameters
    ----------
    min_fill
        Least share of its envelope that a block fills.
    max_blocks
        Most blocks to build.
    early, late
        Weights while the container is emptier, and later; the late ones are those of da Silva (2025), "A tree search-based
        heuristic for the 3D single container loading problem", the early ones tuned on published problems.
    late_from
        The share of the container's volume from which the late weights serve.
    growth
        By how much the search effort grows each round.
    """

    min_fill: float = 1.0
    max_blocks: int = 10_000
    early: Weights = Weights(contact=3.0, usable=2.66, items=0.4, slack=0.04)
    late: Weights = Weights(contact=2.0934, usable=1.4609, items=0.4732, slack=0.0366)
    late_from: float = 0.674
    growth: float = 2.0


@dataclass(frozen=True, slots=True)
class Load:
    """Everything the search reads: cargo, rule, blocks as built, and the quantities."""

    cargo: Cargo
    rule: Rule
    blocks: Blocks
    built_as: Ints
    """(num_blocks,) the row of ``blocks`` that each block of the cargo is."""
    quantity: npt.NDArray[np.int32]
    num_items: int
    """How many items there are, at most as many as could be loaded by volume."""


def build(problem: ContainerProblem, settings: SearchSettings, seed: int) -> Blocks:
    """Build the blocks of a problem; they serve every problem that differs only in values and lower quantities."""
    size, item = problem.oriented()
    keys = np.random.default_rng(seed).integers(1, 1 << 60, problem.num_types)
    blocks: Blocks = build_blocks(
        size.astype(np.int32),
        item.astype(np.int32),
        problem.usable_quantity,
        np.asarray(reachable_container(problem), np.int32),
        keys,
        settings.min_fill,
        settings.max_blocks,
        problem.supported,
        _grid_steps(problem, len(item), settings.max_blocks),
    )
    return blocks


def prepare(problem: ContainerProblem, settings: SearchSettings, blocks: Blocks) -> Load:
    """Sort the blocks for the values of a problem and tabulate the block choice."""
    size, item = problem.oriented()
    quantity = problem.usable_quantity
    container = np.asarray(reachable_container(problem), np.int32)
    block_value = _value_of_blocks(problem, blocks)
    early, late = settings.early, settings.late
    base = np.stack([block_value / blocks.num_items.astype(np.float64) ** w.items for w in (early, late)])
    order = np.argsort(-base[0], kind="stable")
    base = np.ascontiguousarray(base[:, order])
    share = np.arange(_STEPS + 1) / _STEPS
    rule = Rule(
        base=base,
        ceiling=np.ascontiguousarray(np.maximum.accumulate(base[:, ::-1], axis=1)[:, ::-1]),
        contact_power=np.stack([share**w.contact for w in (early, late)]),
        use_power=np.stack([share**w.usable for w in (early, late)]),
        slack=np.array([early.slack, late.slack]),
        switch_volume=np.array([settings.late_from * float(np.prod(container.astype(np.float64)))]),
    )
    count = np.diff(blocks.content_start)[order]
    rows = np.repeat(blocks.content_start[:-1][order] - np.r_[0, np.cumsum(count)[:-1]], count) + np.arange(count.sum())
    block_size = blocks.size_mm[order]
    a, b, c = block_size.astype(np.float64).T
    cargo = Cargo(
        container_mm=container,
        box_mm=size.astype(np.int32),
        box_type=item.astype(np.int32),
        supported=problem.supported,
        size_mm=block_size,
        top_mm=blocks.top_mm[order],
        volume=blocks.volume[order],
        value=block_value[order],
        per_surface=1.0 / (2.0 * (a * b + b * c + a * c)),
        content_start=np.r_[0, np.cumsum(count)].astype(np.int64),
        content_type=blocks.content_type[rows],
        content_count=blocks.content_count[rows],
    )
    return Load(cargo, rule, blocks, order, quantity.astype(np.int32), int(quantity.sum()))


def _grid_steps(problem: ContainerProblem, num_oriented: int, max_blocks: int) -> int:
    """Into how many sizes to stack equal items beforehand, 0 where pairs of blocks reach far enough by themselves."""
    usable = problem.usable_quantity
    volume = problem.item_volume_mm3.astype(np.float64)
    total = float((usable * volume).sum())
    if num_oriented == 0 or total == 0:
        return 0
    loadable = float(usable.sum()) * min(1.0, problem.volume_mm3 / total)
    if loadable < _CROWD:
        return 0
    return int(np.clip((max_blocks / 2 / num_oriented) ** (1 / 3), 1, 12))


def _value_of_blocks(problem: ContainerProblem, blocks: Blocks) -> Ints:
    assert problem.value is not None
    worth = problem.value[blocks.content_type] * blocks.content_count
    return np.add.reduceat(worth, blocks.content_start[:-1]).astype(np.int64)
