"""Rules that fill one order at a time, as order management systems do."""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.assignment.kernels_plan import Room, option_fits, take_option
from solvers.assignment.kernels_pricing import Instance, Int64


@njit(cache=True, nogil=True)
def fill_by_rank(instance: Instance, rank: Int64, most_pieces_first: bool, room: Room, plan_of_piece: Int64) -> None:
    """Fill orders in turn from ranked warehouses; rank has shape (num_orders, num_warehouses), lowest first.

    Either the best ranked warehouse sends all it can and the next the rest, or the warehouse that can send most
    pieces does, the better ranked of equals. Of options with the same pieces the cheapest is taken.
    """
    for order in range(len(instance.max_shipments)):
        start = instance.piece_start[order]
        pieces = instance.piece_start[order + 1] - start
        covered = np.int64(0)
        parcels = np.int64(0)
        while True:
            best = np.int64(-1)
            best_rank, best_pieces = np.int64(0), np.int64(0)
            for option in range(instance.option_start[order], instance.option_start[order + 1]):
                mask = instance.option_mask[option]
                if mask & covered or parcels + instance.option_parcels[option] > instance.max_shipments[order]:
                    continue
                carried = np.int64(0)
                for piece in range(pieces):
                    carried += mask >> piece & 1
                ranked = rank[order, instance.option_warehouse[option]]
                if best >= 0:
                    cheaper = instance.option_cost[option] < instance.option_cost[best]
                    if most_pieces_first:
                        better = carried > best_pieces or (
                            carried == best_pieces and (ranked < best_rank or (ranked == best_rank and cheaper))
                        )
                    else:
                        better = ranked < best_rank or (
                            ranked == best_rank and (carried > best_pieces or (carried == best_pieces and cheaper))
                        )
                    if not better:
                        continue
                if option_fits(instance, order, option, room):
                    best, best_rank, best_pieces = np.int64(option), ranked, carried
            if best < 0:
                break
            take_option(instance, order, best, room, np.int64(1))
            covered |= instance.option_mask[best]
            parcels += instance.option_parcels[best]
            for piece in range(pieces):
                if instance.option_mask[best] >> piece & 1:
                    plan_of_piece[start + piece] = best
