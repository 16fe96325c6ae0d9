"""The rater against a plain line-by-line one, and at the edges of its rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest

from solvers.tariff import (
    NO_LIMIT,
    Basis,
    Lanes,
    Parcels,
    Tariff,
    Trigger,
    cheapest_services,
    rate_parcels,
    surcharge_lines,
)


@dataclass
class Surcharge:
    amount: int
    basis: Basis = Basis.FLAT
    trigger: Trigger = Trigger.ALWAYS
    threshold: int = 0
    group: int = 0


@dataclass
class Service:
    divisor: int = 0
    dim_from_cm3: int = 0
    step_g: int = 1
    max_weight_g: int = NO_LIMIT
    max_length_mm: int = NO_LIMIT
    max_length_plus_girth_mm: int = NO_LIMIT
    preference: int = 0


@dataclass
class Card:
    """A tariff as a person would write it down."""

    services: list[Service] = field(default_factory=lambda: [Service()])
    groups: list[list[tuple[int, int]]] = field(default_factory=lambda: [[(1000, 500), (5000, 900), (30000, 2000)]])
    zones: list[int] = field(default_factory=lambda: [1])
    sets: list[list[Surcharge]] = field(default_factory=lambda: [[]])

    def tariff(self) -> Tariff:
        breaks = [one for group in self.groups for one in group]
        surcharges = [one for each in self.sets for one in each]
        return Tariff(
            dim_divisor_cm3_per_kg=[s.divisor for s in self.services],
            dim_from_cm3=[s.dim_from_cm3 for s in self.services],
            weight_step_g=[s.step_g for s in self.services],
            max_weight_g=[s.max_weight_g for s in self.services],
            max_length_mm=[s.max_length_mm for s in self.services],
            max_length_plus_girth_mm=[s.max_length_plus_girth_mm for s in self.services],
            preference=[s.preference for s in self.services],
            rate_start=np.cumsum([0, *(len(group) for group in self.groups)]),
            rate_up_to_g=[up_to for up_to, _ in breaks],
            rate_price_cents=[price for _, price in breaks],
            zone=self.zones,
            set_start=np.cumsum([0, *(len(each) for each in self.sets)]),
            surcharge_group=[s.group for s in surcharges],
            surcharge_basis=[int(s.basis) for s in surcharges],
            surcharge_amount=[s.amount for s in surcharges],
            surcharge_trigger=[int(s.trigger) for s in surcharges],
            surcharge_threshold=[s.threshold for s in surcharges],
        )


def rate_by_hand(card: Card, edges_mm, weight_g, service=0, group=0, surcharge_set=0):
    """Rate one parcel with fractions and lists; None where the service does not carry it."""
    rules = card.services[service]
    shortest, second, longest = sorted(edges_mm)
    girth_and_length = longest + 2 * (second + shortest)
    if weight_g > rules.max_weight_g or longest > rules.max_length_mm:
        return None
    if girth_and_length > rules.max_length_plus_girth_mm:
        return None
    volume_cm3 = Fraction(longest * second * shortest, 1000)
    billed = Fraction(weight_g)
    if rules.divisor and volume_cm3 > rules.dim_from_cm3:
        billed = max(billed, ceil(volume_cm3 / rules.divisor * 1000))
    billable_g = ceil(billed / rules.step_g) * rules.step_g
    prices = [price for up_to, price in card.groups[group] if up_to >= billable_g]
    if not prices:
        return None
    values = {
        Trigger.ALWAYS: 10**30,
        Trigger.WEIGHT_G: weight_g,
        Trigger.BILLABLE_G: billable_g,
        Trigger.LONGEST_MM: longest,
        Trigger.SECOND_LONGEST_MM: second,
        Trigger.LENGTH_PLUS_GIRTH_MM: girth_and_length,
        Trigger.VOLUME_CM3: volume_cm3,
        Trigger.ZONE: card.zones[group],
    }
    applying = [s for s in card.sets[surcharge_set] if values[s.trigger] > s.threshold]

    def winners(basis: Basis) -> list[Surcharge]:
        mine = [s for s in applying if s.basis == basis]
        dearest = {
            s.group: max((o for o in mine if o.group == s.group), key=lambda o: o.amount) for s in mine if s.group
        }
        return [s for s in mine if s.group == 0] + list(dearest.values())

    freight = prices[0]
    flat = sum(s.amount for s in winners(Basis.FLAT))
    per_cent = sum(
        floor(Fraction((freight + flat) * s.amount, 10000) + Fraction(1, 2)) for s in winners(Basis.PER_CENT)
    )
    return freight, flat + per_cent, billable_g


def rate_one(card: Card, edges_mm=(100, 100, 100), weight_g=500):
    """Rate one parcel with the first service, group and set; None where it is not carried."""
    parcels = Parcels(*([edge] for edge in edges_mm), [weight_g])
    rates = rate_parcels(card.tariff(), parcels, [0], [0], [0])
    if not rates.is_feasible[0]:
        return None
    return int(rates.freight_cents[0]), int(rates.surcharge_cents[0]), int(rates.billable_g[0])


def random_card(rng: np.random.Generator) -> Card:
    def service() -> Service:
        return Service(
            divisor=int(rng.choice([0, 4000, 5000, 6000])),
            dim_from_cm3=int(rng.choice([0, 8000, 30000])),
            step_g=int(rng.choice([1, 50, 500, 1000])),
            max_weight_g=int(rng.choice([5000, 20000, NO_LIMIT])),
            max_length_mm=int(rng.choice([500, 1200, NO_LIMIT])),
            max_length_plus_girth_mm=int(rng.choice([1500, 3000, NO_LIMIT])),
            preference=int(rng.integers(0, 3)),
        )

    def group() -> list[tuple[int, int]]:
        up_to = np.unique(rng.integers(0, 60, size=rng.integers(0, 12)) * 500)
        return [(int(one), int(rng.integers(0, 3000))) for one in up_to]

    def surcharge() -> Surcharge:
        basis = Basis(int(rng.integers(0, 2)))
        return Surcharge(
            amount=int(rng.integers(0, 2500)),
            basis=basis,
            trigger=Trigger(int(rng.integers(0, len(Trigger)))),
            threshold=int(rng.choice([0, 3, 400, 900, 5000, 20000])),
            group=int(rng.integers(0, 3)) * (1 if basis == Basis.FLAT else 100),
        )

    return Card(
        services=[service() for _ in range(4)],
        groups=[group() for _ in range(6)],
        zones=[int(zone) for zone in rng.integers(1, 9, 6)],
        sets=[[surcharge() for _ in range(rng.integers(0, 8))] for _ in range(5)],
    )


def random_parcels(rng: np.random.Generator, size: int) -> Parcels:
    edges = rng.integers(1, 1500, (3, size)) // rng.integers(1, 6, size)
    return Parcels(*np.maximum(edges, 1), rng.integers(0, 30000, size) // rng.integers(1, 10, size))


def edges_of(parcels: Parcels, row: int) -> tuple[int, int, int]:
    return int(parcels.length_mm[row]), int(parcels.width_mm[row]), int(parcels.height_mm[row])


@pytest.mark.parametrize("seed", range(6))
def test_random_cards_rate_as_by_hand(seed):
    rng = np.random.default_rng(seed)
    card = random_card(rng)
    size = 300
    parcels = random_parcels(rng, size)
    service, group, surcharge_set = rng.integers(0, 4, size), rng.integers(0, 6, size), rng.integers(0, 5, size)
    tariff = card.tariff()
    rates = rate_parcels(tariff, parcels, service, group, surcharge_set)
    for row in range(size):
        by_hand = rate_by_hand(
            card, edges_of(parcels, row), int(parcels.weight_g[row]), service[row], group[row], surcharge_set[row]
        )
        assert rates.is_feasible[row] == (by_hand is not None)
        assert (rates.freight_cents[row], rates.surcharge_cents[row], rates.billable_g[row]) == (by_hand or (0, 0, 0))
    lines = surcharge_lines(tariff, parcels, group, surcharge_set, rates)
    assert np.array_equal(np.bincount(lines.request, lines.amount_cents, size).astype(int), rates.surcharge_cents)
    assert (np.diff(lines.request) >= 0).all()
    assert (tariff.set_start[surcharge_set[lines.request]] <= lines.surcharge).all()
    assert (lines.surcharge < tariff.set_start[surcharge_set[lines.request] + 1]).all()


@pytest.mark.parametrize("seed", range(4))
def test_cheapest_service_is_the_least_of_all_options(seed):
    rng = np.random.default_rng(seed)
    card = random_card(rng)
    parcels = random_parcels(rng, 60)
    counts = rng.integers(0, 6, 10)
    num_options = int(counts.sum())
    lanes = Lanes(
        start=np.cumsum([0, *counts]),
        service=rng.integers(0, 4, num_options),
        rate_group=rng.integers(0, 2, num_options),
        surcharge_set=rng.integers(0, 5, num_options),
        extra_cents=rng.integers(0, 2, num_options) * 100,
    )
    parcel, lane = (one.ravel() for one in np.meshgrid(np.arange(60), np.arange(10)))
    found = cheapest_services(card.tariff(), parcels, lanes, parcel, lane)
    for pair in range(parcel.size):
        ranked = []
        for option in range(lanes.start[lane[pair]], lanes.start[lane[pair] + 1]):
            service = int(lanes.service[option])
            by_hand = rate_by_hand(
                card,
                edges_of(parcels, parcel[pair]),
                int(parcels.weight_g[parcel[pair]]),
                service,
                lanes.rate_group[option],
                lanes.surcharge_set[option],
            )
            if by_hand is not None:
                total = by_hand[0] + by_hand[1] + int(lanes.extra_cents[option])
                ranked.append((total, card.services[service].preference, service, option))
        assert found.is_feasible[pair] == bool(ranked)
        if ranked:
            total, _, service, option = min(ranked)
            assert (found.total_cents[pair], found.service[pair], found.option[pair]) == (total, service, option)
        else:
            assert found.total_cents[pair] == 0


@pytest.mark.parametrize(("weight_g", "freight"), [(0, 500), (1000, 500), (1001, 900), (5000, 900), (30000, 2000)])
def test_a_break_includes_its_own_weight(weight_g, freight):
    assert rate_one(Card(), weight_g=weight_g) == (freight, 0, weight_g)


def test_weight_above_every_break_is_not_carried():
    assert rate_one(Card(), weight_g=30001) is None
    assert rate_one(Card(groups=[[]])) is None


def test_rounding_up_may_lift_a_parcel_over_a_break():
    assert rate_one(Card([Service(step_g=300)]), weight_g=1000) == (900, 0, 1200)


def test_dimensional_weight_counts_only_above_its_threshold():
    card = Card([Service(divisor=5000, dim_from_cm3=1000)])
    assert rate_one(card, (100, 100, 100), 10) == (500, 0, 10)
    assert rate_one(card, (100, 100, 101), 10) == (500, 0, 202)


def test_dimensional_weight_is_rounded_up_to_the_gram():
    assert rate_one(Card([Service(divisor=5000)]), (1, 1, 5001), 0) == (500, 0, 2)


@pytest.mark.parametrize(
    ("limit", "edges_mm", "weight_g"),
    [
        ({"max_weight_g": 500}, (100, 100, 100), 501),
        ({"max_length_mm": 300}, (100, 301, 100), 500),
        ({"max_length_plus_girth_mm": 700}, (301, 100, 100), 500),
    ],
)
def test_limits_include_themselves(limit, edges_mm, weight_g):
    card = Card([Service(**limit)])
    assert rate_one(card, edges_mm, weight_g) is None
    assert rate_one(card, tuple(min(edge, 300) for edge in edges_mm), min(weight_g, 500)) is not None


@pytest.mark.parametrize(
    ("trigger", "threshold", "edges_mm", "weight_g"),
    [
        (Trigger.WEIGHT_G, 400, (1, 1, 1), 400),
        (Trigger.BILLABLE_G, 400, (1, 1, 1), 400),
        (Trigger.LONGEST_MM, 250, (20, 250, 30), 1),
        (Trigger.SECOND_LONGEST_MM, 30, (20, 250, 30), 1),
        (Trigger.LENGTH_PLUS_GIRTH_MM, 350, (20, 250, 30), 1),
        (Trigger.VOLUME_CM3, 150, (20, 250, 30), 1),
        (Trigger.ZONE, 1, (1, 1, 1), 1),
    ],
)
def test_a_surcharge_needs_more_than_its_threshold(trigger, threshold, edges_mm, weight_g):
    for lowered, amount in ((0, 0), (1, 70)):
        card = Card(sets=[[Surcharge(70, trigger=trigger, threshold=threshold - lowered)]])
        assert rate_one(card, edges_mm, weight_g)[1] == amount


def test_a_volume_between_two_cubic_centimetres_is_above_the_lower():
    assert rate_one(Card(sets=[[Surcharge(70, trigger=Trigger.VOLUME_CM3, threshold=1)]]), (1, 1, 1001))[1] == 70


def test_only_the_dearest_of_a_group_is_charged():
    one_group = [Surcharge(300, group=7), Surcharge(900, group=7), Surcharge(900, group=7), Surcharge(50)]
    assert rate_one(Card(sets=[one_group]))[1] == 950
    cheaper_applies = [Surcharge(300, group=7), Surcharge(900, group=7, trigger=Trigger.WEIGHT_G, threshold=10**6)]
    assert rate_one(Card(sets=[cheaper_applies]))[1] == 300


def test_per_cent_counts_flat_surcharges_and_rounds_each_half_up():
    fuel = Surcharge(1250, Basis.PER_CENT)
    assert rate_one(Card(groups=[[(1000, 500)]], sets=[[fuel, Surcharge(4)]]))[1] == 4 + 63
    half = Surcharge(50, Basis.PER_CENT)
    assert rate_one(Card(groups=[[(1000, 100)]], sets=[[half, half]]))[1] == 2


def test_price_rises_with_weight_where_rates_do():
    rng = np.random.default_rng(3)
    card = Card(
        services=[Service(divisor=5000, step_g=250)],
        groups=[[(1000 * (one + 1), 300 + 100 * one) for one in range(30)]],
        sets=[[Surcharge(800, trigger=Trigger.WEIGHT_G, threshold=7000), Surcharge(1775, Basis.PER_CENT)]],
    )
    weight_g = np.sort(rng.integers(0, 30000, 500))
    parcels = Parcels([300] * 500, [200] * 500, [150] * 500, weight_g)
    rates = rate_parcels(card.tariff(), parcels, [0] * 500, [0] * 500, [0] * 500)
    assert rates.is_feasible.all()
    assert (np.diff(rates.total_cents) >= 0).all()


def test_the_order_of_edges_does_not_matter():
    card = random_card(np.random.default_rng(5))
    for edges_mm in ((310, 120, 45), (45, 310, 120), (120, 45, 310)):
        assert rate_one(card, edges_mm) == rate_one(card, (310, 120, 45))


def test_threads_do_not_change_the_answer(monkeypatch):
    monkeypatch.setattr("solvers.tariff.solve.CHUNK", 64)
    rng = np.random.default_rng(8)
    tariff = random_card(rng).tariff()
    parcels = random_parcels(rng, 1000)
    where = (rng.integers(0, 4, 1000), rng.integers(0, 6, 1000), rng.integers(0, 5, 1000))
    one, two = (rate_parcels(tariff, parcels, *where, threads=threads) for threads in (1, 2))
    assert one.total_cents.tobytes() == two.total_cents.tobytes()
    lanes = Lanes([0, 4], [0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3], [0, 0, 0, 0])
    first, second = (
        cheapest_services(tariff, parcels, lanes, np.arange(1000), np.zeros(1000, int), threads=threads)
        for threads in (1, 2)
    )
    assert first.option.tobytes() == second.option.tobytes()


def test_no_requests_give_no_rates():
    nothing = Parcels([], [], [], [])
    tariff = Card().tariff()
    rates = rate_parcels(tariff, nothing, [], [], [])
    assert rates.total_cents.size == 0
    assert surcharge_lines(tariff, nothing, [], [], rates).request.size == 0


def test_read_only_columns_are_taken():
    weights = np.array([5, 6], np.int32)
    weights.flags.writeable = False
    assert Parcels([1, 1], [1, 1], [1, 1], weights).weight_g.flags.writeable


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate_up_to_g": [1000, 1000, 30000]}, "must rise within a rate group; group 0 has 1000"),
        ({"weight_step_g": [0]}, r"weight_step_g\[0\] is 0"),
        ({"rate_price_cents": [1, 2]}, "one value for each of the 3 breaks"),
        ({"rate_start": [0, 2]}, "must rise from 0 to the number of items, 3"),
        ({"rate_price_cents": [1.5, 2, 3]}, "must be whole numbers"),
        ({"rate_price_cents": [10**18, 2, 3]}, r"rate_price_cents\[0\] is 1000000000000000000"),
    ],
)
def test_a_wrong_tariff_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        replace(Card().tariff(), **change)


def test_a_group_of_flat_and_per_cent_is_refused():
    mixed = Card(sets=[[], [Surcharge(5, group=3), Surcharge(5, Basis.PER_CENT, group=3)]])
    with pytest.raises(ValueError, match="group 3 of surcharge set 1 mixes"):
        mixed.tariff()


def test_a_position_outside_the_tariff_is_refused():
    with pytest.raises(ValueError, match=r"rate_group\[0\] is 1"):
        rate_parcels(Card().tariff(), Parcels([1], [1], [1], [1]), [0], [1], [0])


def test_the_largest_values_allowed_do_not_overflow():
    fuel = [Surcharge(10**8, Basis.PER_CENT) for _ in range(32)] + [Surcharge(10**10) for _ in range(32)]
    card = Card([Service(divisor=1)], [[(NO_LIMIT, 10**10)]], sets=[fuel])
    edges_mm = (100_000, 100_000, 99_999)
    assert rate_one(card, edges_mm, 10**10) == rate_by_hand(card, edges_mm, 10**10)


def test_interpreted_kernels_agree_with_compiled_ones(printed_without_compiler):
    script = (
        "import importlib.util, sys, numpy as np\n"
        "spec = importlib.util.spec_from_file_location('cards', sys.argv[1])\n"
        "cards = importlib.util.module_from_spec(spec)\n"
        "sys.modules['cards'] = cards\n"
        "spec.loader.exec_module(cards)\n"
        "cards.test_random_cards_rate_as_by_hand(1)\n"
        "cards.test_cheapest_service_is_the_least_of_all_options(1)\n"
    )
    printed_without_compiler(script, __file__)
