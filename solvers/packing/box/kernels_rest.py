"""What rests on what: support from below, load on top, centre of gravity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

NO_LOAD_LIMIT = 2**62


@numba.njit(cache=True, nogil=True)
def contact(a: Ints, b: Ints) -> int:
    """Give the overlap of two boxes seen from above."""
    width = min(a[3], b[3]) - max(a[0], b[0])
    if width <= 0:
        return 0
    depth = min(a[4], b[4]) - max(a[1], b[1])
    return width * depth if depth > 0 else 0


@numba.njit(cache=True, nogil=True)
def _centre_held(boxes: Ints, num: int, box: Ints) -> bool:
    """Say whether the centre of a base lies in the convex hull of its contact areas.

    It does unless some line through the centre has all of them strictly on one side; one such line then passes a corner.
    Twice the coordinates keep the centre whole.
    """
    cx, cy = box[0] + box[3], box[1] + box[4]
    for i in range(num):
        if boxes[i, 5] != box[2] or contact(boxes[i], box) == 0:
            continue
        for corner in range(4):
            px = 2 * (max(boxes[i, 0], box[0]) if corner & 1 else min(boxes[i, 3], box[3])) - cx
            py = 2 * (max(boxes[i, 1], box[1]) if corner & 2 else min(boxes[i, 4], box[4])) - cy
            if px == 0 and py == 0:
                return True
            one_side = True
            for j in range(num):
                if boxes[j, 5] != box[2] or contact(boxes[j], box) == 0:
                    continue
                for other in range(4):
                    qx = 2 * (max(boxes[j, 0], box[0]) if other & 1 else min(boxes[j, 3], box[3])) - cx
                    qy = 2 * (max(boxes[j, 1], box[1]) if other & 2 else min(boxes[j, 4], box[4])) - cy
                    cross = px * qy - py * qx
                    if cross < 0 or (cross == 0 and px * qx + py * qy < 0):
                        one_side = False
                        break
                if not one_side:
                    break
            if one_side:
                return False
    return True


@numba.njit(cache=True, nogil=True)
def supported(boxes: Ints, num: int, box: Ints, support_per_10000: int) -> bool:
    """Say whether enough of the base of `box` rests on the floor or on `boxes`."""
    if box[2] == 0 or support_per_10000 == 0:
        return True
    area = 0
    for i in range(num):
        if boxes[i, 5] == box[2]:
            area += contact(boxes[i], box)
    if area * 10000 < support_per_10000 * (box[3] - box[0]) * (box[4] - box[1]) or area == 0:
        return False
    # Above half the base, no line through the centre can leave all contact on one side.
    return support_per_10000 > 5000 or _centre_held(boxes, num, box)


@numba.njit(cache=True, nogil=True)
def loads_borne(boxes: Ints, num: int, weight_g: Ints, limit_g: Ints, fragile: Ints, load: Ints, turn: Ints) -> bool:
    """Say whether every item bears what lies on it.

    Each item hands its weight and its load down to what it rests on, in proportion to contact; shares are rounded up to a
    thousandth of a gram where they are shared at all, so that what is accepted here holds in exact arithmetic.

    Parameters
    ----------
    boxes, num
        The placed items, rows x1, y1, z1, x2, y2, z2.
    weight_g, limit_g, fragile
        Of each row. A fragile item without a limit bears fragile items only.
    load, turn
        Scratch, one value a row.
    """
    for i in range(num):
        load[i] = 0
        j = i
        while j > 0 and boxes[turn[j - 1], 2] < boxes[i, 2]:
            turn[j] = turn[j - 1]
            j -= 1
        turn[j] = i
    for k in range(num):
        i = turn[k]
        if limit_g[i] < NO_LOAD_LIMIT and load[i] > limit_g[i] * 1000:
            return False
        area = 0
        for j in range(num):
            if boxes[j, 5] == boxes[i, 2]:
                touch = contact(boxes[j], boxes[i])
                if touch > 0 and fragile[j] == 1 and limit_g[j] == NO_LOAD_LIMIT and fragile[i] == 0:
                    return False
                if touch > 0 and limit_g[j] == 0:
                    return False
                area += touch
        if area == 0:
            continue
        total = load[i] + weight_g[i] * 1000
        for j in range(num):
            if boxes[j, 5] == boxes[i, 2]:
                touch = contact(boxes[j], boxes[i])
                if touch > 0:
                    load[j] += total if touch == area else int(float(total) * touch / area) + 1
    return True


@numba.njit(cache=True, nogil=True)
def shift_to_centre(boxes: Ints, num: int, weight_g: Ints, axis: int, edge: int) -> int:
    """Give how far all boxes must shift along `axis` for a centre of gravity in the middle half, -1 where none will do."""
    moment = 0
    total = 0
    last = 0
    for i in range(num):
        moment += (boxes[i, axis] + boxes[i, axis + 3]) * weight_g[i]
        total += weight_g[i]
        last = max(last, boxes[i, axis + 3])
    if total == 0:
        return 0
    slack = edge - last
    # Centre c = moment / (2 total) + shift must lie in edge/4 .. 3 edge/4.
    if 2 * moment > 3 * edge * total:
        return -1
    lack = edge * total - 2 * moment
    if lack <= 0:
        return 0
    shift = -(-lack // (4 * total))
    return shift if shift <= slack else -1
