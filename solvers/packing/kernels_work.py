"""What the kernels share: the problem as arrays, and the memory that each thread works in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]


class ItemArrays(NamedTuple):
    """Item types with protection added on: `edges` are padded, weights gross."""

    edges: Ints
    orientation: Ints
    weight_g: Ints
    max_load_g: Ints
    protection_cents: Ints
    hazard_class: Ints
    ships_alone: Ints
    is_fragile: Ints


class CartonArrays(NamedTuple):
    """Cartons; `inner` and `outer` have one row a carton and one column an axis."""

    is_flat: Ints
    inner: Ints
    outer: Ints
    tare_g: Ints
    max_weight_g: Ints
    cost_cents: Ints
    packaging: Ints


class RuleArrays(NamedTuple):
    """The rules inside a parcel and the limits of the search, as plain numbers."""

    support_per_10000: int
    centred_from_g: int
    split: int
    balance: int
    tries: int
    node_limit: int
    seed: int


class Group(NamedTuple):
    """The items at hand, one row an entry: up to six distinct orientations (`dims`, padded edges along x, y, z)."""

    item_type: Ints
    quantity: Ints
    num_dims: Ints
    dims: Ints
    usable: Ints
    volume: Ints
    weight_g: Ints
    max_load_g: Ints
    is_fragile: Ints
    total: Ints
    num_rows: Ints


MAX_SEARCHED = 16
MOST_DOUBLINGS = 48
MOST_THRESHOLDS = 4
MOST_CHAINS = 400
MOST_DUALS = 30
NODES, NUM_THRESHOLDS, SLACK, PATIENCE, JUDGED = 0, 1, 2, 3, 4
UNWEIGHED_NODES = 1_000
UNJUDGED_DOUBLINGS = 6


class Search(NamedTuple):
    """Memory of the search over how the largest units lie to each other; unit 0 is the wall at the origin.

    `bound[f, a, i, j]` is how far behind the start of unit i that of unit j may lie on axis a, in frame f. `lost[m, t, a, x]`
    is what stays empty of a stretch x on axis a however edges of the units after the first m fill it, and `supply[m, t]` the
    volume of the short ones among these that threshold t leaves out. `state[PATIENCE]` is the number of decisions after which
    it pays to look at what is lost. `share[d]` is the share of the search done after d doublings of its decisions; from
    `state[JUDGED]` doublings on it is given up where it is stuck. `slim` holds the entries made slimmer.
    """

    state: Ints
    bound: npt.NDArray[np.int32]
    length: Ints
    entry: Ints
    turn: Ints
    by_size: Ints
    unit: Ints
    pair: Ints
    code: Ints
    is_tried: Ints
    looks: Ints
    refuted: Ints
    lost: npt.NDArray[np.int32]
    supply: Ints
    reach: Ints
    chain: Ints
    chain_length: Ints
    chain_lost: Ints
    grown: Ints
    share: Ints
    slim: Group


def make_search(max_entries: int, max_edge_mm: int) -> Search:
    """Take the memory for one thread."""
    units = MAX_SEARCHED + 1
    frames = units * (units + 1) // 2 + 1
    state = np.zeros(5, np.int64)
    state[PATIENCE], state[JUDGED] = UNWEIGHED_NODES, UNJUDGED_DOUBLINGS
    return Search(
        state=state,
        bound=np.zeros((frames, 3, units, units), np.int32),
        length=np.zeros((units, 3), np.int64),
        entry=np.zeros(units, np.int64),
        turn=np.zeros(units, np.int64),
        by_size=np.zeros(max_entries, np.int64),
        unit=np.zeros(frames, np.int64),
        pair=np.zeros(frames, np.int64),
        code=np.zeros(frames, np.int64),
        is_tried=np.zeros(frames, np.int64),
        looks=np.zeros(units, np.int64),
        refuted=np.zeros(units, np.int64),
        lost=np.zeros((units, MOST_THRESHOLDS, 3, max_edge_mm + 1), np.int32),
        supply=np.zeros((units, MOST_THRESHOLDS), np.int64),
        reach=np.zeros(max_edge_mm + 1, np.int64),
        chain=np.zeros(MOST_CHAINS, np.int64),
        chain_length=np.zeros(MOST_CHAINS, np.int64),
        chain_lost=np.zeros(MOST_CHAINS, np.int64),
        grown=np.zeros((MOST_THRESHOLDS, units), np.int64),
        share=np.zeros(MOST_DOUBLINGS, np.int64),
        slim=make_group(max_entries),
    )


class Reorder(NamedTuple):
    """Memory of `kernels_reorder`: the order tried, the one kept, and the free spaces after each unit of both."""

    spaces: Ints
    """(2, slots, spaces, 6)"""
    num_spaces: Ints
    """(2, slots)"""
    box: Ints
    """(2, slots, 6) what was placed last."""
    entry: Ints
    """(2, slots) its entry."""
    owner: Ints
    """(units + 2,) which of the two halves belongs to the order kept, by units placed."""
    unit: Ints
    rule: Ints
    kept_unit: Ints
    kept_rule: Ints
    placed_before: Ints
    missed_before: Ints
    """(units + 1,) volume, of the order kept."""
    missed: Ints
    kept_missed: Ints
    """Turns of the units without a place."""
    tally: Ints
    """Units placed, units missed, units missed by the order kept."""
    failed: Ints
    """(entries,) 1 once a unit of the entry found no place."""
    dims: Ints
    """(entries, 6, 3) edges of the usable orientations."""
    pieces: Ints
    state: Ints


MOST_SLOTS = 128
"""Orders of more units are placed anew from their start."""


def make_reorder(max_units: int, max_entries: int) -> Reorder:
    """Take the memory for one thread."""

    def column(*shape: int) -> Ints:
        return np.zeros(shape, np.int64)

    slots = max_units + 1 if max_units <= MOST_SLOTS else 2
    free = 8 * max_units + 64
    turns = (max_units + 2,)
    return Reorder(
        spaces=column(2, slots, free, 6),
        num_spaces=column(2, slots),
        box=column(2, slots, 6),
        entry=column(2, slots),
        owner=column(*turns),
        unit=column(*turns),
        rule=column(*turns),
        kept_unit=column(*turns),
        kept_rule=column(*turns),
        placed_before=column(*turns),
        missed_before=column(*turns),
        missed=column(*turns),
        kept_missed=column(*turns),
        tally=column(3),
        failed=column(max_entries),
        dims=column(max_entries, 6, 3),
        pieces=column(free, 6),
        state=column(1),
    )


class Work(NamedTuple):
    """Memory of one thread, taken once. Boxes are rows x1, y1, z1, x2, y2, z2; `best_*` keep the packing found."""

    unit: Ints
    key: Ints
    box: Ints
    box_entry: Ints
    best_box: Ints
    best_entry: Ints
    best_info: Ints
    spaces: Ints
    pieces: Ints
    row_weight: Ints
    row_limit: Ints
    row_fragile: Ints
    load: Ints
    turn: Ints
    carton_key: Ints
    carton_turn: Ints
    carton_size: Ints
    is_open: Ints
    heights: Ints
    missed: Ints
    dual_table: Ints
    dual_cap: Ints
    reorder: Reorder


TOTAL_UNITS, TOTAL_VOLUME, TOTAL_WEIGHT, TOTAL_PROTECTION, HAS_LOADS = 0, 1, 2, 3, 4
BEST_NUM, BEST_CARTON, BEST_PRICE, BEST_WEIGHT, BEST_OUTER = 0, 1, 2, 3, 4


def make_group(max_entries: int) -> Group:
    """Take the memory for the items of one set."""
    columns = [np.zeros(max_entries, np.int64) for _ in range(11)]
    columns[3] = np.zeros((max_entries, 6, 3), np.int64)
    columns[4] = np.zeros((max_entries, 7), np.int64)
    columns[9] = np.zeros(8, np.int64)
    return Group(*columns)


def make_work(max_units: int, max_entries: int, num_cartons: int, max_edge_mm: int) -> Work:
    """Take the memory for one thread."""

    def column(size: int = max_units) -> Ints:
        return np.zeros(size, np.int64)

    def boxes(size: int = max_units) -> Ints:
        return np.zeros((size, 6), np.int64)

    free = 8 * max_units + 64
    return Work(
        unit=column(),
        key=column(),
        box=boxes(max_units + 1),
        box_entry=column(max_units + 1),
        best_box=boxes(),
        best_entry=column(),
        best_info=column(8),
        spaces=boxes(free),
        pieces=boxes(free),
        row_weight=column(max_units + 1),
        row_limit=column(max_units + 1),
        row_fragile=column(max_units + 1),
        load=column(max_units + 1),
        turn=column(max_units + 1),
        carton_key=column(num_cartons),
        carton_turn=column(num_cartons),
        carton_size=column(num_cartons),
        is_open=column(num_cartons),
        heights=column(max_edge_mm + 2),
        missed=column(max_units + 1),
        dual_table=np.zeros((3, MOST_DUALS, max_entries, 6), np.int64),
        dual_cap=np.zeros((3, MOST_DUALS), np.int64),
        reorder=make_reorder(max_units, max_entries),
    )


@numba.njit(cache=True, nogil=True)
def load_group(group: Group, items: ItemArrays, entry_type: Ints, entry_count: Ints, num: int) -> int:
    """Fill `group` with the given entries, equal types merged, and give the number of its rows."""
    rows = int(np.int64(0))
    for i in range(num):
        if entry_count[i] == 0:
            continue
        t = entry_type[i]
        known = -1
        for e in range(rows):
            if group.item_type[e] == t:
                known = e
        if known >= 0:
            group.quantity[known] += entry_count[i]
            continue
        e = rows
        rows += 1
        group.item_type[e] = t
        group.quantity[e] = entry_count[i]
        group.weight_g[e] = items.weight_g[t]
        group.max_load_g[e] = items.max_load_g[t]
        group.is_fragile[e] = items.is_fragile[t]
        edge = items.edges[t]
        group.volume[e] = edge[0] * edge[1] * edge[2]
        made = 0
        for k in range(6):
            if not (items.orientation[t] >> k) & 1:
                continue
            # Edges along x, y, z in the order that the problem documents for its orientation bits.
            a = 0 if k in (0, 2) else (1 if k in (1, 4) else 2)
            c = 2 if k < 2 else (1 if k < 4 else 0)
            b = 3 - a - c
            repeated = False
            for m in range(made):
                d = group.dims[e, m]
                if d[0] == edge[a] and d[1] == edge[b] and d[2] == edge[c]:
                    repeated = True
            if not repeated:
                group.dims[e, made, 0] = edge[a]
                group.dims[e, made, 1] = edge[b]
                group.dims[e, made, 2] = edge[c]
                made += 1
        group.num_dims[e] = made
    sum_group(group, items, rows)
    return rows


@numba.njit(cache=True, nogil=True)
def sum_group(group: Group, items: ItemArrays, rows: int) -> None:
    """Bring the totals of `group` up to date with its counts."""
    total = group.total
    for k in range(5):
        total[k] = 0
    for e in range(rows):
        total[TOTAL_UNITS] += group.quantity[e]
        total[TOTAL_VOLUME] += group.quantity[e] * group.volume[e]
        total[TOTAL_WEIGHT] += group.quantity[e] * group.weight_g[e]
        total[TOTAL_PROTECTION] += group.quantity[e] * items.protection_cents[group.item_type[e]]
        if group.quantity[e] > 0 and (group.max_load_g[e] < 2**62 or group.is_fragile[e] == 1):
            total[HAS_LOADS] = 1


@numba.njit(cache=True, nogil=True)
def match_box(group: Group, rows: int, length: int, width: int, height: int) -> bool:
    """Keep the orientations that fit a box by themselves; False where some item has none.

    `usable[e, 0]` counts them, `usable[e, 1:]` are their positions in `dims[e]`.
    """
    all_fit = True
    for e in range(rows):
        if group.quantity[e] == 0:
            continue
        fit = 0
        for k in range(group.num_dims[e]):
            d = group.dims[e, k]
            if d[0] <= length and d[1] <= width and d[2] <= height:
                fit += 1
                group.usable[e, fit] = k
        group.usable[e, 0] = fit
        all_fit &= fit > 0
    return all_fit
