"""The shortest walk as a sequence of places: the same dynamic programme with its choices kept, then an Euler circuit.

The tables of transitions are those of Ratliff and Rosenthal (1983), figures 5 and 6.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.picking.kernels import FAR, KEY_BITS, LOW_BITS, Integers

ODD, BACK, FRONT, JOINED, APART, NOTHING = range(6)
NUM_STATES = 6
TRAVERSE, FROM_BACK, FROM_FRONT, AROUND_GAP, TWICE = range(5)
ONE_EACH, TWO_BACK, TWO_FRONT, TWO_EACH = range(4)
IMPOSSIBLE = -1

AISLE_MOVES = np.array(
    (
        (JOINED, ODD, ODD, ODD, ODD),
        (ODD, BACK, APART, APART, JOINED),
        (ODD, APART, FRONT, APART, JOINED),
        (ODD, JOINED, JOINED, JOINED, JOINED),
        (ODD, APART, APART, APART, JOINED),
        (ODD, BACK, FRONT, APART, JOINED),
    ),
    np.int64,
)
"""The state after the stops of an aisle: [state before, TRAVERSE … TWICE]."""
CROSS_MOVES = np.array(
    (
        (ODD, IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE),
        (IMPOSSIBLE, BACK, IMPOSSIBLE, APART),
        (IMPOSSIBLE, IMPOSSIBLE, FRONT, APART),
        (IMPOSSIBLE, BACK, FRONT, JOINED),
        (IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE, APART),
        (IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE),
    ),
    np.int64,
)
"""The state after the way to the next aisle with stops: [state before, ONE_EACH … TWO_EACH]."""


@njit(cache=True, nogil=True)
def group_aisles(places: Integers) -> Integers:
    """Give where each aisle begins among the sorted places, and their number at the end."""
    start = np.empty(places.size + 1, np.int64)
    count = 0
    for place in range(places.size):
        if place == 0 or places[place] >> KEY_BITS != places[place - 1] >> KEY_BITS:
            start[count] = place
            count += 1
    start[count] = places.size
    return start[: count + 1]


@njit(cache=True, nogil=True)
def choose_moves(
    places: Integers, start: Integers, length_mm: int, pitch_mm: int
) -> tuple[int, Integers, Integers, Integers]:
    """Give the length of the walk, and for each aisle the way through it, the way to the next, where its gap begins."""
    num_aisles = start.size - 1
    cost = np.empty(NUM_STATES, np.int64)
    for state in range(NUM_STATES):
        cost[state] = FAR
    cost[NOTHING] = 0
    came_by_aisle = np.zeros((num_aisles, NUM_STATES, 2), np.int64)
    came_by_cross = np.zeros((num_aisles, NUM_STATES, 2), np.int64)
    gap_at = np.zeros(num_aisles, np.int64)
    option_mm = np.empty(5, np.int64)
    for aisle in range(num_aisles):
        gap = np.int64(0)
        for place in range(start[aisle], start[aisle + 1] - 1):
            if places[place + 1] - places[place] > gap:
                gap = places[place + 1] - places[place]
                gap_at[aisle] = place
        option_mm[TRAVERSE] = length_mm
        option_mm[FROM_BACK] = 2 * (length_mm - (places[start[aisle]] & LOW_BITS))
        option_mm[FROM_FRONT] = 2 * (places[start[aisle + 1] - 1] & LOW_BITS)
        option_mm[AROUND_GAP] = 2 * (length_mm - gap) if gap > 0 else FAR
        option_mm[TWICE] = 2 * length_mm
        after = np.empty(NUM_STATES, np.int64)
        for state in range(NUM_STATES):
            after[state] = FAR
        for state in range(NUM_STATES):
            for option in range(5):
                target = AISLE_MOVES[state, option]
                total = cost[state] + option_mm[option]
                if total < after[target]:
                    after[target] = total
                    came_by_aisle[aisle, target, 0] = state
                    came_by_aisle[aisle, target, 1] = option
        cost = after
        if aisle == num_aisles - 1:
            break
        step = pitch_mm * ((places[start[aisle + 1]] >> KEY_BITS) - (places[start[aisle]] >> KEY_BITS))
        after = np.empty(NUM_STATES, np.int64)
        for state in range(NUM_STATES):
            after[state] = FAR
        for state in range(NUM_STATES):
            for option in range(4):
                target = CROSS_MOVES[state, option]
                if target == IMPOSSIBLE:
                    continue
                total = cost[state] + step * (4 if option == TWO_EACH else 2)
                if total < after[target]:
                    after[target] = total
                    came_by_cross[aisle, target, 0] = state
                    came_by_cross[aisle, target, 1] = option
        cost = after
    state = BACK
    for end in (FRONT, JOINED):
        if cost[end] < cost[state]:
            state = end
    walk_mm = int(cost[state])
    through = np.empty(num_aisles, np.int64)
    across = np.empty(num_aisles, np.int64)
    for aisle in range(num_aisles - 1, -1, -1):
        through[aisle] = came_by_aisle[aisle, state, 1]
        state = came_by_aisle[aisle, state, 0]
        if aisle > 0:
            across[aisle - 1] = came_by_cross[aisle - 1, state, 1]
            state = came_by_cross[aisle - 1, state, 0]
    return walk_mm, through, across, gap_at


@njit(cache=True, nogil=True)
def list_edges(start: Integers, through: Integers, across: Integers, gap_at: Integers) -> Integers:
    """Give the edges of the walk; places come first, then the back and front end of each aisle in turn."""
    num_aisles = start.size - 1
    num_places = start[num_aisles]
    edges = np.empty((2 * (num_places + num_aisles) + 4 * num_aisles, 2), np.int64)
    count = 0
    for aisle in range(num_aisles):
        back = num_places + 2 * aisle
        front = back + 1
        first = start[aisle]
        last = start[aisle + 1] - 1
        option = through[aisle]
        copies = 1 if option == TRAVERSE else 2
        # Segment s of the aisle ends at place s from the front; the last one leads to the back.
        for segment in range(first, last + 2):
            if option == FROM_BACK and segment == first:
                continue
            if option == FROM_FRONT and segment == last + 1:
                continue
            if option == AROUND_GAP and segment == gap_at[aisle] + 1:
                continue
            for _ in range(copies):
                edges[count, 0] = front if segment == first else segment - 1
                edges[count, 1] = back if segment == last + 1 else segment
                count += 1
        if aisle == num_aisles - 1:
            break
        option = across[aisle]
        num_back = 1 if option == ONE_EACH else (0 if option == TWO_FRONT else 2)
        num_front = 1 if option == ONE_EACH else (0 if option == TWO_BACK else 2)
        for _ in range(num_back):
            edges[count, 0] = back
            edges[count, 1] = back + 2
            count += 1
        for _ in range(num_front):
            edges[count, 0] = front
            edges[count, 1] = front + 2
            count += 1
    return edges[:count]


@njit(cache=True, nogil=True)
def visit_order(num_places: int, num_vertices: int, edges: Integers, origin: int, rank: Integers) -> None:
    """Rank the places in the order in which an Euler circuit from `origin` first meets them (Hierholzer)."""
    degree = np.zeros(num_vertices + 1, np.int64)
    for edge in range(edges.shape[0]):
        degree[edges[edge, 0] + 1] += 1
        degree[edges[edge, 1] + 1] += 1
    incident_start = degree
    for vertex in range(num_vertices):
        incident_start[vertex + 1] += incident_start[vertex]
    cursor = incident_start.copy()
    incident = np.empty(2 * edges.shape[0], np.int64)
    for edge in range(edges.shape[0]):
        for end in range(2):
            incident[cursor[edges[edge, end]]] = edge
            cursor[edges[edge, end]] += 1
    cursor = incident_start.copy()
    is_used = np.zeros(edges.shape[0], np.bool_)
    stack = np.empty(edges.shape[0] + 1, np.int64)
    stack[0] = origin
    depth = 1
    for place in range(num_places):
        rank[place] = -1
    count = 0
    while depth > 0:
        vertex = stack[depth - 1]
        while cursor[vertex] < incident_start[vertex + 1] and is_used[incident[cursor[vertex]]]:
            cursor[vertex] += 1
        if cursor[vertex] == incident_start[vertex + 1]:
            depth -= 1
            if vertex < num_places and rank[vertex] < 0:
                rank[vertex] = count
                count += 1
        else:
            edge = incident[cursor[vertex]]
            is_used[edge] = True
            stack[depth] = edges[edge, 0] + edges[edge, 1] - vertex
            depth += 1


@njit(cache=True, nogil=True)
def walk_in_order(places: Integers, depot_key: int, length_mm: int, pitch_mm: int, rank: Integers) -> int:
    """Rank the sorted distinct places, the depot among them, along a shortest walk; give its length."""
    start = group_aisles(places)
    walk_mm, through, across, gap_at = choose_moves(places, start, length_mm, pitch_mm)
    edges = list_edges(start, through, across, gap_at)
    origin = 0
    while places[origin] != depot_key:
        origin += 1
    visit_order(places.size, places.size + 2 * (start.size - 1), edges, origin, rank)
    return walk_mm
