"""Boxes against the plainest way to compare them: every pair, every corner, every path of weight."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from engine.verify import geometry
from engine.verify.geometry import Boxes, centre_supported, loads, meet, supported_area


def random_boxes(seed: int, count: int = 60, containers: int = 6) -> Boxes:
    random = np.random.default_rng(seed)
    low = random.integers(0, 6, (3, count))
    return Boxes(np.sort(random.integers(0, containers, count)), low, low + random.integers(1, 5, (3, count)))


@pytest.mark.parametrize("seed", range(5))
def test_meetings_are_those_of_every_pair(seed: int, monkeypatch) -> None:
    monkeypatch.setattr(geometry, "_PAIRS_AT_ONCE", 7)
    boxes = random_boxes(seed)
    overlaps, stacks, contacts = set(), set(), {}
    for a in range(len(boxes)):
        for b in range(len(boxes)):
            if a == b or boxes.container[a] != boxes.container[b]:
                continue
            deep = [min(boxes.high[k, a], boxes.high[k, b]) - max(boxes.low[k, a], boxes.low[k, b]) for k in range(3)]
            if min(deep) > 0 and a < b:
                overlaps.add((a, b))
            if min(deep[:2]) > 0 and boxes.low[2, b] >= boxes.high[2, a]:
                stacks.add((a, b))
                if boxes.low[2, b] == boxes.high[2, a]:
                    contacts[b, a] = deep[0] * deep[1]
    found = meet(boxes)
    assert set(zip(*found.overlaps.tolist(), strict=True)) == overlaps
    assert set(zip(*found.stacks.tolist(), strict=True)) == stacks
    pairs = zip(found.contacts.upper.tolist(), found.contacts.lower.tolist(), strict=True)
    assert dict(zip(pairs, found.contacts.area.tolist(), strict=True)) == contacts


def boxes_of(*rows: tuple[int, int, int, int, int, int]) -> Boxes:
    corners = np.array(rows, dtype=np.int64).T
    return Boxes(np.zeros(len(rows), dtype=np.int64), corners[:3], corners[3:])


@pytest.mark.parametrize(
    ("pillars", "expected"),
    [
        ([(0, 0, 10, 10)], True),  # under all of it
        ([(0, 0, 4, 10)], False),  # at one side
        ([(0, 0, 5, 10)], True),  # up to the middle
        ([(0, 0, 3, 10), (7, 0, 10, 10)], True),  # a bridge
        ([(0, 0, 3, 3), (7, 7, 10, 10)], True),  # opposite corners
        ([(0, 0, 3, 3), (7, 0, 10, 3)], False),  # both at one side
        ([(0, 0, 3, 3), (7, 0, 10, 3), (4, 7, 6, 10)], True),  # three legs
        ([(0, 0, 1, 1), (0, 8, 1, 9), (8, 0, 9, 1)], True),  # the middle of an edge of the hull
        ([(0, 0, 1, 1), (0, 7, 1, 8), (8, 0, 9, 1)], False),  # just outside it
        ([], False),
    ],
)
def test_centre_lies_within_the_hull_of_what_carries_it(
    pillars: list[tuple[int, int, int, int]], expected: bool
) -> None:
    legs = [(x0, y0, 0, x1, y1, 5) for x0, y0, x1, y1 in pillars]
    boxes = boxes_of((0, 0, 5, 10, 10, 8), *legs)
    contacts = meet(boxes).contacts
    assert bool(centre_supported(boxes, contacts)[0]) == expected
    assert supported_area(boxes, contacts)[0] == sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in pillars)


def test_weight_is_passed_down_by_area_through_all_layers() -> None:
    # A bridge of 90 g over two pillars, one of which stands on a plate; contacts 10 and 20.
    boxes = boxes_of((0, 0, 6, 12, 5, 7), (0, 0, 0, 2, 5, 6), (4, 0, 1, 8, 5, 6), (3, 0, 0, 9, 5, 1))
    carried = loads(boxes, meet(boxes).contacts, np.array([90, 7, 11, 1]))
    assert carried.tolist() == [0, 30, 60, 71]


@pytest.mark.parametrize("seed", range(5))
def test_loads_are_those_of_exact_fractions(seed: int) -> None:
    random = np.random.default_rng(seed)
    boxes = random_boxes(seed, count=40, containers=2)
    weight = random.integers(1, 1000, len(boxes))
    contacts = meet(boxes).contacts
    pairs = list(zip(contacts.upper.tolist(), contacts.lower.tolist(), contacts.area.tolist(), strict=True))

    def exact(box: int) -> Fraction:
        total = Fraction(0)
        for upper, lower, area in pairs:
            if lower == box:
                whole = sum(a for u, _, a in pairs if u == upper)
                total += Fraction(area, whole) * (int(weight[upper]) + exact(upper))
        return total

    assert np.allclose(loads(boxes, contacts, weight), [float(exact(box)) for box in range(len(boxes))])


def test_nothing_meets_nothing() -> None:
    none = np.zeros((3, 0), dtype=np.int64)
    boxes = Boxes(np.zeros(0, dtype=np.int64), none, none)
    assert meet(boxes).overlaps.shape == (2, 0)
    assert centre_supported(boxes, meet(boxes).contacts).shape == (0,)
