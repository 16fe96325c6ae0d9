"""Rate parcels, itemise their surcharges, choose the cheapest service."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from solvers.arrays import check_range, whole_numbers
from solvers.tariff.kernels import NUM_VALUES, choose_cheapest, itemise_surcharges, rate_requests
from solvers.tariff.solution import CheapestServices, Rates, SurchargeLines

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from solvers.tariff.kernels import Integers
    from solvers.tariff.problem import Lanes, Parcels, Tariff

CHUNK = 65_536


def rate_parcels(
    tariff: Tariff,
    parcels: Parcels,
    service: npt.ArrayLike,
    rate_group: npt.ArrayLike,
    surcharge_set: npt.ArrayLike,
    *,
    threads: int = 1,
) -> Rates:
    """Give what each parcel costs on the service named beside it.

    The billable weight is the greater of actual and dimensional weight, rounded up to the service's step; the rate is
    that of the first break that carries it. Flat surcharges that apply add up; per cent surcharges are taken of freight
    and flat surcharges together, each rounded half up to a cent.

    Parameters
    ----------
    tariff
        The services, rates and surcharges of the day.
    parcels
        One parcel a request.
    service, rate_group, surcharge_set
        (requests,) positions in the tariff.
    threads
        Number of threads; the answer does not depend on it.

    Raises
    ------
    ValueError
        When lengths differ or a position lies outside the tariff.
    """
    size = len(parcels)
    services, groups, sets = _positions(tariff, service, rate_group, surcharge_set, size)
    freight, surcharge, billable = (np.zeros(size, np.int64) for _ in range(3))
    is_feasible = np.zeros(size, np.bool_)

    def rate(first: int, last: int) -> None:
        rate_requests(
            first,
            last,
            parcels.columns,
            services,
            groups,
            sets,
            tariff.tables,
            _work(tariff),
            freight,
            surcharge,
            billable,
            is_feasible,
        )

    _in_chunks(rate, size, threads)
    return Rates(freight, surcharge, billable, is_feasible)


def surcharge_lines(
    tariff: Tariff, parcels: Parcels, rate_group: npt.ArrayLike, surcharge_set: npt.ArrayLike, rates: Rates
) -> SurchargeLines:
    """Give every surcharge inside `rates`, line by line.

    Parameters
    ----------
    tariff, parcels, rate_group, surcharge_set
        What was rated.
    rates
        The answer of `rate_parcels` to it.

    Raises
    ------
    ValueError
        When lengths differ or a position lies outside the tariff.
    """
    size = len(parcels)
    _, groups, sets = _positions(tariff, np.zeros(size, np.int64), rate_group, surcharge_set, size)
    if rates.is_feasible.size != size:
        raise ValueError(f"rates must answer the {size} parcels; they hold {rates.is_feasible.size}.")
    most = int(np.diff(tariff.set_start)[sets].sum())
    request, rule, cents = (np.empty(most, np.int64) for _ in range(3))
    count = itemise_surcharges(
        parcels.columns,
        groups,
        sets,
        tariff.tables,
        rates.freight_cents,
        rates.billable_g,
        rates.is_feasible,
        _work(tariff),
        request,
        rule,
        cents,
    )
    surcharge = tariff.surcharge_order[rule[:count]]
    order = np.lexsort((surcharge, request[:count]))
    return SurchargeLines(request[:count][order], surcharge[order], cents[:count][order])


def cheapest_services(
    tariff: Tariff,
    parcels: Parcels,
    lanes: Lanes,
    parcel: npt.ArrayLike,
    lane: npt.ArrayLike,
    *,
    threads: int = 1,
) -> CheapestServices:
    """Give for each pair of parcel and lane the option with the least freight, surcharges and extra cost.

    Ties go to the lower preference number, then to the service that stands first in the tariff.

    Parameters
    ----------
    tariff
        The services, rates and surcharges of the day.
    parcels, lanes
        What the pairs point into.
    parcel, lane
        (pairs,) positions in `parcels` and `lanes`.
    threads
        Number of threads; the answer does not depend on it.

    Raises
    ------
    ValueError
        When lengths differ or a position lies outside what it points into.
    """
    _positions(tariff, lanes.service, lanes.rate_group, lanes.surcharge_set, lanes.service.size)
    parcel_of = whole_numbers(parcel, "parcel")
    lane_of = whole_numbers(lane, "lane")
    size = int(parcel_of.size)
    if lane_of.size != size:
        raise ValueError(f"lane must have one value for each of the {size} pairs; it has {lane_of.size}.")
    check_range(parcel_of, "parcel", 0, len(parcels) - 1)
    check_range(lane_of, "lane", 0, len(lanes) - 1)
    chosen, freight, surcharge, billable = (np.zeros(size, np.int64) for _ in range(4))

    def choose(first: int, last: int) -> None:
        choose_cheapest(
            first,
            last,
            parcels.columns,
            parcel_of,
            lane_of,
            lanes.start,
            lanes.service,
            lanes.rate_group,
            lanes.surcharge_set,
            lanes.extra_cents,
            tariff.tables,
            _work(tariff),
            chosen,
            freight,
            surcharge,
            billable,
        )

    _in_chunks(choose, size, threads)
    is_feasible = chosen >= 0
    option = np.where(is_feasible, chosen, 0)
    return CheapestServices(
        is_feasible,
        option,
        _taken(lanes.service, option, is_feasible),
        freight,
        surcharge,
        _taken(lanes.extra_cents, option, is_feasible),
        billable,
    )


def _positions(
    tariff: Tariff, service: npt.ArrayLike, rate_group: npt.ArrayLike, surcharge_set: npt.ArrayLike, size: int
) -> tuple[Integers, Integers, Integers]:
    columns = (
        ("service", service, tariff.num_services),
        ("rate_group", rate_group, tariff.num_rate_groups),
        ("surcharge_set", surcharge_set, tariff.num_surcharge_sets),
    )
    checked = []
    for name, values, count in columns:
        positions = whole_numbers(values, name)
        if positions.size != size:
            raise ValueError(f"{name} must have one value for each of the {size} requests; it has {positions.size}.")
        check_range(positions, name, 0, count - 1)
        checked.append(positions)
    return checked[0], checked[1], checked[2]


def _taken(values: Integers, option: Integers, is_feasible: npt.NDArray[np.bool_]) -> Integers:
    taken = np.zeros(option.size, np.int64)
    taken[is_feasible] = values[option[is_feasible]]
    return taken


def _work(tariff: Tariff) -> Integers:
    return np.zeros(NUM_VALUES + tariff.most_surcharges_in_a_set, np.int64)


def _in_chunks(task: Callable[[int, int], None], size: int, threads: int) -> None:
    """Run `task` over consecutive ranges; each range writes to its own rows, so their order does not matter."""
    if threads <= 1 or size <= CHUNK:
        task(0, size)
        return
    with ThreadPoolExecutor(threads) as pool:
        firsts = range(0, size, CHUNK)
        list(pool.map(lambda first: task(first, min(first + CHUNK, size)), firsts))
