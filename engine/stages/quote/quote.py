"""The quote stage: pieces, item sets, parcels, lanes, and from them the offers of the night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.config import Settings
from engine.inputs import Inputs
from engine.rate_cards import RateCards
from engine.stages.quote.item_sets import Candidates, candidates, chosen_sets, item_sets
from engine.stages.quote.lanes import Dispatches
from engine.stages.quote.night import QuoteNight, quote_night
from engine.stages.quote.offers import Offered, cartons_taken, kept_together, offered, pickups_taken
from engine.stages.quote.parcels import PackedSets, pack_sets, why_unpackable
from engine.stages.quote.pieces import with_backorder_cents
from engine.stages.quote.rating import rate
from engine.stages.quote.suggestions import Suggestions
from engine.stages.receive import Received
from engine.waiting import NOT_IN_STOCK, NOT_IN_STOCK_TOGETHER
from solvers.assignment import Prices
from solvers.packing.solution import Reason

Ints = npt.NDArray[np.int64]

_NO_SERVICE: Final = "no carrier's service takes it to this destination"
_TOO_DEAR: Final = (
    "its price is too large to be summed over the night; correct the rates of its services and warehouses"
)
_FORBIDDEN: Final = f"{_NO_SERVICE}, or a restriction forbids it"


@dataclass(frozen=True)
class Quotes:
    """What the night can choose from.

    Parameters
    ----------
    pieces
        Contract `offer_pieces`, with `ship_together`, `expected_at` of the next receipt and `blocked`: why no offer has the
        piece, null where one has.
    offers
        Contract `offers` without `is_chosen`, sorted by order and offer number.
    offer_parcels
        offer (row in `offers`), parcel (row in `packed.parcels`), lane (row in `lanes`), freight_cents,
        surcharge_cents, lateness_cents, billable_g.
    offer_cartons, offer_pickups
        By their contracts.
    packed
        The packing of every distinct item set.
    lanes
        Services from warehouses to areas, by which `offer_parcels.lane` counts.
    cards
        The rate cards that priced them.
    leaving
        When each warehouse hands over.
    prices
        Shadow prices that the suggestions went by, from which the assignment may start; None where there were none.
    """

    pieces: pl.DataFrame
    offers: pl.DataFrame
    offer_parcels: pl.DataFrame
    offer_cartons: pl.DataFrame
    offer_pickups: pl.DataFrame
    packed: PackedSets
    lanes: pl.DataFrame
    cards: RateCards
    leaving: Dispatches
    prices: Prices | None


def quote(received: Received, inputs: Inputs, settings: Settings, as_of: datetime) -> Quotes:
    """Pack and rate every parcel that could matter tonight.

    Orders of few pieces are offered every set of them; of longer ones further sets are suggested, packed and rated as long
    as the night's prices say that they might help.

    Parameters
    ----------
    received
        Released orders and lines.
    inputs
        The canonical tables.
    settings
        Sections `costs`, `packing`, `assign`, `night`.
    as_of
        The night.
    """
    night = quote_night(received, inputs, settings, as_of)
    found = candidates(night.goods, settings.assign.exact_lines)
    first = _priced(found, night)
    pieces = with_backorder_cents(_with_blocked(found, first, night), night.goods.together, first.offered.offers)
    offered_, packed = first.offered, first.packed
    suggestions = Suggestions.start(night, pieces, offered_, packed, found, as_of)
    for _ in range(settings.assign.suggestion_rounds):
        order, mask = suggestions.further(offered_.offers)
        if not len(order):
            break
        more = _priced(chosen_sets(order, mask, night.goods), night)
        offered_ = offered_.joined(more.counted_after(packed))
        packed = packed.joined(more.packed)
    offers, parcels = offered_.offers, offered_.parcels
    return Quotes(
        pieces,
        offers,
        parcels,
        cartons_taken(offers, parcels, packed, inputs.cartons),
        pickups_taken(offers, parcels, night.lanes, inputs.pickups),
        packed,
        night.lanes,
        night.cards,
        night.leaving,
        suggestions.prices,
    )


@dataclass(frozen=True)
class _Priced:
    """Candidates packed and rated."""

    offered: Offered
    packed: PackedSets
    set_of_candidate: Ints

    def counted_after(self, before: PackedSets) -> Offered:
        """Give the offers with their parcels counted on from those packed before."""
        parcels = self.offered.parcels.with_columns(pl.col("parcel") + before.parcels.height)
        return Offered(self.offered.offers, parcels, self.offered.too_dear)


def _priced(found: Candidates, night: QuoteNight) -> _Priced:
    sets = item_sets(found, night.goods, night.order_packaging)
    packed = pack_sets(sets, night.packagings, night.inputs, night.cards.tariff, night.settings)
    set_of_candidate = sets.of_bundle[found.bundle]
    rated = rate(found, set_of_candidate, packed, night)
    return _Priced(offered(found, set_of_candidate, packed, rated, night), packed, set_of_candidate)


def _with_blocked(found: Candidates, priced: _Priced, night: QuoteNight) -> pl.DataFrame:
    """Say for every piece that no offer has why that is so: what its smallest candidate met with."""
    pieces, goods = night.pieces, night.goods
    masks = priced.offered.offers.group_by("order_id").agg(pl.col("pieces").bitwise_or().alias("offered"))
    joined = pieces.join(masks, on="order_id", how="left", maintain_order="left")
    is_offered = joined["offered"].fill_null(0).to_numpy() >> joined["piece_number"].to_numpy() & 1 == 1
    code = priced.packed.set_reason[priced.set_of_candidate]
    is_apart = ~kept_together(found, priced.set_of_candidate, priced.packed, night)
    code = np.where(is_apart, int(Reason.NOT_TOGETHER), code)
    first = goods.start[found.order]
    lowest = np.bitwise_count((found.mask & -found.mask) - 1).astype(np.int64)
    smallest = np.flatnonzero(goods.together[first + lowest] == found.mask)
    is_too_dear = np.zeros(len(code), np.bool_)
    is_too_dear[priced.offered.too_dear] = True
    reason = np.full(pieces.height, NOT_IN_STOCK_TOGETHER, object)
    for bit in range(int(night.num_pieces.max(initial=0))):
        at = smallest[found.mask[smallest] >> bit & 1 == 1]
        reason[first[at] + bit] = _FORBIDDEN if night.inputs.restrictions.height else _NO_SERVICE
        reason[first[at[is_too_dear[at]]] + bit] = _TOO_DEAR
        for row in at[code[at] != 0]:
            reason[first[row] + bit] = why_unpackable(int(code[row]))
    is_held = (goods.available[:, goods.sku] >= goods.quantity).any(axis=0)
    reason[~is_held] = NOT_IN_STOCK
    reason[is_offered] = None
    return pieces.with_columns(pl.Series("blocked", reason.tolist(), dtype=pl.String))
