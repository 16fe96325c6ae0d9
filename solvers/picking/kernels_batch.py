"""Which shipments share a walk: seeded lists first, then threshold accepting over moves and swaps.

Dueck and Scheuer, Threshold accepting, Journal of Computational Physics 90 (1990) 161-175. A change is taken when it
costs less than a threshold that falls to zero: integers only, so that the answer is the same everywhere.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.picking.kernels import FAR, KEY_BITS, Integers, walk_of_merged

NUM_LOADS = 3
CANDIDATES = 8
MODULUS = 2147483647
MULTIPLIER = 48271


@njit(cache=True, nogil=True)
def merge_into(
    kept: Integers,
    num_kept: int,
    removed: Integers,
    removed_start: int,
    removed_stop: int,
    added: Integers,
    added_start: int,
    added_stop: int,
    out: Integers,
) -> int:
    """Write the sorted multiset `kept` less `removed` plus `added` to `out`; give its size."""
    i = 0
    j = removed_start
    k = added_start
    count = 0
    while True:
        while i < num_kept and j < removed_stop and kept[i] == removed[j]:
            i += 1
            j += 1
        if i < num_kept and (k >= added_stop or kept[i] <= added[k]):
            out[count] = kept[i]
            i += 1
        elif k < added_stop:
            out[count] = added[k]
            k += 1
        else:
            return count
        count += 1


@njit(cache=True, nogil=True)
def seed_lists(
    order: Integers,
    place_start: Integers,
    places: Integers,
    loads: Integers,
    limits: Integers,
    depot: Integers,
    num_aisles: int,
    length_mm: int,
    pitch_mm: int,
    list_of: Integers,
    scratch: Integers,
) -> int:
    """Fill lists one after the other, each from the open shipment with the longest walk of its own; give their number.

    What is added next is the shipment that lengthens the walk least, among the few that visit the fewest new aisles.
    """
    none = int(np.int64(0))
    num_open = order.size
    open_shipments = order.copy()
    room = np.empty(NUM_LOADS, np.int64)
    is_visited = np.zeros(num_aisles, np.bool_)
    near = np.empty(CANDIDATES, np.int64)
    near_distance = np.empty(CANDIDATES, np.int64)
    kept = scratch[0]
    spare = scratch[1]
    num_lists = 0
    while num_open > 0:
        for aisle in range(num_aisles):
            is_visited[aisle] = False
        for load in range(NUM_LOADS):
            room[load] = limits[load]
        kept[0] = depot[0]
        num_kept = int(np.int64(1))
        chosen = 0
        lowest = depot[0] >> KEY_BITS
        highest = lowest
        while chosen >= 0:
            shipment = open_shipments[chosen]
            num_open -= 1
            for at in range(chosen, num_open):
                open_shipments[at] = open_shipments[at + 1]
            list_of[shipment] = num_lists
            first = place_start[shipment]
            last = place_start[shipment + 1]
            num_kept = merge_into(kept, num_kept, places, none, none, places, first, last, spare)
            for place in range(num_kept):
                kept[place] = spare[place]
            for place in range(first, last):
                aisle = places[place] >> KEY_BITS
                is_visited[aisle] = True
                lowest = min(lowest, aisle)
                highest = max(highest, aisle)
            for load in range(NUM_LOADS):
                room[load] -= loads[shipment, load]
            chosen = -1
            num_near = 0
            for at in range(num_open):
                rival = open_shipments[at]
                if loads[rival, 0] > room[0] or loads[rival, 1] > room[1] or loads[rival, 2] > room[2]:
                    continue
                distance = np.int64(0)
                before = np.int64(-1)
                for place in range(place_start[rival], place_start[rival + 1]):
                    aisle = places[place] >> KEY_BITS
                    if aisle != before and not is_visited[aisle]:
                        distance += length_mm
                        if aisle > highest:
                            distance += 2 * pitch_mm * (aisle - highest)
                        if aisle < lowest:
                            distance += 2 * pitch_mm * (lowest - aisle)
                    before = aisle
                if num_near == CANDIDATES and distance >= near_distance[CANDIDATES - 1]:
                    continue
                slot = min(num_near, CANDIDATES - 1)
                num_near = slot + 1
                while slot > 0 and near_distance[slot - 1] > distance:
                    near_distance[slot] = near_distance[slot - 1]
                    near[slot] = near[slot - 1]
                    slot -= 1
                near_distance[slot] = distance
                near[slot] = at
            best_mm = FAR
            for slot in range(num_near):
                rival = open_shipments[near[slot]]
                walk_mm = walk_of_merged(
                    kept,
                    num_kept,
                    places,
                    none,
                    none,
                    places,
                    place_start[rival],
                    place_start[rival + 1],
                    length_mm,
                    pitch_mm,
                )
                # Of equally near ones the one that stands first in the order, so that long walks go early.
                if walk_mm < best_mm or (walk_mm == best_mm and near[slot] < chosen):
                    best_mm = walk_mm
                    chosen = near[slot]
        num_lists += 1
    return num_lists


@njit(cache=True, nogil=True)
def improve_lists(
    movable: Integers,
    place_start: Integers,
    places: Integers,
    aisle_start: Integers,
    aisle_shipments: Integers,
    loads: Integers,
    limits: Integers,
    depot: Integers,
    length_mm: int,
    pitch_mm: int,
    num_lists: int,
    list_of: Integers,
    kept: Integers,
    spare: Integers,
    iterations: int,
    first_threshold_mm: int,
    seed: int,
) -> int:
    """Move and swap shipments between lists; leave the best lists found in `list_of` and give their total walk."""
    none = int(np.int64(0))
    num_kept = np.ones(num_lists, np.int64)
    for one in range(num_lists):
        kept[one, 0] = depot[0]
    used = np.zeros((num_lists, NUM_LOADS), np.int64)
    for shipment in movable:
        home = list_of[shipment]
        first = place_start[shipment]
        last = place_start[shipment + 1]
        count = merge_into(kept[home], num_kept[home], places, none, none, places, first, last, spare)
        for place in range(count):
            kept[home, place] = spare[place]
        num_kept[home] = count
        for load in range(NUM_LOADS):
            used[home, load] += loads[shipment, load]
    walk_mm = np.zeros(num_lists, np.int64)
    total = np.int64(0)
    for one in range(num_lists):
        walk_mm[one] = walk_of_merged(
            kept[one], num_kept[one], places, none, none, places, none, none, length_mm, pitch_mm
        )
        total += walk_mm[one]
    best_total = total
    best = list_of.copy()
    state = np.int64(seed % (MODULUS - 1) + 1)
    for iteration in range(iterations):
        threshold = first_threshold_mm * (iterations - iteration) // iterations
        state = state * MULTIPLIER % MODULUS
        mover = movable[state % movable.size]
        state = state * MULTIPLIER % MODULUS
        mover_first = place_start[mover]
        mover_last = place_start[mover + 1]
        if state % 4 != 0 and mover_last > mover_first:
            # A partner that walks through one of the mover's aisles: that is where walks are shared.
            state = state * MULTIPLIER % MODULUS
            aisle = places[mover_first + state % (mover_last - mover_first)] >> KEY_BITS
            state = state * MULTIPLIER % MODULUS
            partner = aisle_shipments[aisle_start[aisle] + state % (aisle_start[aisle + 1] - aisle_start[aisle])]
        else:
            state = state * MULTIPLIER % MODULUS
            partner = movable[state % movable.size]
        source = list_of[mover]
        target = list_of[partner]
        state = state * MULTIPLIER % MODULUS
        is_move = True
        if state % 16 == 0 and used[source, 0] > 1:
            # A list more never shortens the walk by itself, but may make room for what does.
            target = (source + 1) % num_lists
            while target != source and used[target, 0] > 0:
                target = (target + 1) % num_lists
        elif state % 2 == 0:
            is_move = False
        if source == target:
            continue
        for load in range(NUM_LOADS):
            if used[target, load] + loads[mover, load] > limits[load]:
                is_move = False
        if not is_move and list_of[partner] != target:
            continue
        partner_first = place_start[partner]
        partner_last = place_start[partner + 1]
        if is_move:
            partner_last = partner_first
        else:
            fits = True
            for load in range(NUM_LOADS):
                change = loads[mover, load] - loads[partner, load]
                if used[target, load] + change > limits[load] or used[source, load] - change > limits[load]:
                    fits = False
            if not fits:
                continue
        source_mm = walk_of_merged(
            kept[source],
            num_kept[source],
            places,
            mover_first,
            mover_last,
            places,
            partner_first,
            partner_last,
            length_mm,
            pitch_mm,
        )
        if source_mm - walk_mm[source] - walk_mm[target] >= threshold:
            continue
        target_mm = walk_of_merged(
            kept[target],
            num_kept[target],
            places,
            partner_first,
            partner_last,
            places,
            mover_first,
            mover_last,
            length_mm,
            pitch_mm,
        )
        change_mm = source_mm + target_mm - walk_mm[source] - walk_mm[target]
        if change_mm > threshold or (change_mm == threshold and threshold > 0):
            continue
        count = merge_into(
            kept[source],
            num_kept[source],
            places,
            mover_first,
            mover_last,
            places,
            partner_first,
            partner_last,
            spare,
        )
        for place in range(count):
            kept[source, place] = spare[place]
        num_kept[source] = count
        count = merge_into(
            kept[target],
            num_kept[target],
            places,
            partner_first,
            partner_last,
            places,
            mover_first,
            mover_last,
            spare,
        )
        for place in range(count):
            kept[target, place] = spare[place]
        num_kept[target] = count
        list_of[mover] = target
        if not is_move:
            list_of[partner] = source
        for load in range(NUM_LOADS):
            change = loads[mover, load] - (0 if is_move else loads[partner, load])
            used[target, load] += change
            used[source, load] -= change
        walk_mm[source] = source_mm
        walk_mm[target] = target_mm
        total += change_mm
        if total < best_total:
            best_total = total
            for shipment in movable:
                best[shipment] = list_of[shipment]
    for shipment in movable:
        list_of[shipment] = best[shipment]
    return int(best_total)
