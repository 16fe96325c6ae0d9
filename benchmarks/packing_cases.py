"""The published packing problems as the benchmarks read them; a case whose file is not beside the checkout is skipped."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from solvers.packing.cartons import Cartons, Objective, Prices
from solvers.packing.container.problem import ContainerProblem
from solvers.packing.items import ItemSets, ItemTypes
from solvers.packing.problem import PackingProblem, Rules, Split


def cases() -> Path:
    for parent in Path(__file__).resolve().parents:
        if (parent / "shared" / "cases" / "packing").is_dir():
            return parent / "shared" / "cases" / "packing"
    pytest.skip("the folder shared/cases is not beside this checkout")


def read_orders(name, most=None):
    """Give cartons, and the items (l, w, h, g) of each order."""
    lines = iter((cases() / name).read_text().splitlines())
    num_cartons, num_orders = map(int, next(lines).split())
    cartons = np.array([next(lines).split() for _ in range(num_cartons)], dtype=np.int64)
    orders = []
    for _ in range(num_orders):
        _, size = map(int, next(lines).split())
        orders.append(np.array([line.split() for line in islice(lines, size)], dtype=np.int64))
    return cartons, orders[:most]


def smallest_cartons(cartons, most=None):
    """Give the volume of the proven smallest carton of each of the 2,000 orders; 0 where an order fits none."""
    with (cases() / "orders2000_optimal.csv").open() as file:
        known = [int(row["smallest_carton"] or -1) for row in csv.DictReader(file)][:most]
    return np.append(cartons.prod(axis=1), 0)[known]


def problem_of(cartons, orders, objective=Objective.VOLUME, **rules):
    items = np.concatenate(orders)
    types, kind = np.unique(items, axis=0, return_inverse=True)
    start = np.r_[0, np.cumsum([len(o) for o in orders])]
    return PackingProblem(
        ItemTypes.of(types[:, 0], types[:, 1], types[:, 2], weight_g=types[:, 3]),
        ItemSets(start, kind.ravel(), np.ones(len(items), np.int64)),
        Cartons.of(cartons[:, 0], cartons[:, 1], cartons[:, 2]),
        Prices.without_freight(objective),
        Rules(**({"support_share": 0.0, "split": Split.NEVER} | rules)),
    )


def real_orders(most=None):
    """Give boxes (name aside), the lines (quantity, w, l, d, g) of each real order, and how many boxes BoxPacker takes."""
    folder = cases() / "boxpacker"
    with (folder / "boxes.csv").open() as file:
        boxes = np.array([row[1:] for row in csv.reader(file) if row], dtype=np.int64)
    with (folder / "expected.csv").open() as file:
        expected = {row[0]: int(row[4]) for row in csv.reader(file) if row}
    orders: dict[str, list[list[int]]] = {}
    with (folder / "items.csv").open() as file:
        for row in csv.reader(file):
            if row:
                orders.setdefault(row[0], []).append([int(row[1]), *map(int, row[3:7])])
    chosen = list(orders)[:most]
    return boxes, [np.array(orders[name]) for name in chosen], np.array([expected[name] for name in chosen])


def fewest_boxes(boxes, orders):
    rows = np.concatenate(orders)
    types, kind = np.unique(rows[:, 1:], axis=0, return_inverse=True)
    outer = np.maximum(boxes[:, :3], boxes[:, 4:7])
    return PackingProblem(
        ItemTypes.of(types[:, 0], types[:, 1], types[:, 2], weight_g=types[:, 3]),
        ItemSets(np.r_[0, np.cumsum([len(lines) for lines in orders])], kind.ravel(), rows[:, 0]),
        Cartons.of(
            *boxes[:, 4:7].T,
            outer_length_mm=outer[:, 0],
            outer_width_mm=outer[:, 1],
            outer_height_mm=outer[:, 2],
            tare_g=boxes[:, 3],
            max_weight_g=boxes[:, 7],
        ),
        Prices.without_freight(Objective.CARTONS),
        Rules(support_share=0.0),
    )


def read_containers(name, support=0.0) -> list[ContainerProblem]:
    """Read a file of the OR-Library's layout; a line with a flag missing may stand its width vertical."""
    lines = [[int(word) for word in line.split()] for line in (cases() / name).read_text().splitlines() if line.strip()]
    if not lines:
        pytest.skip(f"{name} is empty")
    problems = []
    at = 1
    for _ in range(lines[0][0]):
        container, num_types = lines[at + 1], lines[at + 2][0]
        rows = lines[at + 3 : at + 3 + num_types]
        table = np.array([row if len(row) == 8 else [*row[:4], 1, *row[4:]] for row in rows])
        problems.append(
            ContainerProblem(
                (container[0], container[1], container[2]),
                table[:, [1, 3, 5]],
                table[:, 7],
                table[:, [2, 4, 6]] == 1,
                support_share=support,
            )
        )
        at += 3 + num_types
    return problems
