"""What rating answers: prices, itemised surcharges, the cheapest service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from solvers.tariff.kernels import Integers


@dataclass(frozen=True, eq=False)
class Rates:
    """The price of each request; where `is_feasible` is False the service does not carry the parcel and all are 0.

    Parameters
    ----------
    freight_cents, surcharge_cents, billable_g
        (requests,) price of the weight break, sum of surcharges, billed weight.
    is_feasible
        (requests,) whether the service carries the parcel.
    """

    freight_cents: Integers
    surcharge_cents: Integers
    billable_g: Integers
    is_feasible: npt.NDArray[np.bool_]

    @property
    def total_cents(self) -> Integers:
        """Freight and surcharges together, (requests,)."""
        return self.freight_cents + self.surcharge_cents


@dataclass(frozen=True, eq=False)
class SurchargeLines:
    """Every surcharge charged, sorted by request, then by position in the tariff.

    Parameters
    ----------
    request, surcharge
        (lines,) positions among the requests and in the tariff's surcharges.
    amount_cents
        (lines,) the amount; of a request they add up to its `surcharge_cents`.
    """

    request: Integers
    surcharge: Integers
    amount_cents: Integers


@dataclass(frozen=True, eq=False)
class CheapestServices:
    """The cheapest option of each pair of parcel and lane.

    Parameters
    ----------
    is_feasible
        (pairs,) whether any service of the lane carries the parcel; where False all else is 0.
    option
        (pairs,) position of the chosen option among the lanes' options.
    service
        (pairs,) its service.
    freight_cents, surcharge_cents, extra_cents, billable_g
        (pairs,) what the choice costs and the weight it bills.
    """

    is_feasible: npt.NDArray[np.bool_]
    option: Integers
    service: Integers
    freight_cents: Integers
    surcharge_cents: Integers
    extra_cents: Integers
    billable_g: Integers

    @property
    def total_cents(self) -> Integers:
        """Freight, surcharges and extra cost together, (pairs,)."""
        return self.freight_cents + self.surcharge_cents + self.extra_cents
