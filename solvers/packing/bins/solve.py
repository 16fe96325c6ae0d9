"""Fewest bins: packed bins are patterns; new ones are priced by the container search, whole ones chosen by covering.

Gilmore and Gomory (1961), "A linear programming approach to the cutting-stock problem", with the beam search of
`container_beam` in the place of the knapsack.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.outcome import Outcome, Status, Stop
from solvers.packing.bins.patterns import cover_relaxed, cover_whole
from solvers.packing.bins.solution import BinsSolution
from solvers.packing.container.beam import Beam, Limit
from solvers.packing.container.bounds import bins_bound
from solvers.packing.container.cargo import SearchSettings, build, prepare
from solvers.packing.container.solve import compile_kernels, items_of
from solvers.packing.container.violations import layout_violations

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from solvers.packing.container.kernels_blocks import Blocks
    from solvers.packing.container.problem import ContainerProblem

    Ints = npt.NDArray[np.int64]
    Layout = tuple[Ints, Ints, Ints]

DEFAULT_ROUNDS: Final = 12
_ROLLOUTS: Final = 150
_MOST_PRICINGS: Final = 60
_PRICE_SCALE: Final = 1_000_000
_COVER_SECONDS: Final = 1.0


def solve_bins(
    problem: ContainerProblem,
    seconds: float | None = None,
    rounds: int = DEFAULT_ROUNDS,
    threads: int = 1,
    seed: int = 0,
    settings: SearchSettings | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> BinsSolution:
    """Pack all items into as few equal bins as possible.

    Parameters
    ----------
    problem
        The bin as its container, and the items; values are not looked at.
    seconds
        Most time; when given, `rounds` no longer limits. None for a fixed effort, whose result is the same on every machine.
    rounds
        How often to vary the best packing.
    threads
        How many threads complete loadings; the result does not depend on it.
    seed
        Start of the random choices.
    settings
        How blocks are built and chosen; None for the defaults.
    clock
        What `seconds` is measured by.

    Returns
    -------
    BinsSolution
        The packing, OPTIMAL where its number of bins is the bound. Items that fit no bin are left out of both.
    """
    assert problem.quantity is not None
    if seconds is not None:
        compile_kernels()
    started = clock()
    fits = np.zeros(problem.num_types, np.bool_)
    fits[problem.oriented()[1]] = True
    wanted = np.where(fits, problem.quantity, 0)
    bound = bins_bound(replace(problem, quantity=wanted))
    search = _Search(
        problem=replace(problem, quantity=wanted, value=None),
        settings=settings or SearchSettings(max_blocks=3_000),
        threads=threads,
        bound=bound,
        limit=Limit(None, seconds, clock, started, 0),
        seed=seed,
    )
    stop = search.run(rounds)
    return search.solution(np.where(fits, 0, problem.quantity), stop)


@dataclass(slots=True)
class _Search:
    """Patterns found so far and the best way to cover the quantities with them."""

    problem: ContainerProblem
    settings: SearchSettings
    threads: int
    bound: int
    limit: Limit
    seed: int
    counts: list[Ints] = field(default_factory=list)
    layouts: list[Layout] = field(default_factory=list)
    known: dict[bytes, int] = field(default_factory=dict)
    best: list[tuple[Ints, Layout]] = field(default_factory=list)
    blocks: Blocks | None = None

    def run(self, rounds: int) -> Stop:
        """Pack one bin after the other, price new patterns, cover, then vary the best packing."""
        quantity = self.problem.quantity
        assert quantity is not None
        if not quantity.any():
            return Stop.PROOF
        self.blocks = build(self.problem, self.settings, self.seed)
        volume = self.problem.item_volume_mm3
        random = np.random.default_rng(self.seed)
        self._keep(self._one_after_the_other(quantity, volume, _ROLLOUTS, must=True))
        if self._done():
            return Stop.PROOF
        self._generate()
        self._cover()
        turn = 0
        while not self._done() and not self.limit.out_of_time() and (self.limit.seconds is not None or turn < rounds):
            turn += 1
            self._vary(random, turn)
            if turn % 8 == 0:
                self._generate()
                self._cover()
        if self._done():
            return Stop.PROOF
        return Stop.TIME_LIMIT if self.limit.out_of_time() else Stop.ITERATION_LIMIT

    def _done(self) -> bool:
        return len(self.best) <= self.bound

    def _load(self, quantity: Ints, value: Ints, rollouts: int) -> int:
        """Load one bin to the most value; gives the number of the pattern, or -1 when time ran out with nothing."""
        assert self.blocks is not None
        part = replace(self.problem, quantity=quantity, value=value)
        load = prepare(part, self.settings, self.blocks)
        everything = int(part.usable_quantity @ value)
        limit = replace(self.limit, rollouts=rollouts, target=everything)
        beam = Beam(load, limit, self.threads)
        beam.run(self.settings.growth)
        if beam.best_value == 0:
            return -1
        return self._remember(items_of(load, beam.best_placed))

    def _remember(self, layout: Layout) -> int:
        counts = np.bincount(layout[0], minlength=self.problem.num_types).astype(np.int64)
        number = self.known.setdefault(counts.tobytes(), len(self.counts))
        if number == len(self.counts):
            self.counts.append(counts)
            self.layouts.append(layout)
        return number

    def _one_after_the_other(
        self, quantity: Ints, value: Ints, rollouts: int, *, must: bool = False
    ) -> list[int] | None:
        """Fill bins in turn, each as often as the items left allow; None when time runs out, unless it must be done."""
        left = quantity.copy()
        used: list[int] = []
        volume = self.problem.item_volume_mm3
        while left.any():
            number = -1 if self.limit.out_of_time() else self._load(left, value, rollouts)
            if number < 0:
                if not must:
                    return None
                number = self._load_in_any_time(left, volume)
            counts = self.counts[number]
            times = int((left[counts > 0] // counts[counts > 0]).min())
            used += [number] * times
            left -= times * counts
            more = -(-int(left @ volume) // self.problem.volume_mm3)
            if not must and len(used) + more >= len(self.best):
                return None
        return used

    def _load_in_any_time(self, left: Ints, value: Ints) -> int:
        unlimited = self.limit
        self.limit = replace(unlimited, seconds=None)
        number = self._load(left, value, 1)
        self.limit = unlimited
        return number

    def _generate(self) -> None:
        """Price new patterns until none helps the fractional covering; round the covering down and fill up the rest."""
        quantity = self.problem.quantity
        assert quantity is not None
        rollouts = _ROLLOUTS
        for _ in range(_MOST_PRICINGS):
            if self.limit.out_of_time():
                return
            amounts, price = cover_relaxed(np.array(self.counts), quantity)
            value = np.round(price * _PRICE_SCALE).astype(np.int64)
            before = len(self.counts)
            number = self._load(quantity, value, rollouts)
            if number < before or float(self.counts[number] @ price) <= 1 + 1e-6:
                if rollouts > _ROLLOUTS:
                    break
                rollouts *= 8
        whole = np.floor(amounts + 1e-6).astype(np.int64)
        used = np.repeat(np.arange(whole.size), whole).tolist()
        left = np.maximum(quantity - whole @ np.array(self.counts[: whole.size]), 0)
        rest = self._one_after_the_other(left, self.problem.item_volume_mm3, _ROLLOUTS) if left.any() else []
        if rest is not None:
            self._keep(used + rest)

    def _cover(self) -> None:
        """Choose whole patterns that cover the quantities with fewer bins."""
        quantity = self.problem.quantity
        assert quantity is not None
        seconds = _COVER_SECONDS
        if self.limit.seconds is not None:
            seconds = min(seconds, self.limit.seconds - (self.limit.clock() - self.limit.started))
        amounts = cover_whole(np.array(self.counts), quantity, len(self.best), seconds) if seconds > 0 else None
        if amounts is not None:
            self._keep(np.repeat(np.arange(amounts.size), amounts).tolist())

    def _vary(self, random: np.random.Generator, turn: int) -> None:
        """Take some bins apart and fill them anew with other preferences."""
        quantity = self.problem.quantity
        assert quantity is not None
        few = int(random.integers(2, max(3, min(len(self.best), 12) + 1)))
        chosen = random.permutation(len(self.best))[:few]
        kept = [entry for i, entry in enumerate(self.best) if i not in set(chosen.tolist())]
        left = quantity - sum((counts for counts, _ in kept), np.zeros_like(quantity))
        volume = self.problem.item_volume_mm3.astype(np.float64)
        power = random.uniform(0.9, 1.4)
        value = np.round(1000 * (volume / volume.min()) ** power * random.uniform(0.8, 1.2, volume.size)).astype(
            np.int64
        )
        parts = self._one_after_the_other(left, np.maximum(value, 1), _ROLLOUTS * (1 + turn % 4))
        if parts is not None and len(kept) + len(parts) < len(self.best):
            self._keep(parts, kept)

    def _keep(self, used: list[int] | None, kept: list[tuple[Ints, Layout]] | None = None) -> None:
        """Make a list of patterns the best packing if it has fewer bins; items beyond the quantities are taken out."""
        quantity = self.problem.quantity
        assert quantity is not None
        if used is None:
            return
        packing = list(kept or [])
        left = quantity - sum((counts for counts, _ in packing), np.zeros_like(quantity))
        for number in used:
            counts = np.minimum(self.counts[number], left)
            if not counts.any():
                continue
            layout = self.layouts[number]
            if (counts < self.counts[number]).any():
                reduced = self._reduce(layout, counts)
                if reduced is None:
                    return
                layout = reduced
            packing.append((counts, layout))
            left = left - counts
        if not left.any() and (not self.best or len(packing) < len(self.best)):
            self.best = packing

    def _reduce(self, layout: Layout, counts: Ints) -> Layout | None:
        """Take items out of a bin from the top; None when what is left would hang and cannot be packed anew."""
        item_type, position, size = layout
        order = np.lexsort((position[:, 2], item_type))
        place = np.zeros(item_type.size, np.int64)
        sorted_type = item_type[order]
        place[order] = np.arange(item_type.size) - np.searchsorted(sorted_type, sorted_type)
        stays = place < counts[item_type]
        reduced = item_type[stays], position[stays], size[stays]
        if not layout_violations(self.problem, *reduced):
            return reduced
        number = self._load(counts, self.problem.item_volume_mm3, _ROLLOUTS)
        return self.layouts[number] if number >= 0 and bool((self.counts[number] == counts).all()) else None

    def solution(self, unpacked: Ints, stop: Stop) -> BinsSolution:
        """Put the best packing together."""
        status = Status.OPTIMAL if self._done() else Status.FEASIBLE
        none = np.zeros((0, 3), np.int64)
        return BinsSolution(
            outcome=Outcome(status, stop, len(self.best), min(self.bound, len(self.best))),
            bin_number=np.repeat(np.arange(len(self.best)), [layout[0].size for _, layout in self.best]).astype(
                np.int64
            ),
            item_type=np.concatenate([layout[0] for _, layout in self.best] or [none[:, 0]]),
            position_mm=np.concatenate([layout[1] for _, layout in self.best] or [none]),
            size_mm=np.concatenate([layout[2] for _, layout in self.best] or [none]),
            unpacked=unpacked,
        )
