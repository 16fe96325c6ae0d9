from __future__ import annotations

import itertools

import numpy as np
import pytest

from solvers.packing.kernels_work import (
    JUDGED,
    MOST_DOUBLINGS,
    MOST_DUALS,
    NODES,
    PATIENCE,
    ItemArrays,
    load_group,
    make_group,
    make_search,
    match_box,
)
from solvers.packing.proofs.kernels_duals import refuted_by_duals
from solvers.packing.proofs.kernels_search import FOUND, LIMIT, NONE, search
from solvers.packing.proofs.kernels_slim import refuted_slim


def fits_by_brute_force(items, box):
    """Cover cell after cell: the first free cell is wasted or the lowest corner of some item that is left."""
    length, width, height = box
    masks = {}

    def mask(at, size):
        key = (at, size)
        if key not in masks:
            x, y, z = at
            cells = 0
            for i, j, k in itertools.product(range(size[0]), range(size[1]), range(size[2])):
                cells |= 1 << (((z + k) * width + y + j) * length + x + i)
            masks[key] = cells
        return masks[key]

    volume = length * width * height
    dead = set()

    def cover(cell, taken, left, waste):
        if not left:
            return True
        while cell < volume and taken >> cell & 1:
            cell += 1
        if cell == volume or (cell, taken, left) in dead:
            return False
        at = (cell % length, cell // length % width, cell // length // width)
        for i, item in enumerate(left):
            if i and item == left[i - 1]:
                continue
            for size in set(itertools.permutations(item)):
                if all(a + s <= b for a, s, b in zip(at, size, box, strict=True)):
                    cells = mask(at, size)
                    if not cells & taken and cover(cell, taken | cells, left[:i] + left[i + 1 :], waste):
                        return True
        if waste and cover(cell + 1, taken, left, waste - 1):
            return True
        dead.add((cell, taken, left))
        return False

    spare = volume - sum(a * b * c for a, b, c in items)
    return spare >= 0 and cover(0, 0, tuple(sorted(items, reverse=True)), spare)


def arrays(items, masks=None):
    n = len(items)
    zero, one = np.zeros(n, np.int64), np.ones(n, np.int64)
    masks = 63 * one if masks is None else np.array(masks)
    return ItemArrays(np.array(items, dtype=np.int64), masks, one, 2**62 * one, zero, zero, zero, zero)


def run(items, box, nodes=10**7, masks=None, patience=0):
    n = len(items)
    types, kind = np.unique(np.array(items), axis=0, return_inverse=True)
    group, memory = make_group(n), make_search(n, max(box))
    memory.state[PATIENCE] = patience
    chosen = arrays(types.tolist()) if masks is None else arrays(items, masks)
    entries = kind.ravel().astype(np.int64) if masks is None else np.arange(n)
    rows = load_group(group, chosen, entries, np.ones(n, np.int64), n)
    edge, boxes, placed = np.array(box, dtype=np.int64), np.zeros((n, 6), np.int64), np.zeros(n, np.int64)
    if not match_box(group, rows, *box):
        return NONE, True, boxes
    table, cap = np.zeros((3, MOST_DUALS, n, 6), np.int64), np.zeros((3, MOST_DUALS), np.int64)
    quick = refuted_by_duals(group, rows, edge, table, cap)
    if sum(a * b * c for a, b, c in items) > np.prod(box):
        return NONE, quick, boxes
    # Small edges differ by more than a few percent.
    for percent in (15, 50, 100):
        for judged in (memory.state[JUDGED], MOST_DOUBLINGS):
            memory.state[JUDGED], before = judged, memory.state[JUDGED]
            quick = quick or refuted_slim(memory, group, rows, edge, percent, min(nodes, 1000), boxes, placed)
            memory.state[JUDGED] = before
    boxes[:] = 0
    return search(memory, group, rows, edge, nodes, boxes, placed), quick, boxes


def is_packing(items, box, boxes):
    sizes = boxes[:, 3:] - boxes[:, :3]
    same = sorted(tuple(sorted(s)) for s in sizes.tolist()) == sorted(tuple(sorted(i)) for i in items)
    inside = (boxes[:, :3] >= 0).all() and (boxes[:, 3:] <= np.array(box)).all()
    apart = all(((a[:3] >= b[3:]) | (b[:3] >= a[3:])).any() for a, b in itertools.combinations(boxes, 2))
    return same and inside and apart


@pytest.mark.parametrize("part", range(4))
def test_search_and_quick_proofs_agree_with_brute_force_in_both_directions(part):
    rng = np.random.default_rng(100 + part)
    answers = {True: 0, False: 0}
    while sum(answers.values()) < 500:
        box = tuple(int(e) for e in rng.integers(1, 6, 3))
        cells = int(np.prod(box))
        items = [tuple(sorted(int(e) for e in rng.integers(1, 4, 3))) for _ in range(rng.integers(2, 8))]
        room = np.sort(box)
        if cells > 30 or not 0.7 * cells <= sum(a * b * c for a, b, c in items) <= cells:
            continue
        if any((np.array(item) > room).any() for item in items):
            continue
        truth = fits_by_brute_force(items, box)
        answers[truth] += 1
        result, quick, boxes = run(items, box, patience=10**9 if part == 3 else 0)
        assert result == (FOUND if truth else NONE), (items, box)
        assert not (quick and truth), (items, box)
        assert not truth or is_packing(items, box, boxes), (items, box)
    assert min(answers.values()) > 10


def test_the_order_of_the_axes_does_not_change_the_answer():
    rng = np.random.default_rng(7)
    upright = np.array([63, 3, 12, 48])
    for _ in range(100):
        box = rng.integers(20, 60, 3)
        items = rng.integers(8, 40, (5, 3))
        standing = rng.integers(0, 4, 5)
        answers = set()
        for turn in itertools.permutations(range(3)):
            # Mask k > 0 keeps edge 2, 1 or 0 along the last axis; only the first two axes may be swapped with those masks.
            if turn[2] != 2 and standing.any():
                continue
            answers.add(run(items.tolist(), box[list(turn)].tolist(), masks=upright[standing])[0])
        assert len(answers) == 1, (items, box, standing)


def cut(rng, box, num):
    """Cut a box into pieces straight through, again and again."""
    pieces = [tuple(box)]
    while len(pieces) < num:
        piece = list(pieces.pop(int(rng.integers(len(pieces)))))
        axis = int(rng.integers(3))
        if piece[axis] > 1:
            at = int(rng.integers(1, piece[axis]))
            pieces.append((*piece[:axis], at, *piece[axis + 1 :]))
            piece[axis] -= at
        pieces.append(tuple(piece))
    return [tuple(int(e) for e in rng.permutation(piece)) for piece in pieces]


def test_what_was_cut_out_of_a_box_is_never_refuted():
    rng = np.random.default_rng(3)
    found = 0
    for trial in range(400):
        box = rng.integers(8, 90, 3).tolist()
        items = cut(rng, box, int(rng.integers(2, 9 if trial % 2 else 30)))
        items = items[: len(items) - trial % 3] or items
        result, quick, boxes = run(items, box, nodes=20_000)
        assert result != NONE, (items, box)
        assert not quick, (items, box)
        found += result == FOUND
        assert result != FOUND or is_packing(items, box, boxes)
    assert found > 150


def test_a_packing_that_no_guillotine_cuts_is_found():
    # Five pieces around a core: no straight cut goes through.
    items = [(2, 1, 1), (1, 2, 1), (2, 1, 1), (1, 2, 1), (1, 1, 1)]
    assert run(items, (3, 3, 1))[0] == FOUND


def test_the_limit_is_kept_and_proves_nothing():
    items = [(7, 5, 3)] * 12 + [(6, 4, 4)] * 6
    assert run(items, (20, 15, 8), nodes=5)[0] == LIMIT


def loaded(items, box):
    n = len(items)
    group, memory = make_group(n), make_search(n, max(box))
    rows = load_group(group, arrays(items), np.arange(n), np.ones(n, np.int64), n)
    assert match_box(group, rows, *box)
    return memory, group, rows, np.array(box, dtype=np.int64)


def near_cubes(n):
    return [(10, 10 + i % 2, 11 - i % 3 // 2) for i in range(n)]


def test_five_near_cubes_where_four_go_are_refuted_as_cubes_long_before_all_their_orientations():
    items, box = near_cubes(5), (29, 29, 15)
    scratch = np.zeros((5, 6), np.int64), np.zeros(5, np.int64)
    limit = 500
    assert search(*loaded(items, box), limit, *scratch) == LIMIT
    assert refuted_slim(*loaded(items, box), 15, limit, *scratch)
    assert not refuted_slim(*loaded(items, box), 9, limit, *scratch)
    assert not refuted_slim(*loaded(items, (30, 30, 15)), 15, limit, *scratch)


def test_slimmer_items_are_given_up_where_they_are_stuck_unless_the_search_is_told_to_be_patient():
    memory, *box = loaded([(*item[:2], item[2] + k % 3) for k, item in enumerate(near_cubes(9))], (29, 29, 29))
    spent = []
    for judged in (memory.state[JUDGED], MOST_DOUBLINGS):
        memory.state[JUDGED] = judged
        assert not refuted_slim(memory, *box, 15, 20_000, np.zeros((9, 6), np.int64), np.zeros(9, np.int64))
        assert memory.state[JUDGED] == judged
        spent.append(memory.state[NODES])
    assert spent[0] < 20_000 < spent[1]


def test_a_search_that_is_stuck_is_given_up_long_before_its_limit_and_proves_nothing():
    memory, *box = loaded(near_cubes(9), (29, 29, 29))
    result = search(memory, *box, 10**6, np.zeros((9, 6), np.int64), np.zeros(9, np.int64))
    assert result == LIMIT
    assert memory.state[NODES] < 100_000
