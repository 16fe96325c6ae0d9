"""Which boxes overlap, which rest on which, and what each carries. Whole millimetres, nothing rounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Int64: TypeAlias = NDArray[np.int64]
Float64: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

_PAIRS_AT_ONCE: Final = 4_000_000


@dataclass(frozen=True)
class Boxes:
    """Boxes in containers, sorted by container.

    Parameters
    ----------
    container
        Shape (num_boxes,): the container of each box, rising.
    low, high
        Shape (3, num_boxes): nearest and farthest corner along x, y and z.
    """

    container: Int64
    low: Int64
    high: Int64

    def __len__(self) -> int:
        return len(self.container)


@dataclass(frozen=True)
class Contacts:
    """Where the base of a box rests on the top of another.

    Parameters
    ----------
    upper, lower
        Shape (num_contacts,): the box that rests and the box that carries it.
    low, high
        Shape (2, num_contacts): the rectangle of contact along x and y.
    """

    upper: Int64
    lower: Int64
    low: Int64
    high: Int64

    @property
    def area(self) -> Int64:
        """Shape (num_contacts,): square millimetres."""
        return np.asarray((self.high - self.low).prod(axis=0), dtype=np.int64)


@dataclass(frozen=True)
class Meetings:
    """How boxes of the same container lie to each other.

    Parameters
    ----------
    overlaps
        Shape (2, num_overlaps): boxes that share space.
    stacks
        Shape (2, num_stacks): a box and one straight above it, resting on it or higher up.
    contacts
        Where the base of one rests on the top of another.
    """

    overlaps: Int64
    stacks: Int64
    contacts: Contacts


def meet(boxes: Boxes) -> Meetings:
    """Compare every two boxes of a container.

    Parameters
    ----------
    boxes
        The boxes.
    """
    none = np.zeros(0, dtype=np.int64)
    flat = np.zeros((2, 0), dtype=np.int64)
    overlaps, stacks = [flat], [flat]
    contacts: list[tuple[Int64, Int64, Int64, Int64]] = [(none, none, flat, flat)]
    for first, second in _pairs(boxes.container):
        low = np.maximum(boxes.low[:, first], boxes.low[:, second])
        high = np.minimum(boxes.high[:, first], boxes.high[:, second])
        over = (high[:2] > low[:2]).all(axis=0)
        inside = np.flatnonzero(over & (high[2] > low[2]))
        overlaps.append(np.stack([first[inside], second[inside]]))
        for upper, lower in ((first, second), (second, first)):
            rises = boxes.low[2, upper] - boxes.high[2, lower]
            above = np.flatnonzero(over & (rises >= 0))
            stacks.append(np.stack([lower[above], upper[above]]))
            at = above[rises[above] == 0]
            contacts.append((upper[at], lower[at], low[:2, at], high[:2, at]))
    upper, lower = (np.concatenate([part[k] for part in contacts]) for k in (0, 1))
    low, high = (np.concatenate([part[k] for part in contacts], axis=1) for k in (2, 3))
    overlapping, stacked = np.concatenate(overlaps, axis=1), np.concatenate(stacks, axis=1)
    return Meetings(overlapping, stacked, Contacts(upper, lower, low, high))


def _pairs(container: Int64) -> Iterator[tuple[Int64, Int64]]:
    """Give all pairs of boxes of the same container, some millions at a time."""
    size = len(container)
    if size == 0:
        return
    # How many later boxes of its own container each box is paired with.
    end = np.searchsorted(container, container, side="right")
    partners = end - np.arange(size) - 1
    before = np.concatenate([[0], np.cumsum(partners)])
    start = 0
    while start < size:
        stop = max(start + 1, int(np.searchsorted(before, before[start] + _PAIRS_AT_ONCE, side="right")) - 1)
        first = np.repeat(np.arange(start, stop), partners[start:stop])
        offset = np.arange(len(first)) - (before[first] - before[start])
        yield first, first + 1 + offset
        start = stop


def supported_area(boxes: Boxes, contacts: Contacts) -> Int64:
    """Give how much of each base rests on something: all of it on the floor.

    Parameters
    ----------
    boxes
        The boxes.
    contacts
        Their contacts; areas at one height cannot overlap unless boxes do.
    """
    size = boxes.high - boxes.low
    area = np.zeros(len(boxes), dtype=np.int64)
    np.add.at(area, contacts.upper, contacts.area)
    return np.where(boxes.low[2] == 0, size[0] * size[1], area)


def centre_supported(boxes: Boxes, contacts: Contacts) -> Flags:
    """Tell for each box whether the centre of its base lies within the convex hull of what carries it.

    The centre lies outside when all corners of the contact areas, seen from it, lie within less than half a turn: then
    one of them has all the others to its left.

    Parameters
    ----------
    boxes
        The boxes.
    contacts
        Their contacts.
    """
    on_floor = boxes.low[2] == 0
    # Twice the coordinates, so that centres are whole.
    centre = (boxes.low + boxes.high)[:2]
    low, high = (2 * corner - centre[:, contacts.upper] for corner in (contacts.low, contacts.high))
    held = on_floor.copy()
    held[contacts.upper[((low <= 0) & (high >= 0)).all(axis=0)]] = True
    open_ = ~held[contacts.upper]
    held[_surrounded(contacts.upper[open_], low[:, open_], high[:, open_])] = True
    return np.asarray(held)


def _surrounded(box: Int64, low: Int64, high: Int64) -> Int64:
    """Give the boxes whose centre, at the origin, is surrounded by the corners of their rectangles."""
    owner = np.tile(box, 4)
    x = np.concatenate([low[0], low[0], high[0], high[0]])
    y = np.concatenate([low[1], high[1], low[1], high[1]])
    order = np.argsort(owner, kind="stable")
    owner, x, y = owner[order], x[order], y[order]
    is_not_first = np.zeros(len(owner), dtype=np.bool_)
    for first, second in _pairs(owner):
        cross = x[first] * y[second] - y[first] * x[second]
        ahead = x[first] * x[second] + y[first] * y[second] > 0
        # A corner that has another one to its right, or straight behind, is not the first of half a turn.
        is_not_first[first[(cross < 0) | ((cross == 0) & ~ahead)]] = True
        is_not_first[second[(cross > 0) | ((cross == 0) & ~ahead)]] = True
    has_first = np.zeros(int(box.max(initial=-1)) + 1, dtype=np.bool_)
    has_first[owner[~is_not_first]] = True
    candidates = np.unique(box)
    return candidates[~has_first[candidates]]


def loads(boxes: Boxes, contacts: Contacts, weight: Int64) -> Float64:
    """Give what rests on each box, all layers above it, passed down in proportion to the areas of contact.

    Parameters
    ----------
    boxes
        The boxes.
    contacts
        Their contacts.
    weight
        Shape (num_boxes,): weight of each.
    """
    total = np.zeros(len(boxes), dtype=np.int64)
    area = contacts.area
    np.add.at(total, contacts.upper, area)
    carried = np.zeros(len(boxes), dtype=np.float64)
    share = area / np.maximum(total[contacts.upper], 1)
    waiting = np.bincount(contacts.lower, minlength=len(boxes))
    remaining = np.ones(len(area), dtype=np.bool_)
    # From the top: a box passes its weight on once all that rests on it has passed on its own.
    while remaining.any():
        ready = remaining & (waiting[contacts.upper] == 0)
        if not ready.any():
            break
        upper, lower = contacts.upper[ready], contacts.lower[ready]
        np.add.at(carried, lower, share[ready] * (weight[upper] + carried[upper]))
        np.subtract.at(waiting, lower, 1)
        remaining &= ~ready
    return carried
