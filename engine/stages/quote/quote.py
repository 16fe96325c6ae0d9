"""The quote stage: pieces, item sets, parcels, lanes, and from them the offers of the night."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.assignment.waiting import NOT_IN_STOCK, NOT_IN_STOCK_TOGETHER
from engine.config import Settings
from engine.inputs import Inputs
from engine.rate_cards import RateCards
from engine.stages.quote.item_sets import Candidates, candidates, chosen_sets, item_sets, listed
from engine.stages.quote.lanes import Dispatches
from engine.stages.quote.mixed_ways import with_mixed_ways
from engine.stages.quote.night import QuoteNight, quote_night
from engine.stages.quote.offers import Offered, cartons_taken, offered, pickups_taken
from engine.stages.quote.parcels import PackedSets, pack_sets, why_unpackable
from engine.stages.quote.pieces import with_backorder_cents
from engine.stages.quote.rating import rate
from engine.stages.quote.scarcity import gone_without
from engine.stages.quote.suggestions import Suggestions
from engine.stages.receive import Received

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

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
        Contract `offer_pieces`, with `ship_together`, `mark` of what must share a parcel with it (0 for none), `expected_at`
        of the next receipt and `blocked`: why no offer has the piece, null where one has.
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


def quote(received: Received, inputs: Inputs, settings: Settings, as_of: datetime) -> Quotes:
    """Pack and rate every parcel that could matter tonight.

    Orders of few pieces are offered every set of them; of longer ones further sets are suggested, packed and rated as long
    as the prices say that they might help.

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
    priced = _priced(found, night)
    pieces = with_backorder_cents(_with_blocked(found, priced, night), night.goods.together, priced.offered.offers)
    suggestions = Suggestions.start(night, pieces, found, priced.offered.offers, as_of)
    for _ in range(settings.assign.suggestion_rounds):
        order, mask = suggestions.further(priced.offered.offers)
        if not len(order):
            break
        priced = priced.joined(_priced(chosen_sets(order, mask, night.goods), night))
    offers, parcels, packed = priced.offered.offers, priced.offered.parcels, priced.packed
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
    )


@dataclass(frozen=True)
class _Priced:
    """Candidates packed and rated."""

    offered: Offered
    packed: PackedSets
    set_of_candidate: Ints

    def joined(self, other: _Priced) -> _Priced:
        """Give both as one, the others' parcels counted on; the sets of candidates are still those of these."""
        parcels = other.offered.parcels.with_columns(pl.col("parcel") + self.packed.parcels.height)
        offers = self.offered.joined(replace(other.offered, parcels=parcels))
        return _Priced(offers, self.packed.joined(other.packed), self.set_of_candidate)


def _priced(found: Candidates, night: QuoteNight) -> _Priced:
    """Pack and rate candidates, and again without counted cartons they took: who gets these is for the plan to say."""
    cartons = night.inputs.cartons.filter(pl.col("on_hand").is_null() | (pl.col("on_hand") > 0))
    counted = cartons.filter(pl.col("on_hand").is_not_null())["carton_id"].sort().to_list()
    priced = _in_cartons(found, night, cartons)
    takes = {frozenset[str](): _takes(priced, counted)}
    again = []
    for gone in gone_without(counted)[1:]:
        takes[gone], at = _still_taking(takes, gone, counted)
        left = cartons.filter(~pl.col("carton_id").is_in(gone))
        if len(at) and left.height:
            rows = np.stack([found.order[at], found.mask[at], found.warehouse[at]], axis=1)
            again.append(_in_cartons(listed(rows, night.goods), night, left))
            takes[gone][at] = _takes(again[-1], counted)
    return priced.joined(reduce(_Priced.joined, again)) if again else priced


def _takes(priced: _Priced, cartons: list[str]) -> Flags:
    """Tell for each candidate which of some cartons it takes, (num_candidates, num_cartons)."""
    by_set = np.zeros((len(priced.packed.set_reason), len(cartons)), np.bool_)
    set_of_parcel = np.repeat(np.arange(len(by_set)), np.diff(priced.packed.set_start))
    for at, name in enumerate(cartons):
        by_set[set_of_parcel[(priced.packed.parcels["carton_id"] == name).to_numpy()], at] = True
    return by_set[priced.set_of_candidate]


def _still_taking(takes: dict[frozenset[str], Flags], gone: frozenset[str], cartons: list[str]) -> tuple[Flags, Ints]:
    """Give what candidates take without some cartons, as far as that is known, and the candidates of which it is not.

    What takes none of them without fewer of them already is the same without all.
    """
    fewer = [less for less in takes if less < gone]
    most = max(len(less) for less in fewer)
    is_gone = np.array([name in gone for name in cartons])
    known, is_open = takes[frozenset()].copy(), np.ones(len(takes[frozenset()]), np.bool_)
    for less in fewer:
        if len(less) == most:
            is_settled = ~takes[less][:, is_gone].any(axis=1)
            known[is_settled] = takes[less][is_settled]
            is_open &= ~is_settled
    return known, np.flatnonzero(is_open)


def _in_cartons(found: Candidates, night: QuoteNight, cartons: pl.DataFrame) -> _Priced:
    sets = item_sets(found, night.goods, night.order_packaging)
    # Candidates are not sent all at once, so none of them takes a carton away from another.
    uncounted = cartons.with_columns(on_hand=pl.lit(None, pl.Int64))
    packed = pack_sets(
        sets, night.packagings, replace(night.inputs, cartons=uncounted), night.cards.tariff, night.settings
    )
    set_of_candidate = sets.of_bundle[found.bundle]
    rated = with_mixed_ways(rate(found, set_of_candidate, packed, night))
    return _Priced(offered(found, packed, rated, night), packed, set_of_candidate)


def _with_blocked(found: Candidates, priced: _Priced, night: QuoteNight) -> pl.DataFrame:
    """Say for every piece that no offer has why that is so: what its smallest candidate met with."""
    pieces, goods = night.pieces, night.goods
    masks = priced.offered.offers.group_by("order_id").agg(pl.col("pieces").bitwise_or().alias("offered"))
    joined = pieces.join(masks, on="order_id", how="left", maintain_order="left")
    is_offered = joined["offered"].fill_null(0).to_numpy() >> joined["piece_number"].to_numpy() & 1 == 1
    code = priced.packed.set_reason[priced.set_of_candidate]
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
    return pieces.with_columns(pl.Series("mark", goods.mark), pl.Series("blocked", reason.tolist(), dtype=pl.String))
