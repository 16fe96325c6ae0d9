"""From the product, carton and protection tables to the arrays that packing works on."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from engine.contracts.cartons import CARTONS, PROTECTION
from engine.contracts.goods import PRODUCTS
from engine.contracts.schema import Column, Kind
from engine.errors import InputError
from solvers.packing.cartons import NO_STOCK_LIMIT, CartonKind, Cartons
from solvers.packing.items import ANY_ORIENTATION, NO_LOAD_LIMIT, UPRIGHT, ItemTypes

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from engine.contracts.schema import Table

_UNUSED: Final = {"products": {"category", "unit_cost_cents"}}
_SIZES: Final = ("length_mm", "width_mm", "height_mm", "weight_g")
_RANGES: Final = {Kind.INTEGER: "a whole number", Kind.NUMBER: "a number", Kind.FLAG: "true or false"} | {
    kind: "text" for kind in Kind if kind not in {Kind.INTEGER, Kind.NUMBER, Kind.FLAG}
}
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
    if frame is None:
        raise InputError(f"{name} must be a Polars or pandas frame; it is None.")
    try:
        return pl.from_pandas(frame) if hasattr(frame, "iloc") else pl.DataFrame(frame)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{name} must be a Polars or pandas frame; it is a {type(frame).__name__}.") from error


def refuse_misspelt(given: pl.DataFrame, name: str, known: Collection[str], unused: Collection[str] = ()) -> None:
    """Refuse a frame with a column that is nearly one it could have: left out, its values would count as absent.

    Raises
    ------
    InputError
        When a column that is not known is close to a known one that the frame lacks.
    """
    absent = [column for column in known if column not in given.columns]
    for column in given.columns:
        near = get_close_matches(column.lower(), absent, n=1, cutoff=0.85)
        if near and column not in known and column not in unused:
            raise InputError(
                f"{name} has a column {column}, which is not read; if it is {near[0]}, rename it, or drop it."
            )


def conform(frame: object, table: Table) -> pl.DataFrame:
    """Give the columns of a table in their types, absent ones filled with what absence means.

    A column `flaw` tells of each row the first value that cannot be, null where there is none; a value that cannot be read is
    null. Not a number counts as absent, as pandas has it.

    Raises
    ------
    InputError
        When a needed column is missing, or there are no columns at all.
    """
    given = as_polars(frame, table.name)
    columns = [c for c in table.columns if c.name not in _UNUSED.get(table.name, set())]
    missing = [c.name for c in columns if c.name not in given.columns and not c.may_be_absent]
    if missing:
        raise InputError(
            f"{table.name} lacks the columns {', '.join(missing)}; it has {', '.join(given.columns) or 'none'}."
        )
    refuse_misspelt(given, table.name, [c.name for c in columns], _UNUSED.get(table.name, ()))
    values, flaws = [], []
    for column in columns:
        dtype = given.schema.get(column.name, pl.Null())
        raw = pl.col(column.name) if column.name in given.columns else pl.lit(None)
        raw = raw.fill_nan(None) if dtype.is_float() else raw
        value = _read(raw, dtype, column)
        values.append((value if column.default is None else value.fill_null(column.default)).alias(column.name))
        flaws.append(_flaw(raw, value, column))
    rules = [pl.when(~rule.holds).then(pl.lit(rule.reason)) for rule in table.rules]
    try:
        read = given.select(*values, pl.coalesce(flaws).alias("flaw"))
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{table.name} holds a value of the wrong kind: {str(error).splitlines()[0]}") from error
    return read.with_columns(pl.coalesce("flaw", *rules).alias("flaw"))


def as_flag(raw: pl.Expr, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """Give a column as true and false, null where a value is neither; as text they may be written in either case."""
    if dtype != pl.String:
        return raw.cast(pl.Boolean, strict=False)
    written = raw.str.strip_chars().str.to_lowercase()
    return pl.when(written.is_in(["true", "false"])).then(written == "true")


def _read(raw: pl.Expr, dtype: pl.DataType | type[pl.DataType], column: Column) -> pl.Expr:
    """Give a column in its type, null where a value cannot be read; a fraction is no whole number."""
    if column.kind is Kind.FLAG:
        return as_flag(raw, dtype)
    if column.kind is not Kind.INTEGER or dtype.is_integer():
        return raw.cast(column.kind.dtype, strict=False)
    number = raw.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite() & (number == number.floor())).then(number).cast(pl.Int64, strict=False)


def _flaw(raw: pl.Expr, value: pl.Expr, column: Column) -> pl.Expr:
    """Say what is wrong with a value, null where nothing is."""
    wanted = f"one of {', '.join(column.allowed)}" if column.allowed else _RANGES[column.kind]
    if column.minimum is not None and column.maximum is not None:
        wanted = f"{wanted} in {column.minimum:.0f}..{column.maximum:.0f}"
    is_wrong = raw.is_not_null() & value.is_null()
    if column.allowed:
        is_wrong |= ~value.is_in(column.allowed)
    if column.minimum is not None:
        is_wrong |= value < column.minimum
    if column.maximum is not None:
        is_wrong |= value > column.maximum
    text = pl.format(f"{column.name} is {{}}; it must be {wanted}", raw.cast(pl.String, strict=False))
    absent = pl.lit(f"{column.name} is not given; it must be {wanted}")
    is_absent = pl.lit(column.default is None) & raw.is_null() & ~pl.lit(column.nullable)
    return pl.when(is_absent).then(absent).when(is_wrong.fill_null(value=False)).then(text)


def refuse_flaws(frame: pl.DataFrame, table: Table, key: str) -> pl.DataFrame:
    """Give a conformed frame without its column `flaw`.

    Raises
    ------
    InputError
        When a row has a flaw, a row has no key or two have the same; it names the row.
    """
    keys = frame[key]
    if keys.is_null().any():
        raise InputError(f"{table.name} has a row without {key}; give every row one.")
    flawed = frame.filter(pl.col("flaw").is_not_null())
    if not flawed.is_empty():
        more = f" ({flawed.height} such rows in all)" if flawed.height > 1 else ""
        raise InputError(f"{table.name}: {key} {flawed[key][0]!r}: {flawed['flaw'][0]}{more}.")
    if keys.is_duplicated().any():
        doubled = frame.filter(pl.col(key).is_duplicated())[key][0]
        raise InputError(f"{table.name} lists the {key} {doubled!r} more than once; give each one row.")
    return frame.drop("flaw")


def packing_products(products: object) -> pl.DataFrame:
    """Give the products with the columns `flaw`: null, or why the product cannot be packed, and `detail`: that in words.

    Raises
    ------
    InputError
        When a column is missing, or a sku is missing or listed more than once.
    """
    frame = conform(products, PRODUCTS)
    if frame["sku"].is_null().any():
        raise InputError("products has a row without sku; give every row one.")
    if frame["sku"].is_duplicated().any():
        doubled = frame.filter(pl.col("sku").is_duplicated())["sku"][0]
        raise InputError(f"products lists the sku {doubled!r} more than once; give each one row.")
    detail = pl.col("flaw")
    for name in _SIZES:
        detail = pl.coalesce(detail, pl.when(pl.col(name).is_null()).then(pl.lit(f"{name} is not given")))
    kind = (
        pl.when(detail.str.ends_with("is not given"))
        .then(pl.lit("unknown_size"))
        .when(detail.str.contains(f"^({'|'.join((*_SIZES, 'max_load_g'))}) "))
        .then(pl.lit("invalid_size"))
        .when(detail.is_not_null())
        .then(pl.lit("invalid_product"))
    )
    return frame.with_columns(flaw=kind, detail=detail)


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
    materials = refuse_flaws(conform(protection, PROTECTION), PROTECTION, "material_id")
    for material in materials.sort("thickness_mm", "material_id").iter_rows(named=True):
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
        When there are no cartons or one is impossible; it names the carton.
    """
    frame = conform(cartons, CARTONS)
    if frame.is_empty():
        raise InputError("cartons has no rows; give at least one carton.")
    frame = refuse_flaws(frame, CARTONS, "carton_id")
    packaging = frame["packaging"].fill_null("")
    codes = {name: code for code, name in enumerate(sorted(set(packaging) - {""}), start=1)} | {"": 0}
    kinds = {kind.name.lower(): int(kind) for kind in CartonKind}
    numbers = [c.name for c in CARTONS.columns if c.name.endswith(("_mm", "_g", "_cents"))]
    try:
        arrays = Cartons(
            kind=np.array([kinds[k] for k in frame["kind"]], dtype=np.int64),
            packaging=np.array([codes[p] for p in packaging], dtype=np.int64),
            on_hand=frame["on_hand"].fill_null(NO_STOCK_LIMIT).to_numpy(),
            **{name: frame[name].to_numpy() for name in numbers},
        )
    except ValueError as error:
        raise InputError(f"cartons: {error}") from error
    return frame, arrays, codes
