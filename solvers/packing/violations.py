"""Judging a packing from the raw problem, with none of the code that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.packing.cartons import CartonKind, Objective
from solvers.packing.items import NO_LOAD_LIMIT, ORIENTATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from solvers.packing.parcels import Parcels
    from solvers.packing.problem import PackingProblem

    Ints = npt.NDArray[np.int64]

_PAIRS_AT_ONCE = 4_000_000
_LOAD_TOLERANCE_G = 1e-6


def list_violations(problem: PackingProblem, solution: Parcels) -> list[str]:
    """List every rule that the parcels break."""
    return [
        *_conservation(problem, solution),
        *_walls(problem, solution),
        *_orientations(problem, solution),
        *_contact_rules(problem, solution),
        *_parcels(problem, solution),
        *_sharing(problem, solution),
    ]


def _named(what: str, rows: npt.NDArray[np.bool_] | np.bool_) -> list[str]:
    return [f"{what} {row}" for row in np.flatnonzero(rows)]


def _conservation(problem: PackingProblem, solution: Parcels) -> list[str]:
    """Every unit is in one placement or unpacked, in a parcel of its own set."""
    sets = problem.sets
    count = np.bincount(solution.placement_entry, minlength=sets.entry_type.size)
    np.add.at(count, solution.unpacked_entry, solution.unpacked_quantity)
    entry_set = np.repeat(np.arange(sets.num_sets), np.diff(sets.set_start))
    stray = entry_set[solution.placement_entry] != solution.parcel_set[solution.placement_parcel]
    wrong_type = sets.entry_type[solution.placement_entry] != solution.placement_type
    return [
        *_named("units lost or added: entry", count != sets.entry_quantity),
        *_named("in a parcel of another set: placement", stray),
        *_named("not the entry's item type: placement", wrong_type),
    ]


def _inner(problem: PackingProblem) -> Ints:
    c = problem.cartons
    return np.stack([c.inner_length_mm, c.inner_width_mm, c.inner_height_mm], axis=1)


def _edges(problem: PackingProblem) -> Ints:
    i = problem.items
    return np.stack([i.length_mm, i.width_mm, i.height_mm], axis=1) + 2 * i.padding_mm[:, None]


def _extent(solution: Parcels) -> Ints:
    """Give the bounding box of each parcel's contents from the inner corner."""
    last = (solution.position_mm + solution.size_mm).astype(np.int64)
    extent = np.zeros((solution.num_parcels, 3), dtype=np.int64)
    np.maximum.at(extent, solution.placement_parcel, last)
    return extent


def _walls(problem: PackingProblem, solution: Parcels) -> list[str]:
    inner = _inner(problem)[solution.parcel_carton]
    extent = _extent(solution)
    flat = problem.cartons.kind[solution.parcel_carton] != CartonKind.BOX
    room = inner - np.where(flat[:, None] & np.array([True, True, False]), extent[:, 2:3], 0)
    return [
        *_named("before the wall: placement", (solution.position_mm < 0).any(axis=1)),
        *_named("beyond the wall: parcel", (extent > room).any(axis=1)),
    ]


def _orientations(problem: PackingProblem, solution: Parcels) -> list[str]:
    edges = _edges(problem)[solution.placement_type]
    allowed = np.zeros(len(edges), dtype=bool)
    for k, axes in enumerate(ORIENTATIONS):
        same = (edges[:, list(axes)] == solution.size_mm).all(axis=1)
        allowed |= same & ((problem.items.orientation[solution.placement_type] >> k) & 1 == 1)
    return _named("not an orientation allowed: placement", ~allowed)


def _pairs(parcel: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Give all ordered pairs of placements within a parcel, in portions; placements stand by parcel."""
    start = np.flatnonzero(np.r_[True, parcel[1:] != parcel[:-1]]) if parcel.size else np.zeros(0, np.int64)
    size = np.diff(np.r_[start, parcel.size])
    begin = 0
    while begin < start.size:
        reach = np.cumsum(size[begin:] ** 2)
        end = begin + max(1, int(np.searchsorted(reach, _PAIRS_AT_ONCE)))
        first, many = start[begin:end], size[begin:end]
        one = np.concatenate([np.repeat(np.arange(f, f + n), n) for f, n in zip(first, many, strict=True)])
        two = np.concatenate([np.tile(np.arange(f, f + n), n) for f, n in zip(first, many, strict=True)])
        yield one[one != two], two[one != two]
        begin = end


def _contact_rules(problem: PackingProblem, solution: Parcels) -> list[str]:
    """No overlap, support from below, loads borne, and the packing order."""
    low = solution.position_mm.astype(np.int64)
    high = low + solution.size_mm
    base = (solution.size_mm[:, 0] * solution.size_mm[:, 1].astype(np.int64)).astype(np.int64)
    rested = np.zeros(base.size, dtype=np.int64)
    found: list[str] = []
    contacts: list[tuple[Ints, Ints, Ints]] = []
    for one, two in _pairs(solution.placement_parcel):
        width = np.minimum(high[one], high[two]) - np.maximum(low[one], low[two])
        overlap = (width > 0).all(axis=1) & (one < two)
        found += [f"overlap of placements {a} and {b}" for a, b in zip(one[overlap], two[overlap], strict=True)]
        seen = (width[:, :2] > 0).all(axis=1)
        above = seen & (low[two, 2] >= high[one, 2]) & (solution.placement_step[two] < solution.placement_step[one])
        found += [f"placed after what lies above it: placement {a}" for a in one[above]]
        touch = seen & (low[two, 2] == high[one, 2])
        area = width[touch, 0] * width[touch, 1]
        np.add.at(rested, two[touch], area)
        contacts.append((one[touch], two[touch], area))
    share = problem.rules.support_share
    if share > 0:
        raised = low[:, 2] > 0
        found += _named("too little support: placement", raised & (rested < share * base - 1e-9))
    if not contacts:
        return found
    below, above_, area = (np.concatenate(column) for column in zip(*contacts, strict=True))
    if share > 0:
        found += _hanging(low, high, below, above_)
    return found + _loads(problem, solution, below, above_, area)


def _hanging(low: Ints, high: Ints, below: Ints, above: Ints) -> list[str]:
    """List items whose centre lies outside the convex hull of what they rest on."""
    found = []
    corners: dict[int, list[tuple[int, int]]] = {}
    for b, a in zip(below.tolist(), above.tolist(), strict=True):
        x = (max(low[a, 0], low[b, 0]), min(high[a, 0], high[b, 0]))
        y = (max(low[a, 1], low[b, 1]), min(high[a, 1], high[b, 1]))
        corners.setdefault(a, []).extend((int(p), int(q)) for p in x for q in y)
    for a, points in corners.items():
        centre = (low[a, :2] + high[a, :2]) / 2
        if low[a, 2] > 0:
            angles = np.sort([np.arctan2(q - centre[1], p - centre[0]) for p, q in points if (p, q) != tuple(centre)])
            gaps = np.diff(np.r_[angles, angles[0] + 2 * np.pi])
            if len(angles) == len(points) and gaps.max() > np.pi + 1e-9:
                found.append(f"hanging: placement {a}")
    return found


def _loads(problem: PackingProblem, solution: Parcels, below: Ints, above: Ints, area: Ints) -> list[str]:
    """Pass weights down from the top and compare with what each item carries."""
    items, kind = problem.items, solution.placement_type
    limit, fragile = items.max_load_g[kind], items.is_fragile[kind]
    soft = (fragile[below] == 1) & (limit[below] == NO_LOAD_LIMIT) & (fragile[above] == 0)
    found = [f"on a fragile item: placement {a}" for a in above[soft]]
    found += [f"on an item that carries nothing: placement {a}" for a in above[limit[below] == 0]]
    bottom = solution.position_mm[:, 2]
    order = np.lexsort((above, -bottom[above]))
    rested = np.zeros(kind.size)
    np.add.at(rested, above, area)
    load = np.zeros(kind.size)
    weight = (items.weight_g + items.protection_g)[kind].astype(float)
    below, above, area = below[order], above[order], area[order]
    # Equal heights cannot bear each other, so each level may be passed down in one go.
    levels = np.flatnonzero(np.diff(bottom[above], prepend=-1))
    for first, last in zip(levels, np.append(levels[1:], above.size)[: levels.size], strict=True):
        part = slice(first, last)
        np.add.at(load, below[part], (weight + load)[above[part]] * area[part] / rested[above[part]])
    limited = limit < NO_LOAD_LIMIT
    return found + _named("overloaded: placement", limited & (load > np.where(limited, limit, 0) + _LOAD_TOLERANCE_G))


def _parcels(problem: PackingProblem, solution: Parcels) -> list[str]:
    """Weights, prices, billed sizes, packaging, centre of gravity and carton stock."""
    items, cartons, n = problem.items, problem.cartons, solution.num_parcels
    kind, parcel, carton = solution.placement_type, solution.placement_parcel, solution.parcel_carton
    weight = (items.weight_g + items.protection_g)[kind]
    contents = np.zeros(n, dtype=np.int64)
    np.add.at(contents, parcel, weight)
    gross = contents + cartons.tare_g[carton]
    protection = np.zeros(n, dtype=np.int64)
    np.add.at(protection, parcel, items.protection_cents[kind])
    outer = np.stack([cartons.outer_length_mm, cartons.outer_width_mm, cartons.outer_height_mm], axis=1)[carton]
    flat = cartons.kind[carton] != CartonKind.BOX
    billed = np.where(flat[:, None], outer - _inner(problem)[carton] + _extent(solution), outer)
    stated = np.stack([solution.billed_length_mm, solution.billed_width_mm, solution.billed_height_mm], axis=1)
    wanted = problem.sets.packaging[solution.parcel_set]  # type: ignore[index]
    price = _prices(problem, solution.parcel_set, gross, billed.prod(axis=1), cartons.cost_cents[carton] + protection)
    total = np.zeros(problem.sets.num_sets, dtype=np.int64)
    np.add.at(total, solution.parcel_set, solution.parcel_cost)
    used = np.bincount(carton, minlength=cartons.num_cartons)
    return [
        *_named("gross weight misstated: parcel", gross != solution.parcel_weight_g),
        *_named("over the carton's weight limit: parcel", gross > cartons.max_weight_g[carton]),
        *_named("billed size misstated: parcel", (billed != stated).any(axis=1)),
        *_named("not the packaging asked for: parcel", (wanted != 0) & (wanted != cartons.packaging[carton])),
        *_named("price misstated: parcel", price != solution.parcel_cost),
        *_named("cost misstated: set", total != solution.set_cost),
        *_named("bound above cost: set", (solution.set_bound > solution.set_cost) & (total > 0)),
        *_named("more used than on hand: carton", used > cartons.on_hand),
        *_named("nothing in it: parcel", np.bincount(parcel, minlength=n) == 0),
        *_off_centre(problem, solution, contents),
    ]


def _prices(problem: PackingProblem, parcel_set: Ints, gross: Ints, volume: Ints, own: Ints) -> Ints:
    """Price parcels by the tables; -1 for a parcel heavier than the last step."""
    prices = problem.prices
    out = np.full(gross.size, -1, dtype=np.int64)
    for p in range(gross.size):
        table = int(problem.sets.price_table[parcel_set[p]])  # type: ignore[index]
        grams, divisor = int(gross[p]), int(prices.dim_divisor_cm3_per_kg[table])
        if divisor and volume[p] > prices.dim_from_cm3[table] * 1000:
            grams = max(grams, -(-int(volume[p]) // divisor))
        step = int(prices.weight_step_g[table])
        grams = -(-grams // step) * step
        first, last = prices.table_start[table], prices.table_start[table + 1]
        at = first + int(np.searchsorted(prices.up_to_g[first:last], grams))
        if at < last:
            cents = int(own[p] + prices.price_cents[at])
            out[p] = {Objective.COST: cents, Objective.VOLUME: int(volume[p]), Objective.CARTONS: 1}[prices.objective]
    return out


def _off_centre(problem: PackingProblem, solution: Parcels, contents: Ints) -> list[str]:
    limit = problem.rules.centred_from_g
    if limit is None or not contents.size:
        return []
    weight = (problem.items.weight_g + problem.items.protection_g)[solution.placement_type].astype(float)
    moment = np.zeros((contents.size, 2))
    middle = solution.position_mm[:, :2] + solution.size_mm[:, :2] / 2
    np.add.at(moment, solution.placement_parcel, middle * weight[:, None])
    centre = moment / np.maximum(contents, 1)[:, None]
    edge = _inner(problem)[solution.parcel_carton][:, :2]
    off = ((centre < edge / 4 - 1e-6) | (centre > edge * 3 / 4 + 1e-6)).any(axis=1)
    off &= problem.cartons.kind[solution.parcel_carton] == CartonKind.BOX
    return _named("centre of gravity off the middle: parcel", off & (contents >= limit) & (contents > 0))


def _sharing(problem: PackingProblem, solution: Parcels) -> list[str]:
    """Hazard classes apart, and what ships alone alone."""
    hazard = problem.items.hazard_class[solution.placement_type]
    alone = problem.items.ships_alone[solution.placement_type] == 1
    parcel, n = solution.placement_parcel, solution.num_parcels
    highest, lowest = np.zeros(n, np.int64), np.full(n, 2**62, np.int64)
    np.maximum.at(highest, parcel, hazard)
    np.minimum.at(lowest, parcel[hazard > 0], hazard[hazard > 0])
    shared = np.bincount(parcel, minlength=n)[parcel] > 1
    parcels_of = np.bincount(solution.parcel_set, minlength=problem.sets.num_sets)
    together = problem.rules.split == "NEVER"
    return [
        *_named("two hazard classes in parcel", (highest > 0) & (lowest < highest)),
        *_named("ships alone, yet shares a parcel: placement", alone & shared),
        *(_named("not kept together: set", parcels_of > 1) if together else []),
        *_torn_apart(problem, solution),
    ]


def _torn_apart(problem: PackingProblem, solution: Parcels) -> list[str]:
    """List sets with marked entries that are not all in one parcel, nor all unpacked."""
    sets = problem.sets
    assert sets.together is not None
    mark, owner = sets.together, np.repeat(np.arange(sets.num_sets), np.diff(sets.set_start))
    marked = mark[solution.placement_entry] > 0
    left = mark[solution.unpacked_entry] > 0
    places = np.r_[solution.placement_parcel[marked], np.full(int(left.sum()), -1)]
    entry = np.r_[solution.placement_entry[marked], solution.unpacked_entry[left]]
    where = np.unique(np.stack([owner[entry], mark[entry], places], axis=1), axis=0)
    torn = where[1:][(np.diff(where[:, :2], axis=0) == 0).all(axis=1)]
    return [f"not kept together: mark {m} of set {s}" for s, m in np.unique(torn[:, :2], axis=0)]
