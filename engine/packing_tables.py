"""From the product, carton and protection tables to the arrays that packing works on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from engine.contracts.inputs import CARTONS, PRODUCTS, PROTECTION
from engine.errors import InputError
from solvers.packing.cartons import NO_STOCK_LIMIT, CartonKind, Cartons
from solvers.packing.items import ANY_ORIENTATION, NO_LOAD_LIMIT, UPRIGHT, ItemTypes

if TYPE_CHECKING:
    import numpy.typing as npt

    from engine.contracts.schema import Table

_UNUSED: Final = {"products": {"category", "unit_cost_cents"}}
_MM3_PER_LITRE: Final = 1_000_000


def as_polars(frame: Any, name: str) -> pl.DataFrame:
    """Give a Polars or pandas frame, or whatever Polars reads, as a Polars frame.

    Raises
    ------
    InputError
        When it is not a frame.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    try:
        return pl.from_pandas(frame) if hasattr(frame, "iloc") else pl.DataFrame(frame)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be a Polars or pandas frame; it is a {type(frame).__name__}.") from error


def conform(frame: object, table: Table) -> pl.DataFrame:
    """Give the columns of a table in their types, absent ones filled with what absence means.

    Raises
    ------
    InputError
        When a needed column is missing, or one holds values of another kind.
    """
    given = as_polars(frame, table.name)
    unused = _UNUSED.get(table.name, set())
    missing = [
        c.name for c in table.columns if c.name not in given.columns and not c.may_be_absent and c.name not in unused
    ]
    if missing:
        raise InputError(
            f"{table.name} lacks the columns {', '.join(missing)}; it has {', '.join(given.columns) or 'none'}."
        )
    out = []
    for column in table.columns:
        if column.name in unused:
            continue
        value = pl.col(column.name) if column.name in given.columns else pl.lit(None)
        value = value.cast(column.kind.dtype)
        out.append((value if column.default is None else value.fill_null(column.default)).alias(column.name))
    try:
        return given.select(out)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{table.name} holds a value of the wrong kind: {str(error).splitlines()[0]}") from error


def packing_products(products: object) -> pl.DataFrame:
    """Give the products with a column `flaw`: null, or why the product cannot be packed."""
    frame = conform(products, PRODUCTS)
    if frame["sku"].is_duplicated().any():
        doubled = frame.filter(pl.col("sku").is_duplicated())["sku"][0]
        raise InputError(f"products lists the sku {doubled!r} more than once; give each one row.")
    sizes = [PRODUCTS.column(name) for name in ("length_mm", "width_mm", "height_mm", "weight_g")]
    unknown = pl.any_horizontal(pl.col(c.name).is_null() for c in sizes)
    load = PRODUCTS.column("max_load_g")
    outside = [~pl.col(c.name).is_between(c.minimum, c.maximum) for c in (*sizes, load)]
    flaw = pl.when(unknown).then(pl.lit("unknown_size")).when(pl.any_horizontal(outside)).then(pl.lit("invalid_size"))
    return frame.with_columns(flaw.alias("flaw"))


def item_types(products: pl.DataFrame, protection: object | None) -> ItemTypes:
    """Give one item type a product, in their order, with the protection its fragility asks for.

    Protection fills the space between the item and itself grown by the material's thickness on every side. Of several
    materials for a fragility the one that costs the item least is taken, the thinner one of equals. Cents and grams are
    rounded up for each unit.

    Parameters
    ----------
    products
        Rows of `packing_products`; a flawed row gives a type that must not be used.
    protection
        The protection table, or None for no protection.
    """
    flawed = products["flaw"].is_not_null().to_numpy()

    def column(name: str, absent: int = 0) -> npt.NDArray[np.int64]:
        return np.where(flawed, 1, products[name].fill_null(absent).cast(pl.Int64).to_numpy())

    length, width, height = column("length_mm"), column("width_mm"), column("height_mm")
    padding, cents, grams = _protect(products["fragility"], length, width, height, protection)
    hazard = products["hazard_class"].fill_null("")
    classes = {name: code for code, name in enumerate(sorted(set(hazard) - {""}), start=1)} | {"": 0}
    return ItemTypes(
        length_mm=length,
        width_mm=width,
        height_mm=height,
        weight_g=column("weight_g"),
        orientation=np.where(products["keep_upright"].to_numpy(), UPRIGHT, ANY_ORIENTATION),
        max_load_g=np.where(products["max_load_g"].is_null().to_numpy(), NO_LOAD_LIMIT, column("max_load_g")),
        padding_mm=padding,
        protection_g=grams,
        protection_cents=cents,
        hazard_class=np.array([classes[name] for name in hazard], dtype=np.int64),
        ships_alone=products["ships_alone"].cast(pl.Int64).to_numpy(),
        is_fragile=(products["fragility"] != "none").cast(pl.Int64).to_numpy(),
    )


def _protect(
    fragility: pl.Series,
    length: npt.NDArray[np.int64],
    width: npt.NDArray[np.int64],
    height: npt.NDArray[np.int64],
    protection: object | None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give thickness, cents and grams of each product's protection."""
    padding, cents, grams = (np.zeros(len(fragility), np.int64) for _ in range(3))
    if protection is None:
        return padding, cents, grams
    best = np.full(len(fragility), np.iinfo(np.int64).max)
    for material in conform(protection, PROTECTION).sort("thickness_mm", "material_id").iter_rows(named=True):
        thick = material["thickness_mm"]
        grown = (length + 2 * thick) * (width + 2 * thick) * (height + 2 * thick) - length * width * height
        price = -(-grown * material["cents_per_litre"] // _MM3_PER_LITRE)
        taken = (fragility == material["fragility"]).to_numpy() & (price < best)
        best[taken] = price[taken]
        padding[taken] = thick
        cents[taken] = price[taken]
        grams[taken] = -(-grown[taken] * material["g_per_litre"] // _MM3_PER_LITRE)
    return padding, cents, grams


def carton_arrays(cartons: object) -> tuple[pl.DataFrame, Cartons, dict[str, int]]:
    """Give the cartons that can be used, as a frame and as arrays in its order, and the packaging codes.

    Raises
    ------
    InputError
        When there are no cartons or one has an impossible size.
    """
    frame = conform(cartons, CARTONS)
    if frame.is_empty():
        raise InputError("cartons has no rows; give at least one carton.")
    for name in ("inner_length_mm", "inner_width_mm", "inner_height_mm", "max_weight_g"):
        bad = frame.filter(pl.col(name).is_null() | (pl.col(name) <= 0))
        if not bad.is_empty():
            raise InputError(f"carton {bad['carton_id'][0]!r} has {name} {bad[name][0]}; it must be above 0.")
    packaging = frame["packaging"].fill_null("")
    codes = {name: code for code, name in enumerate(sorted(set(packaging) - {""}), start=1)} | {"": 0}
    kinds = {kind.name.lower(): int(kind) for kind in CartonKind}
    unknown = set(frame["kind"]) - set(kinds)
    if unknown:
        raise InputError(f"cartons has the kind {min(map(str, unknown))!r}; it must be one of {', '.join(kinds)}.")
    numbers = [c.name for c in CARTONS.columns if c.name.endswith(("_mm", "_g", "_cents"))]
    try:
        arrays = Cartons(
            kind=np.array([kinds[k] for k in frame["kind"]], dtype=np.int64),
            packaging=np.array([codes[p] for p in packaging], dtype=np.int64),
            on_hand=frame["on_hand"].fill_null(NO_STOCK_LIMIT).to_numpy(),
            **{name: frame[name].fill_null(0).to_numpy() for name in numbers},
        )
    except ValueError as error:
        raise InputError(f"cartons: {error}") from error
    return frame, arrays, codes
