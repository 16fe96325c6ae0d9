"""Packing item sets: checks, threads, and the way back from kernel arrays to a solution."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.arrays import ranges
from solvers.packing.cartons import CartonKind
from solvers.packing.further import go_on
from solvers.packing.items import MAX_UNITS_PER_SET
from solvers.packing.kernels_price import PriceArrays
from solvers.packing.kernels_sets import FEASIBLE, NO_SOLUTION, OPEN, OutArrays, SetArrays, solve_sets
from solvers.packing.kernels_work import CartonArrays, ItemArrays, RuleArrays
from solvers.packing.memory import Memories
from solvers.packing.problem import PackingProblem, Split
from solvers.packing.ration import ration
from solvers.packing.solution import PackingSolution
from solvers.packing.splitting.partition import Arrays
from solvers.packing.splitting.parts import Parts, new_out
from solvers.packing.splitting.solve import split_sets

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

DEFAULT_TRIES: Final = 3_000
DEFAULT_NODES: Final = 100_000
_LEAST_GROWTH: Final = 2
_MOST_GROWTH: Final = 64
_PART_TRIES: Final = 12
_PART_NODES: Final = 5_000
_PART_SHARE: Final = 10
_PART_NODES_SHARE: Final = 20
_MOST_NODES: Final = 2**40
_SPLITS: Final = (Split.WHEN_NEEDED, Split.WHEN_CHEAPER, Split.NEVER)


def pack(
    problem: PackingProblem,
    *,
    threads: int = 1,
    tries: int = DEFAULT_TRIES,
    node_limit: int = DEFAULT_NODES,
    seconds: float | None = None,
    seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> PackingSolution:
    """Pack every set of a problem at the least price.

    Parameters
    ----------
    problem
        Items, sets, cartons, prices and rules.
    threads
        How many threads share the sets. The result does not depend on it.
    tries
        Most constructive packings tried for one set in one carton; fewer where the carton would be all but full, and for sets
        of many units.
    node_limit
        Most nodes of the exact search for one set in one carton; a search that is stuck is given up sooner.
    seconds
        Most time to go on with each set that the fixed effort leaves unproven: a set in one parcel uses it until it is proven,
        its cartons searched one after another; sets that several parcels may hold for less use it together, the limits growing
        round by round. None for the fixed effort alone.
    seed
        Start of the random choices.
    clock
        Gives the seconds by which `seconds` is measured.

    Returns
    -------
    PackingSolution
        Parcels, placements and what is left, with a status and bound for every set.
    """
    sets = _set_arrays(problem)
    out = new_out(sets)
    work_off = _Worker(problem, sets, out, seed, threads)
    every = np.arange(problem.sets.num_sets, dtype=np.int64)
    started = clock()
    work_off(tries, node_limit, every)
    if seconds is not None:
        took = clock() - started
        open_ = every[((out.sets[:, 0] == FEASIBLE) | (out.sets[:, 0] == NO_SOLUTION)) & (np.diff(sets.unit_start) > 0)]
        rest = np.setdiff1d(open_, work_off.go_on(tries, node_limit, open_, seconds, clock))
        took *= rest.size / max(1, open_.size)
        tries, node_limit = _in_rounds(work_off, out, rest, tries, node_limit, seconds / threads, took, clock)

    def pack_without(cartons: npt.NDArray[np.bool_], chosen: Ints) -> None:
        work_off.take_away(cartons)
        work_off(tries, node_limit, chosen)

    ration(problem.cartons.on_hand, sets, out, pack_without)
    return _solution(problem, sets, out)


def _in_rounds(
    work_off: _Worker,
    out: OutArrays,
    chosen: Ints,
    tries: int,
    node_limit: int,
    seconds: float,
    took: float,
    clock: Callable[[], float],
) -> tuple[int, int]:
    """Pack sets anew while they are not proven, the limits growing round by round within `seconds` a set; give the limits."""
    spent = took
    while True:
        open_ = chosen[(out.sets[chosen, 0] == FEASIBLE) | (out.sets[chosen, 0] == NO_SOLUTION)]
        left = seconds * open_.size - spent
        growth = int(min(_MOST_GROWTH, left / took if took > 0 else _MOST_GROWTH))
        if open_.size == 0 or growth < _LEAST_GROWTH or node_limit > _MOST_NODES:
            return tries, node_limit
        # More packings find cheaper cartons sooner than more nodes refute them.
        tries, node_limit = tries * growth, node_limit * max(_LEAST_GROWTH, math.isqrt(growth))
        started = clock()
        work_off(tries, node_limit, open_)
        took = clock() - started
        spent += took


class _Worker:
    """Packs the sets it is handed, spread over threads that each have memory of their own."""

    def __init__(self, problem: PackingProblem, sets: SetArrays, out: OutArrays, seed: int, threads: int) -> None:
        self._problem, self._sets, self._out = problem, sets, out
        self._seed, self._threads = seed, threads
        self._items, self._cartons = _item_arrays(problem), _carton_arrays(problem)
        self._prices = _price_arrays(problem)
        self._memories = Memories(int(np.diff(sets.set_start).max(initial=1)), self._cartons)

    def take_away(self, cartons: npt.NDArray[np.bool_]) -> None:
        """Pack from now on without these cartons."""
        limits = np.where(cartons, -1, self._cartons.max_weight_g)
        self._cartons = self._cartons._replace(max_weight_g=limits)

    def __call__(self, tries: int, node_limit: int, chosen: Ints) -> None:
        sets, out = self._sets, self._out
        rules = _rule_arrays(self._problem, tries, node_limit, self._seed)
        _spread(partial(self._pack, rules, sets, out), chosen, self._threads)
        open_ = chosen[out.sets[chosen, 0] == OPEN]
        if not open_.size:
            return
        # A set has many parts, of which few are used: each gets less effort than a set.
        alone = rules._replace(
            split=_SPLITS.index(Split.NEVER),
            tries=max(min(tries, _PART_TRIES), tries // _PART_SHARE),
            node_limit=max(min(node_limit, _PART_NODES), node_limit // _PART_NODES_SHARE),
        )

        def packer(effort: RuleArrays) -> Callable[[SetArrays, OutArrays], None]:
            return lambda some, found: _spread(partial(self._pack, effort, some, found), _every(some), self._threads)

        parts = Parts(packer(alone), packer(alone._replace(tries=tries)) if tries > alone.tries else None)
        parts.adopt(sets, out, chosen)
        arrays = self._arrays(rules)
        assert self._problem.sets.together is not None
        split_sets(arrays, parts, self._problem.sets.together, open_)

    def go_on(self, tries: int, node_limit: int, chosen: Ints, seconds: float, clock: Callable[[], float]) -> Ints:
        """Go on with sets in one parcel for so many seconds each; give those with which it did."""
        arrays = self._arrays(_rule_arrays(self._problem, tries, node_limit, self._seed))
        did = np.zeros(chosen.size, np.bool_)

        def each(thread: int, positions: Ints) -> None:
            for at in positions:
                s = int(chosen[at])
                memory = self._memories.of_thread(thread, int(np.diff(self._sets.unit_start)[s]))
                did[at] = go_on(s, arrays, memory, seconds, clock)

        _spread(each, np.arange(chosen.size, dtype=np.int64), self._threads)
        return chosen[did]

    def _arrays(self, rules: RuleArrays) -> Arrays:
        return Arrays(self._items, rules, self._cartons, self._prices, self._sets, self._out, self._memories)

    def _pack(self, rules: RuleArrays, sets: SetArrays, out: OutArrays, thread: int, chosen: Ints) -> None:
        """Pack sets into one parcel each."""
        most_units = int((sets.unit_start[chosen + 1] - sets.unit_start[chosen]).max(initial=1))
        memory = self._memories.of_thread(thread, most_units)
        solve_sets(chosen, *memory, self._items, rules, self._cartons, self._prices, sets, out)


def _every(sets: SetArrays) -> Ints:
    return np.arange(sets.set_start.size - 1, dtype=np.int64)


def _spread(work_off: Callable[[int, Ints], None], chosen: Ints, threads: int) -> None:
    """Share sets among threads; each writes to rows of its own, so the result is the same for any number of threads."""
    if threads <= 1 or chosen.size <= 1:
        work_off(0, chosen)
        return
    # Contiguous, as a single thread gets them: a stride would compile every kernel a second time.
    parts = [np.ascontiguousarray(chosen[t::threads]) for t in range(min(threads, chosen.size))]
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(work_off, range(len(parts)), parts))


def _set_arrays(problem: PackingProblem) -> SetArrays:
    sets = problem.sets
    units = (
        np.add.reduceat(np.r_[sets.entry_quantity, 0], sets.set_start[:-1]) if sets.num_sets else np.zeros(0, np.int64)
    )
    units[np.diff(sets.set_start) == 0] = 0
    units[units > MAX_UNITS_PER_SET] = 0
    assert sets.packaging is not None
    assert sets.price_table is not None
    unit_start = np.r_[0, np.cumsum(units)].astype(np.int64)
    return SetArrays(sets.set_start, sets.entry_type, sets.entry_quantity, sets.packaging, sets.price_table, unit_start)


def _item_arrays(problem: PackingProblem) -> ItemArrays:
    i = problem.items
    return ItemArrays(
        edges=np.ascontiguousarray(
            np.stack([i.length_mm, i.width_mm, i.height_mm], axis=1) + 2 * i.padding_mm[:, None]
        ),
        orientation=i.orientation,
        weight_g=i.weight_g + i.protection_g,
        max_load_g=i.max_load_g,
        protection_cents=i.protection_cents,
        hazard_class=i.hazard_class,
        ships_alone=i.ships_alone,
        is_fragile=i.is_fragile,
    )


def _carton_arrays(problem: PackingProblem) -> CartonArrays:
    c = problem.cartons
    return CartonArrays(
        is_flat=(c.kind != CartonKind.BOX).astype(np.int64),
        inner=np.ascontiguousarray(np.stack([c.inner_length_mm, c.inner_width_mm, c.inner_height_mm], axis=1)),
        outer=np.ascontiguousarray(np.stack([c.outer_length_mm, c.outer_width_mm, c.outer_height_mm], axis=1)),
        tare_g=c.tare_g,
        max_weight_g=c.max_weight_g,
        cost_cents=c.cost_cents,
        packaging=c.packaging,
    )


def _price_arrays(problem: PackingProblem) -> PriceArrays:
    p = problem.prices
    return PriceArrays(
        objective=int(p.objective),
        table_start=p.table_start,
        up_to_g=p.up_to_g,
        price_cents=p.price_cents,
        dim_divisor=p.dim_divisor_cm3_per_kg,
        dim_from_mm3=p.dim_from_cm3 * 1000,
        weight_step_g=p.weight_step_g,
    )


def _rule_arrays(problem: PackingProblem, tries: int, node_limit: int, seed: int) -> RuleArrays:
    rules = problem.rules
    centred = 2**62 if rules.centred_from_g is None else rules.centred_from_g
    return RuleArrays(
        rules.support_per_10000,
        centred,
        _SPLITS.index(rules.split),
        int(rules.balance_weights),
        tries,
        node_limit,
        seed,
    )


def _solution(problem: PackingProblem, sets: SetArrays, out: OutArrays) -> PackingSolution:
    num_parcels, num_placed = out.sets[:, 3], out.sets[:, 4]
    parcels = out.parcels[ranges(sets.unit_start[:-1], num_parcels)]
    placed = out.placements[ranges(sets.unit_start[:-1], num_placed)]
    first_parcel = np.r_[0, np.cumsum(num_parcels)[:-1]] if num_parcels.size else num_parcels
    entry = placed[:, 1].astype(np.int64)
    left = np.flatnonzero(out.left)
    return PackingSolution(
        set_status=out.sets[:, 0].copy(),
        set_cost=out.sets[:, 1].copy(),
        set_bound=out.sets[:, 2].copy(),
        parcel_set=np.repeat(np.arange(problem.sets.num_sets, dtype=np.int64), num_parcels),
        parcel_carton=parcels[:, 0].copy(),
        parcel_cost=parcels[:, 1].copy(),
        parcel_weight_g=parcels[:, 2].copy(),
        billed_length_mm=parcels[:, 3].copy(),
        billed_width_mm=parcels[:, 4].copy(),
        billed_height_mm=parcels[:, 5].copy(),
        placement_parcel=placed[:, 0] + np.repeat(first_parcel, num_placed),
        placement_entry=entry,
        placement_type=problem.sets.entry_type[entry],
        placement_step=ranges(np.zeros(len(parcels), np.int64), parcels[:, 6]),
        position_mm=placed[:, 2:5].copy(),
        size_mm=placed[:, 5:8].copy(),
        unpacked_entry=left,
        unpacked_quantity=out.left[left],
        unpacked_reason=out.reason[left],
    )
