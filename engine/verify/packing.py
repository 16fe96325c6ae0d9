"""Invariant 3: every parcel can be packed as it is drawn, and weighs and costs what is said. One line for each rule."""

from __future__ import annotations

from collections.abc import Iterator

from engine.verify.checks import Check
from engine.verify.contents import lay_out, protected_products, weigh_parcels
from engine.verify.files import Night
from engine.verify.packing_forces import (
    check_centres,
    check_fragile,
    check_hanging,
    check_loads,
    check_steps,
    check_support,
)
from engine.verify.packing_parcels import (
    check_alone,
    check_carton_match,
    check_hazards,
    check_outer_sizes,
    check_protection,
    check_weight_limits,
    check_weights,
)
from engine.verify.packing_space import (
    check_mailers,
    check_orientations,
    check_overlaps,
    check_padding,
    check_sizes,
    check_walls,
)


def check_packing(night: Night) -> Iterator[Check]:
    """Check every parcel.

    Parameters
    ----------
    night
        The run.
    """
    contents = lay_out(
        night.table("placements"),
        night.table("shipments"),
        protected_products(night.table("products"), night.table("protection")),
    )
    parcels = weigh_parcels(contents.items, night.table("shipments"), night.table("cartons"))
    rules = night.settings.packing
    yield check_sizes(contents.items)
    yield check_padding(contents.items)
    yield check_orientations(contents.items)
    yield check_walls(contents.items, parcels)
    yield check_mailers(parcels)
    yield check_overlaps(contents)
    yield check_support(contents, rules.support_share)
    yield check_hanging(contents, rules.support_share)
    yield check_loads(contents)
    yield check_fragile(contents)
    yield check_centres(contents.items, parcels, rules.centred_from_g)
    yield check_steps(contents)
    yield check_hazards(contents.items)
    yield check_alone(contents.items)
    yield check_carton_match(parcels, night.table("orders"))
    yield check_weights(parcels)
    yield check_weight_limits(parcels)
    yield check_protection(parcels)
    yield check_outer_sizes(parcels)
