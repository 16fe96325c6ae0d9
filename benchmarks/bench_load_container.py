"""Container loading and fewest bins on published problems: volume and bins, beside one greedy loading in the same run.

Times are processor seconds of one thread, so that what else the machine does leaves the figures alone. By default a few
problems run briefly; ``ORDERMILL_BENCH=full`` loads every problem, with ``ORDERMILL_BENCH_SECONDS`` (default 1) each.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from solvers.packing.bins.solve import solve_bins
from solvers.packing.container.problem import ContainerProblem
from solvers.packing.container.solve import solve_container

# The import mode keeps this folder off the path; the cases are read by the module beside this one.
sys.path.insert(0, str(Path(__file__).parent))
from packing_cases import read_containers

FULL = os.environ.get("ORDERMILL_BENCH") == "full"
SECONDS = float(os.environ.get("ORDERMILL_BENCH_SECONDS", "1")) if FULL else 0.1
PROBLEMS = range(100) if FULL else range(1)
CLASSES = range(1, 8) if FULL else (1, 4, 7)


def warm_up(support: float) -> None:
    solve_container(
        ContainerProblem((5, 5, 5), np.array([[2, 2, 3]]), np.array([9]), support_share=support), rollouts=9
    )


@pytest.mark.parametrize("support", [0.0, 1.0], ids=["unsupported", "supported"])
@pytest.mark.parametrize("number", CLASSES)
def test_volume(benchmark, number, support):
    warm_up(support)
    some = [read_containers(f"BR{number}.txt", support)[i] for i in PROBLEMS]
    greedy = [solve_container(problem, rollouts=1) for problem in some]

    def load_all():
        return [solve_container(problem, seconds=SECONDS, clock=time.thread_time) for problem in some]

    loads = benchmark.pedantic(load_all, rounds=1)
    for problem, load in zip(some, loads, strict=True):
        assert load.violations(problem) == []
    share = 100 * np.mean([load.loaded_mm3 / problem.volume_mm3 for problem, load in zip(some, loads, strict=True)])
    first = 100 * np.mean([load.loaded_mm3 / problem.volume_mm3 for problem, load in zip(some, greedy, strict=True)])
    rollouts = np.mean([load.num_rollouts for load in loads])
    benchmark.extra_info.update(share=share, greedy=first)
    print(
        f"\nBR{number} support {support:.0f}, {len(some)} problems, {SECONDS} s each: {share:.2f} %, "
        f"greedy {first:.2f} %, wasted volume x{(100 - share) / (100 - first):.2f}, {rollouts:.0f} loadings each"
    )


def test_fewest_bins(benchmark):
    problems = read_containers("thpack9.txt")
    some = problems if FULL else problems[:4]
    seconds = 5 * SECONDS if FULL else 0.2
    warm_up(0.0)

    def pack_all():
        return [solve_bins(problem, seconds=seconds, clock=time.thread_time) for problem in some]

    packings = benchmark.pedantic(pack_all, rounds=1)
    for problem, packing in zip(some, packings, strict=True):
        assert packing.violations(problem) == []
    bins = sum(packing.num_bins for packing in packings)
    bound = sum(packing.outcome.bound or 0 for packing in packings)
    proven = sum(packing.outcome.bound == packing.num_bins for packing in packings)
    print(f"\nthpack9, {len(some)} problems, {seconds} s each: {bins} bins, bound {bound}, {proven} proven fewest")
