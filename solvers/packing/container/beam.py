"""The beam search over loadings of one container (BSG; see ``kernels_search``)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.outcome import Stop
from solvers.packing.container.kernels_search import apply_action, list_actions, start_state, try_actions
from solvers.packing.container.kernels_state import Actions, Pool, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from solvers.packing.container.cargo import Load

    Ints = npt.NDArray[np.int64]

_MAX_SPACES: Final = 512
_MAX_PLACED: Final = 1024
_MAX_REACH_CELLS: Final = 20_000_000
_MAX_REMEMBERED: Final = 1_000_000
_AT_ONCE: Final = 16
_FIT_AT_ONCE: Final = 128


@dataclass(frozen=True, slots=True)
class Limit:
    """When a search stops.

    Parameters
    ----------
    rollouts
        Most loadings to complete; None for no limit.
    seconds
        Most time by ``clock``; None for no limit.
    clock
        What tells the time; a processor clock makes figures independent of what else the machine does.
    target
        Value at which nothing is left to gain.
    """

    rollouts: int | None
    seconds: float | None
    clock: Callable[[], float]
    started: float
    target: int

    def out_of_time(self) -> bool:
        """Tell whether the time is over."""
        return self.seconds is not None and self.clock() - self.started >= self.seconds


@dataclass(slots=True)
class Beam:
    """One search: rounds of beam search, each with more effort than the last.

    Every state of a level is expanded into its best blocks, every child is completed greedily, and the children with the best
    completions, one for each value, go on. What a child's completion was worth is remembered between rounds.
    """

    load: Load
    limit: Limit
    threads: int
    best_value: int = 0
    best_placed: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 8), np.int32))
    num_rollouts: int = 0
    known: dict[int, int] = field(default_factory=dict)

    def run(self, growth: float) -> Stop:
        """Search until a limit is reached, the target is loaded, or a round brings nothing new."""
        effort = 1.0
        while True:
            before = self.num_rollouts
            stop = self._round(round(effort))
            if stop is not None:
                return stop
            if self.num_rollouts == before and effort > 1:
                return Stop.CONVERGED
            effort *= growth

    def _round(self, effort: int) -> Stop | None:
        width = max(1, round(effort**0.5))
        cargo, rule = self.load.cargo, self.load.rule
        pool = _new_pool(self.load, 2 * width, self.threads)
        work = Work(
            np.zeros(int(cargo.container_mm.max()) + 1, np.int32),
            np.zeros(min(effort, cargo.size_mm.shape[0]) + 1, np.int32),
            np.zeros(min(effort, cargo.size_mm.shape[0]) + 1),
        )
        start_state(pool, 0, cargo, self.load.quantity)
        parents, free = np.zeros(1, np.int64), width
        while parents.size:
            each = max(1, round(effort / parents.size))
            actions = _new_actions(parents.size * min(each, work.block.size))
            num_actions = 0
            for parent in parents.tolist():
                num_actions = list_actions(pool, parent, 0, cargo, rule, each, work, actions, num_actions)
            stop = self._try(pool, actions, num_actions)
            if stop is not None:
                return stop
            children = _best_of_each_value(actions.value[:num_actions], width)
            for i, row in enumerate(children.tolist()):
                apply_action(pool, free + i, 0, cargo, actions, row)
            parents, free = np.arange(free, free + children.size), width - free
        return None

    def _try(self, pool: Pool, actions: Actions, num_actions: int) -> Stop | None:
        """Complete every child that is not known yet; gives what stopped the search, if anything did."""
        keys = actions.key[:num_actions].tolist()
        unknown = []
        for row, key in enumerate(keys):
            value = self.known.get(key)
            if value is None:
                unknown.append(row)
            else:
                actions.value[row] = value
        stop = None
        if self.limit.rollouts is not None and self.num_rollouts + len(unknown) >= self.limit.rollouts:
            unknown = unknown[: self.limit.rollouts - self.num_rollouts]
            stop = Stop.ITERATION_LIMIT
        rows = np.asarray(unknown, np.int64)
        done = self._share_out(pool, actions, rows)
        self.num_rollouts += done
        if self.best_value >= self.limit.target:
            return Stop.PROOF
        if done < rows.size:
            return Stop.TIME_LIMIT
        if len(self.known) > _MAX_REMEMBERED:
            self.known.clear()
        self.known.update((keys[row], int(actions.value[row])) for row in unknown)
        return stop

    def _share_out(self, pool: Pool, actions: Actions, rows: Ints) -> int:
        """Complete children on all threads and keep the best loading, the first of equals; gives how many were done."""
        parts = np.array_split(rows, self.threads)
        if self.threads == 1:
            results = [self._complete(0, pool, actions, rows)]
        else:
            with ThreadPoolExecutor(self.threads) as executor:
                results = list(executor.map(lambda i: self._complete(i, pool, actions, parts[i]), range(self.threads)))
        for thread, (_, value) in enumerate(results):
            if value > self.best_value:
                self.best_value = value
                slot = pool.value.shape[0] - self.threads + thread
                self.best_placed = pool.placed[slot, : pool.num_placed[slot]].copy()
        return sum(done for done, _ in results)

    def _complete(self, thread: int, pool: Pool, actions: Actions, rows: Ints) -> tuple[int, int]:
        """Complete some children on one thread; gives how many before the time was over, and the best value."""
        num_slots = pool.value.shape[0]
        scratch, keep = num_slots - 2 * self.threads + thread, num_slots - self.threads + thread
        cargo, rule = self.load.cargo, self.load.rule
        best = self.best_value
        for start in range(0, rows.size, _AT_ONCE):
            # one loading is always completed, however short the time
            if self.num_rollouts + start > 0 and self.limit.out_of_time():
                return start, best
            some = rows[start : start + _AT_ONCE]
            best, _ = try_actions(pool, scratch, keep, thread, cargo, rule, actions, some, best)
            if best >= self.limit.target:
                break
        return rows.size, best


def _best_of_each_value(values: Ints, width: int) -> Ints:
    """Rows of the ``width`` best values, the first row of each value."""
    distinct, first = np.unique(values, return_index=True)
    return np.ascontiguousarray(first[np.argsort(-distinct, kind="stable")][:width])


def _new_actions(size: int) -> Actions:
    return Actions(
        parent=np.zeros(size, np.int64),
        block=np.zeros(size, np.int32),
        space=np.zeros((size, 6), np.int32),
        mirrored=np.zeros(size, np.int64),
        key=np.zeros(size, np.int64),
        value=np.zeros(size, np.int64),
    )


def _new_pool(load: Load, num_states: int, threads: int) -> Pool:
    """Room for the states of a beam, and a scratch and a best state for each thread."""
    slots = num_states + 2 * threads
    placed = max(1, min(load.num_items, _MAX_PLACED))
    longest = int(load.cargo.container_mm.max()) + 1
    reach = num_states // 2 if 3 * longest * slots <= _MAX_REACH_CELLS else 1
    return Pool(
        spaces=np.zeros((slots, 7, _MAX_SPACES), np.int32),
        num_spaces=np.zeros(slots, np.int32),
        placed=np.zeros((slots, placed, 8), np.int32),
        num_placed=np.zeros(slots, np.int32),
        left=np.zeros((slots, load.quantity.size), np.int32),
        least_edge=np.zeros((slots, 3), np.int32),
        value=np.zeros(slots, np.int64),
        volume=np.zeros(slots, np.int64),
        key=np.zeros(slots, np.int64),
        menu_block=np.zeros((num_states // 2, load.cargo.size_mm.shape[0]), np.int32),
        menu_size=np.zeros((num_states // 2, 3, load.cargo.size_mm.shape[0]), np.int32),
        menu_base=np.zeros((num_states // 2, 2, load.cargo.size_mm.shape[0])),
        menu_surface=np.zeros((num_states // 2, load.cargo.size_mm.shape[0])),
        num_menu=np.zeros(num_states // 2, np.int64),
        fitting=np.zeros((threads, _FIT_AT_ONCE), np.int64),
        most_score=np.zeros((threads, _FIT_AT_ONCE)),
        reach=np.zeros((reach, 3, longest), np.int32),
        neighbours=np.zeros((threads, 6, placed + 1, 5), np.int32),
        num_neighbours=np.zeros((threads, 6), np.int32),
        best_block=np.zeros((threads, 1), np.int32),
        best_score=np.zeros((threads, 1)),
        cut=np.zeros((threads, _MAX_SPACES + 8, 7), np.int32),
    )
