"""The ledger fed batch by batch gives what the whole log gives, however the batches fall."""

import numpy as np
import pytest

from solvers.inventory import (
    NO_COST,
    NO_LINK,
    Movement,
    RunningLedger,
    StockHistory,
    block_starts,
    opening_units,
    value_stocks,
)
from solvers.inventory.ledger import buckets
from solvers.inventory.ledger.kernels_ledger import MAX_CENTS, MEASURES
from solvers.inventory.ledger.kernels_log import DAY_US, Stocks
from solvers.inventory.ledger.kernels_scan import Batch

LAST_DAY, ARTICLES, PLACES = 400, 40, 3
FIRST_BIT = 3


def drawn(seed, rows=600, *, moments=900, links=True):
    """A history in time order, with many movements of one instant."""
    rng = np.random.default_rng(seed)
    article = np.repeat(np.arange(ARTICLES), PLACES)
    stock = rng.integers(0, article.size, rows)
    kind = rng.integers(0, len(Movement), rows)
    pool = article[stock] * 8 + np.isin(kind, [Movement.SALE, Movement.RETURN]) * 4 + rng.integers(0, 4, rows)
    is_linked = np.isin(kind, [Movement.SALE, Movement.RETURN, Movement.TRANSFER_IN, Movement.TRANSFER_OUT])
    return StockHistory(
        article=article,
        on_hand=rng.integers(-6, 60, article.size),
        unit_cost_cents=rng.integers(1, 900, article.size),
        stock=stock,
        moved_at_us=np.sort(rng.integers(0, moments, rows)) * (LAST_DAY * DAY_US // moments),
        quantity=rng.integers(-9, 14, rows),
        kind=kind,
        movement_cost_cents=np.where(rng.random(rows) < 0.5, rng.integers(0, 900, rows), NO_COST),
        link=np.where(is_linked, pool, NO_LINK) if links else [],
        last_day=LAST_DAY,
        period_days=200,
    )


def run(history, *, bucket_rows, batch_rows, has_ages=True, seed=0, threads=1):
    """Take a history in batches, its movements of one instant in any order; None where it is refused."""
    moved, passed = np.zeros((2, history.on_hand.size), np.int64)
    np.add.at(moved, history.stock, history.quantity)
    np.add.at(passed, history.stock, np.abs(history.quantity))
    starts = block_starts(history.article)
    ledger = RunningLedger(
        Stocks(starts, opening_units(history.on_hand, moved, passed), history.unit_cost_cents),
        np.arange(history.on_hand.size, dtype=np.int32).reshape(-1, PLACES),
        (np.searchsorted(starts, np.arange(ARTICLES) * PLACES, side="right") - 1).astype(np.int32),
        num_links=history.num_links,
        last_day=history.last_day,
        period_days=history.period_days,
        has_ages=has_ages,
        bucket_rows=bucket_rows,
        threads=threads,
    )
    mixed = np.random.default_rng(seed).permutation(history.stock.size)
    order = mixed[np.argsort(history.moved_at_us[mixed], kind="stable")]
    for low in range(0, order.size, batch_rows):
        rows = order[low : low + batch_rows]
        if not ledger.take(batch_of(history, rows)):
            return None
    return ledger.close()


def batch_of(history, rows):
    columns = [
        (history.stock[rows] // PLACES).astype(np.int32),
        (history.stock[rows] % PLACES).astype(np.int32),
        history.kind[rows].astype(np.int32),
        history.moved_at_us[rows],
        history.quantity[rows].astype(np.int64),
        *costs_of(history.movement_cost_cents[rows]),
    ]
    for column in columns:
        column.flags.writeable = False
    sku, place, kind, *values = columns
    maps = np.arange(ARTICLES, dtype=np.int32), np.arange(PLACES, dtype=np.int32), np.arange(7, dtype=np.int8)
    link = history.link[rows] if history.link.size else np.empty(0, np.int32)
    return Batch(sku, maps[0], place, maps[1], kind, maps[2], *values, FIRST_BIT, link)


def costs_of(costs):
    """Costs with the bits of which are known, an odd number of them behind others' bits and with anything where none is."""
    if costs.size % 2 == 0:
        return costs, np.empty(0, np.uint8)
    is_known = np.concatenate([np.zeros(FIRST_BIT, np.bool_), costs != NO_COST])
    return np.where(costs == NO_COST, 77, costs), np.packbits(is_known, bitorder="little")


def digest(positions):
    return positions.measures.tobytes(), positions.age_units.tobytes(), positions.age_value_cents.tobytes()


@pytest.mark.parametrize("bucket_rows", [1, 7, 500])
@pytest.mark.parametrize(("seed", "moments", "links"), [(1, 900, True), (2, 30, True), (3, 1, False), (4, 300, False)])
def test_batches_give_what_the_whole_log_gives(seed, moments, links, bucket_rows):
    history = drawn(seed, moments=moments, links=links)
    whole = value_stocks(history)
    assert whole.violations(history) == []
    for batch_rows in (11, 1_000):
        found = run(history, bucket_rows=bucket_rows, batch_rows=batch_rows, seed=batch_rows)
        assert digest(found) == digest(whole)
    for threads in (2, 3):
        found = run(history, bucket_rows=bucket_rows, batch_rows=50, threads=threads)
        assert digest(found) == digest(whole)
    bare = run(history, bucket_rows=bucket_rows, batch_rows=50, has_ages=False)
    for name in set(MEASURES) - {"oldest_day"}:
        assert np.array_equal(bare.of(name), whole.of(name)), name


def test_nothing_to_take_gives_the_stock_as_it_is():
    history = drawn(5, rows=0)
    assert digest(run(history, bucket_rows=9, batch_rows=1)) == digest(value_stocks(history))


def test_what_is_not_in_order_is_not_taken():
    history = drawn(6)
    backwards = history.moved_at_us[::-1].copy()
    assert (np.diff(backwards) < 0).any()
    object.__setattr__(history, "moved_at_us", backwards)
    rows = np.arange(history.stock.size)
    starts = block_starts(history.article)
    ledger = RunningLedger(
        Stocks(starts, history.on_hand, history.unit_cost_cents),
        np.arange(history.on_hand.size, dtype=np.int32).reshape(-1, PLACES),
        np.zeros(ARTICLES, np.int32),
        num_links=history.num_links,
        last_day=LAST_DAY,
        period_days=10,
    )
    assert not ledger.take(batch_of(history, rows))


def test_too_many_of_one_instant_are_not_taken(monkeypatch):
    monkeypatch.setattr(buckets, "_MOST_BYTES", 1_000)
    for threads in (1, 2):
        assert run(drawn(7, moments=1), bucket_rows=9, batch_rows=100, threads=threads) is None


def test_a_value_beyond_the_exact_range_is_named():
    history = drawn(8, rows=40)
    cost = np.full(40, MAX_CENTS)
    object.__setattr__(history, "movement_cost_cents", cost)
    with pytest.raises(ValueError, match=r"the value of stock \d+ passes"):
        run(history, bucket_rows=3, batch_rows=7)


def test_the_same_without_compilation(same_without_compiler):
    script = (
        "import hashlib, importlib.util, sys;"
        "spec = importlib.util.spec_from_file_location('here', sys.argv[1]);"
        "here = importlib.util.module_from_spec(spec); spec.loader.exec_module(here);"
        "found = here.run(here.drawn(9, rows=120, moments=40), bucket_rows=5, batch_rows=17);"
        "print(hashlib.sha256(b''.join(here.digest(found))).hexdigest())"
    )
    same_without_compiler(script, __file__)
