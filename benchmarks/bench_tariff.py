"""How fast parcels are rated: the fused cheapest-service kernel beside a plain Python rater and numpy columns."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest

from solvers.tariff import NO_LIMIT, Basis, Lanes, Parcels, Tariff, Trigger, cheapest_services, rate_parcels

FULL = os.environ.get("ORDERMILL_BENCH") == "full"
NUM_PARCELS = 1_000_000 if FULL else 20_000
SERVICES, ZONES, BREAKS = 8, 9, 40


def card() -> Tariff:
    """Eight services, nine zones, forty breaks, eight surcharges a service."""
    groups = SERVICES * ZONES
    return Tariff(
        dim_divisor_cm3_per_kg=[5000, 6000, 0, 4000] * 2,
        dim_from_cm3=[0, 28000, 0, 0] * 2,
        weight_step_g=[500, 1000, 1, 100] * 2,
        max_weight_g=[31500, 70000, 20000, 30000] * 2,
        max_length_mm=[1200, 2740, 900, NO_LIMIT] * 2,
        max_length_plus_girth_mm=[3000, 4190, NO_LIMIT, 3600] * 2,
        preference=[0] * SERVICES,
        rate_start=np.arange(groups + 1) * BREAKS,
        rate_up_to_g=np.tile(np.arange(1, BREAKS + 1) * 1000, groups),
        rate_price_cents=(np.arange(groups)[:, None] * 37 % 400 + 300 + np.arange(BREAKS) * 60).ravel(),
        zone=np.tile(np.arange(1, ZONES + 1), SERVICES),
        set_start=np.arange(SERVICES + 1) * 8,
        surcharge_group=[1, 1, 1, 2, 2, 0, 0, 9] * SERVICES,
        surcharge_basis=[int(Basis.FLAT)] * 7
        + [int(Basis.PER_CENT)]
        + ([int(Basis.FLAT)] * 7 + [int(Basis.PER_CENT)]) * (SERVICES - 1),
        surcharge_amount=[1800, 2500, 900, 6000, 3000, 120, 250, 1825] * SERVICES,
        surcharge_trigger=[
            int(one)
            for one in (
                Trigger.LONGEST_MM,
                Trigger.WEIGHT_G,
                Trigger.SECOND_LONGEST_MM,
                Trigger.LENGTH_PLUS_GIRTH_MM,
                Trigger.VOLUME_CM3,
                Trigger.ALWAYS,
                Trigger.ZONE,
                Trigger.ALWAYS,
            )
        ]
        * SERVICES,
        surcharge_threshold=[1220, 22500, 760, 3300, 283000, 0, 6, 0] * SERVICES,
    )


def night(size: int, seed: int = 1) -> Parcels:
    rng = np.random.default_rng(seed)
    edges = np.exp(rng.normal(5.4, 0.5, (3, size))).astype(np.int64) + 10
    return Parcels(*edges, np.exp(rng.normal(7.0, 1.0, size)).astype(np.int64))


def lanes() -> Lanes:
    service = np.tile(np.arange(SERVICES), ZONES)
    zone = np.repeat(np.arange(ZONES), SERVICES)
    return Lanes(np.arange(ZONES + 1) * SERVICES, service, service * ZONES + zone, service, np.zeros(service.size, int))


def rate_in_columns(tariff: Tariff, parcels: Parcels, service: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Rate with whole numpy columns, surcharge by surcharge: the usual way without compiled loops."""
    edges = np.sort(np.stack((parcels.length_mm, parcels.width_mm, parcels.height_mm)), axis=0)
    volume = edges.prod(axis=0)
    girth = edges[2] + 2 * (edges[0] + edges[1])
    divisor = tariff.dim_divisor_cm3_per_kg[service]
    has_dim = (divisor > 0) & (volume > tariff.dim_from_cm3[service] * 1000)
    dim = np.where(has_dim, -(-volume // np.maximum(divisor, 1)), 0)
    step = tariff.weight_step_g[service]
    billable = -(-np.maximum(parcels.weight_g, dim) // step) * step
    at = np.clip(-(-billable // 1000) - 1, 0, BREAKS)
    feasible = (at < BREAKS) & (parcels.weight_g <= tariff.max_weight_g[service])
    feasible &= (edges[2] <= tariff.max_length_mm[service]) & (girth <= tariff.max_length_plus_girth_mm[service])
    freight = tariff.rate_price_cents[tariff.rate_start[group] + np.minimum(at, BREAKS - 1)]
    values = [None, parcels.weight_g, billable, edges[2], edges[1], girth, volume // 1000, tariff.zone[group]]
    flat = np.zeros_like(freight)
    for members in ((0, 1, 2), (3, 4), (5,), (6,)):
        dearest = np.zeros_like(freight)
        for one in members:
            trigger = tariff.surcharge_trigger[one]
            amount = tariff.surcharge_amount[one]
            applies = trigger == 0 or values[trigger] > tariff.surcharge_threshold[one]
            dearest = np.maximum(dearest, np.where(applies, amount, 0))
        flat += dearest
    total = freight + flat
    return np.where(feasible, total + (total * 1825 + 5000) // 10000, 0)


@pytest.mark.parametrize("threads", [1, 2])
def test_cheapest_service(benchmark, threads):
    tariff, parcels, choices = card(), night(NUM_PARCELS), lanes()
    pair = np.arange(NUM_PARCELS)
    lane = pair % ZONES
    cheapest_services(tariff, parcels, choices, pair[:10], lane[:10])
    found = benchmark.pedantic(
        lambda: cheapest_services(tariff, parcels, choices, pair, lane, threads=threads), rounds=3, iterations=1
    )
    start = time.perf_counter()
    cheapest_services(tariff, parcels, choices, pair, lane, threads=threads)
    seconds = time.perf_counter() - start
    print(f"\n{threads} thread(s): {NUM_PARCELS * SERVICES / seconds / 1e6:.1f} M ratings/s")
    assert found.is_feasible.mean() > 0.9


def test_rate_parcels_beside_numpy_columns(benchmark):
    tariff, parcels = card(), night(NUM_PARCELS)
    service = np.arange(NUM_PARCELS) % SERVICES
    group = service * ZONES + np.arange(NUM_PARCELS) % ZONES
    rate_parcels(tariff, night(10), service[:10], group[:10], service[:10])
    rates = benchmark.pedantic(lambda: rate_parcels(tariff, parcels, service, group, service), rounds=3, iterations=1)
    start = time.perf_counter()
    rate_parcels(tariff, parcels, service, group, service)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    columns = rate_in_columns(tariff, parcels, service, group)
    theirs = time.perf_counter() - start
    assert np.array_equal(rates.total_cents, columns)
    print(
        f"\nkernel {NUM_PARCELS / ours / 1e6:.1f} M/s, numpy columns {NUM_PARCELS / theirs / 1e6:.1f} M/s, ratio {theirs / ours:.1f}"
    )
