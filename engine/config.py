"""Settings: ordermill.toml of a workspace, read into frozen values with units in their names."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from engine.contracts import FIRST_YEAR, LAST_YEAR, time_zones
from engine.errors import UsageError

FILE_NAME: Final = "ordermill.toml"
_UNKNOWN: Final = "is no setting"

Cents = Annotated[int, Field(ge=0, le=10**9)]
Share = Annotated[float, Field(ge=0, le=1)]


def _known_zone(name: str) -> str:
    if name not in time_zones():
        raise ValueError(f"{name!r} is not an IANA time zone; examples: UTC, Europe/Paris, America/Sao_Paulo")
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]


def plausible_night(moment: datetime) -> datetime:
    """Give the night back.

    Raises
    ------
    ValueError
        When it lies in no year that a plan could be for.
    """
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"{moment:%Y-%m-%d} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment


Moment = Annotated[datetime, AfterValidator(plausible_night)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Night(_Section):
    """The night and the workspace as a whole."""

    as_of: Moment | None = None
    """The night to plan; the present minute where absent. Generated workspaces pin theirs."""
    timezone: Zone = "UTC"
    """Where times without an offset were written."""
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    """ISO 4217; all money is in its hundredths."""
    seed: int = Field(default=0, ge=0)
    """Seed of the solvers; equal seeds give equal plans."""
    threads: int = Field(default=2, ge=1, le=256)
    """Threads to use; the plan does not depend on it."""


class Load(_Section):
    """What bad input is tolerated."""

    tolerated_reject_share: Share = 0.05
    """The run stops when more than this share of a table's rows is bad …"""
    tolerated_reject_rows: int = Field(default=10, ge=0)
    """… and more rows than this, so that one bad row of a short table does not stop the night."""


class Receive(_Section):
    """Which orders are released."""

    release_payments: tuple[Literal["paid", "authorized", "cod", "pending", "failed", "refunded"], ...] = (
        "paid",
        "authorized",
        "cod",
    )
    """States of payment in which an order is released."""
    longest_future_hours: int = Field(default=24, ge=0, le=8_760)
    """An order placed later than this after the night is held: its date is wrong."""
    longest_past_days: int = Field(default=3_650, ge=1, le=36_500)
    """An order placed longer ago than this is held: its date is wrong."""


class Promise(_Section):
    """Working days, Monday to Friday, from the order to the promised delivery, where an order carries no promise."""

    economy_days: int = Field(default=6, ge=0, le=365)
    """For service level economy."""
    standard_days: int = Field(default=4, ge=0, le=365)
    """For service level standard."""
    express_days: int = Field(default=2, ge=0, le=365)
    """For service level express."""


class Packing(_Section):
    """How parcels are packed."""

    support_share: Share = 0.7
    """Least share of an item's base that something carries."""
    centred_from_g: int | None = Field(default=None, ge=0)
    """Contents of a box at least this heavy have their centre of gravity within the middle half of its base; none for never."""
    tries: int = Field(default=300, ge=1)
    """Constructive packings tried for one item set in one carton."""
    node_limit: int = Field(default=2_000, ge=0)
    """Nodes of the exact search for one item set in one carton."""


class Costs(_Section):
    """What the plan sets against what is not on an invoice."""

    late_cents_per_day_economy: Cents = 100
    """For each day that an economy order arrives after its promise."""
    late_cents_per_day_standard: Cents = 200
    """The same for standard."""
    late_cents_per_day_express: Cents = 500
    """The same for express."""
    split_cents: Cents = 150
    """For every parcel of an order beyond the first: what a second delivery annoys."""
    backorder_cents_per_line: Cents = 1_500
    """For a line that waits: the customer's patience. What sending it later costs is added from the offers."""
    backorder_cents_per_unit_day: Cents = 20
    """For every unit and day until the next firm receipt."""
    backorder_horizon_days: int = Field(default=28, ge=1)
    """Days counted where no receipt is firm."""
    churn_cents_per_line: Cents = 100
    """For a line, or a part of it, that moves from where an earlier plan of the same night sends it."""
    priority_share: Share = 0.25
    """Each level of priority raises the price of lateness and waiting by this share."""


class Assign(_Section):
    """How hard the assignment works."""

    iterations: int = Field(default=60, ge=1)
    """Price iterations; a count rather than a time, so that the same night gives the same plan."""
    seconds: float | None = Field(default=None, gt=0)
    """Stop after this time as well; plans may then differ from replay to replay."""
    exact_lines: int = Field(default=6, ge=1, le=10)
    """Orders up to this many lines are offered every subset of their lines; longer ones the subsets that stock and prices suggest."""
    suggestion_rounds: int = Field(default=2, ge=0, le=20)
    """How often further subsets of the longer orders are suggested, packed and rated: those next to what they would choose at
    last night's prices, or at rough ones on a first night."""
    warm_start: bool = True
    """Whether the search for prices starts from those of the last night."""
    movable: Literal["tonight", "unreleased"] = "tonight"
    """What an earlier run planned and may still move: tonight's orders only, or of earlier nights too all that neither
    floor_releases nor tracking_events report."""


class Pick(_Section):
    """Limits of a pick list and the layout that is walked."""

    max_shipments_per_list: int = Field(default=20, ge=1)
    """Parcels that go onto one cart."""
    max_units_per_list: int = Field(default=120, ge=1)
    """Units that go onto one cart; a larger parcel gets a cart of its own."""
    aisle_pitch_mm: int = Field(default=3_000, ge=0, le=100_000)
    """Distance between the middles of neighbouring aisles."""
    position_pitch_mm: int = Field(default=1_000, ge=0, le=100_000)
    """Distance between neighbouring positions of an aisle."""
    cross_aisle_mm: int = Field(default=1_500, ge=0, le=100_000)
    """Distance of the front and the back cross-aisle from the nearest position."""
    depot_aisle: int = Field(default=1, ge=1)
    """The aisle at whose front walks start and end; the last one where a warehouse has fewer."""
    moves_per_shipment: int = Field(default=150, ge=0, le=1_000_000)
    """Changes of the pick lists tried for each shipment: a count, so that the same night gives the same lists."""


class Inventory(_Section):
    """What the stock position is measured against."""

    period_days: int = Field(default=365, ge=1)
    """Days that turnover, demand and the ledger look back."""
    cycle_days: int = Field(default=14, ge=1)
    """Days one replenishment is meant to last."""
    lead_time_days: int = Field(default=10, ge=0)
    """Days from ordering to receiving."""
    holding_rate: Share = 0.225
    """Cost of holding stock: share of its value a year."""
    lost_margin_share: Share = 0.35
    """Margin lost with a sale, as a share of unit cost, where no price is on file."""
    dead_after_days: int = Field(default=180, ge=1)
    """Stock without a sale for this long is dead."""
    elsewhere_cents_per_unit: Cents = 300
    """What serving a unit from another warehouse than the one short of it costs more, where tonight's offers do not tell."""
    transfer_cents_per_unit: Cents = 40
    """Cost of moving a unit between warehouses."""
    transfer_cents_per_line: Cents = 500
    """Cost of moving any of an article from one warehouse to another."""
    purchase_budget_cents: int | None = Field(default=None, ge=0, le=10**15)
    """Most that tonight's proposed purchases may cost together; no limit where absent. Not beside suppliers that have budgets,
    least orders or costs of an order of their own."""
    exact_articles: int = Field(default=0, ge=0)
    """Articles whose purchases and transfers are solved exactly, those farthest from their bounds first; each takes up to a
    second, and all others are within about a hundredth of their bounds together."""


class Carrier(_Section):
    """How a carrier numbers its parcels."""

    tracking: Literal[
        "ups_1z", "usps_impb", "fedex_12", "fedex_ground_96", "s10", "sscc_18", "dhl_express_10", "dpd"
    ] = "sscc_18"
    """Rule of the numbers and their check digit."""
    prefix: str = ""
    """What the carrier gave the shop: shipper number, company prefix, service letters."""
    first_serial: int = Field(default=1, ge=0)
    """First serial of the range."""
    is_synthetic: bool = True
    """False once `prefix` and `first_serial` are a range that the carrier really gave."""


class Settings(BaseSettings):
    """All settings of a workspace. An environment variable ORDERMILL_SECTION__NAME overrides the file."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="ORDERMILL_", env_nested_delimiter="__")

    night: Night = Night()
    load: Load = Load()
    receive: Receive = Receive()
    promise: Promise = Promise()
    packing: Packing = Packing()
    costs: Costs = Costs()
    assign: Assign = Assign()
    pick: Pick = Pick()
    inventory: Inventory = Inventory()
    carriers: dict[str, Carrier] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment override the file."""
        return env_settings, init_settings

    def carrier(self, name: str) -> Carrier:
        """Give how that carrier numbers its parcels; a synthetic range where nothing is set."""
        return self.carriers.get(name, Carrier())


class RecordedSettings(Settings):
    """Settings as a run recorded them: the environment of whoever reads them must not change them."""

    @classmethod
    def settings_customise_sources(cls, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Take what is given and nothing else."""
        return (kwargs.get("init_settings") or args[1],)


def read_settings(workspace: Path) -> Settings:
    """Read a workspace's settings.

    Raises
    ------
    UsageError
        When the file is missing, is not TOML, or a setting is unknown or out of range.
    """
    path = workspace / FILE_NAME
    if not path.is_file():
        raise UsageError(f"{path} does not exist. Make a workspace with: ordermill init {workspace} --sample")
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    try:
        return Settings(**content)
    except SettingsError as error:
        raise UsageError(
            f"an environment variable ORDERMILL_… cannot be read: {error}. Name one setting, such as ORDERMILL_NIGHT__SEED=1."
        ) from error
    except ValidationError as error:
        problems = "\n".join(
            f"  {'.'.join(map(str, e['loc']))}: {_UNKNOWN if e['type'] == 'extra_forbidden' else e['msg'].removeprefix('Value error, ')} (value: {e.get('input')!r})"
            for e in error.errors()
        )
        raise UsageError(
            f"{path} has settings that cannot be used:\n{problems}\ndocs/settings.md lists every setting, its unit and its range."
        ) from error
