"""The rater: billable weight, weight break, surcharges.

Surcharges of a set stand sorted: flat before per cent, then by group, the dearest of a group first. So one pass over a
set meets the winner of each group before its losers, and every flat amount before the first per cent.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

Integers: TypeAlias = npt.NDArray[np.int64]

VALUE_ALWAYS = 0
VALUE_WEIGHT_G = 1
VALUE_BILLABLE_G = 2
VALUE_LONGEST_MM = 3
VALUE_SECOND_LONGEST_MM = 4
VALUE_LENGTH_PLUS_GIRTH_MM = 5
VALUE_VOLUME_MM3 = 6
VALUE_ZONE = 7
NUM_VALUES = 8

NO_ANSWER = -1
"""Inside this module only: a weight no service bills, a surcharge that does not apply, a lane without a service."""
HIGHEST = np.iinfo(np.int64).max


class Tables(NamedTuple):
    """A tariff as the kernels read it: one entry a service, a break, a rate group, a surcharge rule."""

    divisor: Integers
    dim_from_mm3: Integers
    step_g: Integers
    max_weight_g: Integers
    max_length_mm: Integers
    max_length_plus_girth_mm: Integers
    preference: Integers
    rate_start: Integers
    rate_up_to_g: Integers
    rate_price_cents: Integers
    zone: Integers
    rule_start: Integers
    rule_group: Integers
    rule_is_per_cent: Integers
    rule_amount: Integers
    rule_value: Integers
    rule_threshold: Integers


class Columns(NamedTuple):
    """Parcels as the kernels read them."""

    length_mm: Integers
    width_mm: Integers
    height_mm: Integers
    weight_g: Integers


@njit(cache=True, nogil=True)
def measure(parcels: Columns, parcel: int, values: Integers) -> None:
    """Fill in what every service looks at: sorted edges, girth, volume, weight."""
    length = parcels.length_mm[parcel]
    width = parcels.width_mm[parcel]
    height = parcels.height_mm[parcel]
    longest = max(length, width, height)
    shortest = min(length, width, height)
    second = length + width + height - longest - shortest
    values[VALUE_ALWAYS] = HIGHEST
    values[VALUE_WEIGHT_G] = parcels.weight_g[parcel]
    values[VALUE_LONGEST_MM] = longest
    values[VALUE_SECOND_LONGEST_MM] = second
    values[VALUE_LENGTH_PLUS_GIRTH_MM] = longest + 2 * (second + shortest)
    values[VALUE_VOLUME_MM3] = length * width * height


@njit(cache=True, nogil=True)
def billable_weight(tables: Tables, service: int, values: Integers) -> int:
    """Give the weight that the service bills; NO_ANSWER where the parcel is too heavy or too large for it."""
    if (
        values[VALUE_WEIGHT_G] > tables.max_weight_g[service]
        or values[VALUE_LONGEST_MM] > tables.max_length_mm[service]
        or values[VALUE_LENGTH_PLUS_GIRTH_MM] > tables.max_length_plus_girth_mm[service]
    ):
        return NO_ANSWER
    billable = values[VALUE_WEIGHT_G]
    divisor = tables.divisor[service]
    volume_mm3 = values[VALUE_VOLUME_MM3]
    if divisor > 0 and volume_mm3 > tables.dim_from_mm3[service]:
        # mm3 / (cm3 per kg) is grams: the two factors of a thousand cancel.
        billable = max(billable, (volume_mm3 + divisor - 1) // divisor)
    step = tables.step_g[service]
    return int((billable + step - 1) // step * step)


@njit(cache=True, nogil=True)
def weight_break(tables: Tables, group: int, billable_g: int) -> int:
    """Give the first break of the group that carries the weight; NO_ANSWER where none does."""
    low = tables.rate_start[group]
    stop = tables.rate_start[group + 1]
    high = stop
    while low < high:
        middle = (low + high) // 2
        if tables.rate_up_to_g[middle] < billable_g:
            low = middle + 1
        else:
            high = middle
    return NO_ANSWER if low == stop else low


@njit(cache=True, nogil=True)
def charge_surcharges(tables: Tables, rule_set: int, values: Integers, freight_cents: int, lines: Integers) -> int:
    """Give the sum of the surcharges that apply; `lines` receives each amount, NO_ANSWER where it does not."""
    start = tables.rule_start[rule_set]
    total = 0
    base = freight_cents
    taken = 0
    for rule in range(start, tables.rule_start[rule_set + 1]):
        lines[rule - start] = NO_ANSWER
        group = tables.rule_group[rule]
        if group != 0 and group == taken:
            continue
        if values[tables.rule_value[rule]] <= tables.rule_threshold[rule]:
            continue
        amount = tables.rule_amount[rule]
        if tables.rule_is_per_cent[rule]:
            # Half up, in two parts: the product of the whole may not fit 64 bits.
            amount = base // 10000 * amount + (base % 10000 * amount + 5000) // 10000
        else:
            base += amount
        lines[rule - start] = amount
        total += amount
        taken = group
    return total


@njit(cache=True, nogil=True)
def rate_requests(
    first: int,
    last: int,
    parcels: Columns,
    service_of: Integers,
    group_of: Integers,
    set_of: Integers,
    tables: Tables,
    work: Integers,
    freight_cents: Integers,
    surcharge_cents: Integers,
    billable_g: Integers,
    is_feasible: npt.NDArray[np.bool_],
) -> None:
    """Rate request `first` up to `last`; what cannot be carried stays as it was."""
    values = work[:NUM_VALUES]
    lines = work[NUM_VALUES:]
    for request in range(first, last):
        measure(parcels, request, values)
        billable = billable_weight(tables, service_of[request], values)
        if billable < 0:
            continue
        found = weight_break(tables, group_of[request], billable)
        if found < 0:
            continue
        values[VALUE_BILLABLE_G] = billable
        values[VALUE_ZONE] = tables.zone[group_of[request]]
        freight = tables.rate_price_cents[found]
        freight_cents[request] = freight
        surcharge_cents[request] = charge_surcharges(tables, set_of[request], values, freight, lines)
        billable_g[request] = billable
        is_feasible[request] = True


@njit(cache=True, nogil=True)
def itemise_surcharges(
    parcels: Columns,
    group_of: Integers,
    set_of: Integers,
    tables: Tables,
    freight_cents: Integers,
    billable_g: Integers,
    is_feasible: npt.NDArray[np.bool_],
    work: Integers,
    line_request: Integers,
    line_rule: Integers,
    line_cents: Integers,
) -> int:
    """List every surcharge that applies to the feasible requests; give how many there are."""
    values = work[:NUM_VALUES]
    lines = work[NUM_VALUES:]
    count = 0
    for request in range(set_of.size):
        if not is_feasible[request]:
            continue
        measure(parcels, request, values)
        values[VALUE_BILLABLE_G] = billable_g[request]
        values[VALUE_ZONE] = tables.zone[group_of[request]]
        charge_surcharges(tables, set_of[request], values, freight_cents[request], lines)
        start = tables.rule_start[set_of[request]]
        for rule in range(start, tables.rule_start[set_of[request] + 1]):
            if lines[rule - start] >= 0:
                line_request[count] = request
                line_rule[count] = rule
                line_cents[count] = lines[rule - start]
                count += 1
    return count


@njit(cache=True, nogil=True)
def choose_cheapest(
    first: int,
    last: int,
    parcels: Columns,
    parcel_of: Integers,
    lane_of: Integers,
    lane_start: Integers,
    option_service: Integers,
    option_group: Integers,
    option_set: Integers,
    option_extra_cents: Integers,
    tables: Tables,
    work: Integers,
    chosen: Integers,
    freight_cents: Integers,
    surcharge_cents: Integers,
    billable_g: Integers,
) -> None:
    """Choose for pair `first` up to `last` the option of its lane with the least total.

    Ties go to the lower preference number, then to the lower service number, then to the option that stands first.
    """
    values = work[:NUM_VALUES]
    lines = work[NUM_VALUES:]
    for pair in range(first, last):
        measure(parcels, parcel_of[pair], values)
        best_total = HIGHEST
        best = NO_ANSWER
        for option in range(lane_start[lane_of[pair]], lane_start[lane_of[pair] + 1]):
            service = option_service[option]
            billable = billable_weight(tables, service, values)
            if billable < 0:
                continue
            found = weight_break(tables, option_group[option], billable)
            if found < 0:
                continue
            freight = tables.rate_price_cents[found]
            # Surcharges are never negative, so freight alone may already lose.
            if freight + option_extra_cents[option] > best_total:
                continue
            values[VALUE_BILLABLE_G] = billable
            values[VALUE_ZONE] = tables.zone[option_group[option]]
            surcharge = charge_surcharges(tables, option_set[option], values, freight, lines)
            total = freight + surcharge + option_extra_cents[option]
            if total > best_total:
                continue
            if total == best_total:
                rival = option_service[best]
                if tables.preference[service] > tables.preference[rival]:
                    continue
                if tables.preference[service] == tables.preference[rival] and service >= rival:
                    continue
            best_total = total
            best = option
            freight_cents[pair] = freight
            surcharge_cents[pair] = surcharge
            billable_g[pair] = billable
        chosen[pair] = best
