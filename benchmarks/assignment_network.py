"""Nights on a national network: 99 large cities, 10 to 40 fulfilment centres, a price per parcel, unit and mile.

Populations are 2020 census counts in thousands, rounded, with coordinates to a tenth of a degree: enough to weight
demand and to measure miles.
"""

from __future__ import annotations

import numpy as np

from solvers.assignment import UNLIMITED_SHIPMENTS, UNLIMITED_UNITS, AssignmentProblem

# Each entry: city, thousands of people, latitude, longitude.
CITIES = """
New York 8804 40.7 -74.0|Los Angeles 3899 34.1 -118.2|Chicago 2746 41.9 -87.6|Houston 2305 29.8 -95.4
Phoenix 1608 33.4 -112.1|Philadelphia 1604 40.0 -75.2|San Antonio 1435 29.4 -98.5|San Diego 1387 32.7 -117.2
Dallas 1304 32.8 -96.8|San Jose 1013 37.3 -121.9|Austin 962 30.3 -97.7|Jacksonville 950 30.3 -81.7
Fort Worth 919 32.8 -97.3|Columbus 906 40.0 -83.0|Indianapolis 888 39.8 -86.2|Charlotte 875 35.2 -80.8
San Francisco 874 37.8 -122.4|Seattle 737 47.6 -122.3|Denver 716 39.7 -105.0|Washington 690 38.9 -77.0
Nashville 689 36.2 -86.8|Oklahoma City 681 35.5 -97.5|El Paso 679 31.8 -106.5|Boston 676 42.4 -71.1
Portland 653 45.5 -122.7|Las Vegas 642 36.2 -115.1|Detroit 639 42.3 -83.0|Memphis 633 35.1 -90.0
Louisville 633 38.3 -85.8|Baltimore 586 39.3 -76.6|Milwaukee 577 43.0 -87.9|Albuquerque 565 35.1 -106.6
Tucson 543 32.2 -110.9|Fresno 542 36.7 -119.8|Sacramento 525 38.6 -121.5|Kansas City 508 39.1 -94.6
Mesa 504 33.4 -111.8|Atlanta 499 33.7 -84.4|Omaha 486 41.3 -96.0|Colorado Springs 479 38.8 -104.8
Raleigh 468 35.8 -78.6|Long Beach 467 33.8 -118.2|Virginia Beach 459 36.8 -76.0|Miami 442 25.8 -80.2
Oakland 441 37.8 -122.3|Minneapolis 430 45.0 -93.3|Tulsa 413 36.2 -95.9|Bakersfield 403 35.4 -119.0
Wichita 398 37.7 -97.3|Arlington 394 32.7 -97.1|Aurora 386 39.7 -104.8|Tampa 385 28.0 -82.5
New Orleans 384 30.0 -90.1|Cleveland 373 41.5 -81.7|Honolulu 351 21.3 -157.8|Anaheim 347 33.8 -117.9
Lexington 323 38.0 -84.5|Stockton 321 38.0 -121.3|Corpus Christi 318 27.8 -97.4|Henderson 318 36.0 -115.0
Riverside 315 34.0 -117.4|Newark 312 40.7 -74.2|Saint Paul 312 44.9 -93.1|Santa Ana 310 33.7 -117.9
Cincinnati 309 39.1 -84.5|Irvine 308 33.7 -117.8|Orlando 308 28.5 -81.4|Pittsburgh 303 40.4 -80.0
St. Louis 302 38.6 -90.2|Greensboro 299 36.1 -79.8|Jersey City 292 40.7 -74.1|Anchorage 291 61.2 -149.9
Lincoln 291 40.8 -96.7|Plano 285 33.0 -96.7|Durham 284 36.0 -78.9|Buffalo 278 42.9 -78.9
Chandler 276 33.3 -111.8|Chula Vista 275 32.6 -117.1|Toledo 271 41.7 -83.6|Madison 270 43.1 -89.4
Gilbert 268 33.4 -111.8|Reno 264 39.5 -119.8|Fort Wayne 264 41.1 -85.1|North Las Vegas 263 36.2 -115.1
St. Petersburg 258 27.8 -82.6|Lubbock 257 33.6 -101.9|Irving 257 32.8 -96.9|Laredo 255 27.5 -99.5
Winston-Salem 250 36.1 -80.2|Chesapeake 249 36.8 -76.3|Glendale 248 33.5 -112.2|Garland 246 32.9 -96.6
Scottsdale 241 33.5 -111.9|Norfolk 238 36.9 -76.3|Boise 236 43.6 -116.2|Fremont 231 37.5 -122.0
Spokane 229 47.7 -117.4|Richmond 227 37.5 -77.4|Baton Rouge 227 30.4 -91.1
"""
_ROWS = [entry.rsplit(" ", 3) for line in CITIES.split("\n") if line for entry in line.split("|")]
POPULATION = np.array([float(row[1]) for row in _ROWS])
LATITUDE = np.array([float(row[2]) for row in _ROWS])
LONGITUDE = np.array([float(row[3]) for row in _ROWS])

CENTRES = (
    "Newark", "Riverside", "Chicago", "Dallas", "Atlanta", "Seattle", "Columbus", "Kansas City", "Orlando", "Reno",
    "Denver", "Charlotte", "Houston", "Phoenix", "Philadelphia", "Memphis", "Minneapolis", "Boston", "Sacramento",
    "Nashville", "Louisville", "Indianapolis", "St. Louis", "Portland", "San Antonio", "Omaha", "Albuquerque",
    "Richmond", "Tampa", "Detroit", "Buffalo", "Oklahoma City", "Las Vegas", "Boise", "New Orleans", "Pittsburgh",
    "Milwaukee", "Fresno", "Jacksonville", "Raleigh",
)  # fmt: skip

PARCEL_CENTS = 875.9
UNIT_CENTS = 42.3
UNIT_MILE_CENTS = 0.0541
BACKORDER_CENTS = 3000
STOCK_COVER = {"tight": 1.0, "short": 1.023, "loose": 1.3, "ample": 1.336}
"""Units in stock per unit ordered, all centres together."""
UNITS_PER_HOLDING = 4.0
"""Expected units for which another centre holds the SKU."""
ORDERS_PER_SKU = {"coarse": 200 / 3, "fine": 20 / 3}
"""Coarse: few SKUs with much stock each. Fine: many slow movers, a unit or two in a place."""


def miles_to(centres: int) -> np.ndarray:
    """Great-circle miles, shape (99 cities, centres)."""
    at = [[row[0] for row in _ROWS].index(name) for name in CENTRES[:centres]]
    lat, lon = np.radians(LATITUDE), np.radians(LONGITUDE)
    haversine = (
        np.sin((lat[:, None] - lat[at]) / 2) ** 2
        + np.cos(lat[:, None]) * np.cos(lat[at]) * np.sin((lon[:, None] - lon[at]) / 2) ** 2
    )
    return 2 * 3958.8 * np.arcsin(np.sqrt(haversine))


def night(
    num_orders: int,
    *,
    stock: str = "tight",
    seed: int = 0,
    grain: str = "coarse",
    centres: int = 10,
    distance_scale: float = 4.0,
    single_share: float = 0.5,
    place_seed: int | None = None,
) -> tuple[AssignmentProblem, np.ndarray]:
    """Draw a night; also gives the miles from each order to each centre, shape (num_orders, centres).

    Half the orders have one line, the others 2 to 6 (3 on average). SKUs sell by Zipf's law; the stock of a SKU is its
    expected demand times the cover, spread unevenly over the centres that hold it: one for a slow mover, all for a fast
    one. Nights of one `place_seed` keep their articles in the same centres, as evenings of one network do.
    """
    rng = np.random.default_rng(seed)
    places = rng if place_seed is None else np.random.default_rng(place_seed)
    num_skus = max(20, round(num_orders / ORDERS_PER_SKU[grain]))
    lines = np.where(
        rng.random(num_orders) < single_share,
        1,
        rng.choice([2, 3, 4, 5, 6], num_orders, p=[0.45, 0.27, 0.15, 0.08, 0.05]),
    )
    city = rng.choice(len(POPULATION), num_orders, p=POPULATION / POPULATION.sum())
    miles = miles_to(centres)[city]
    piece_start = np.concatenate([[0], np.cumsum(lines)])
    popularity = 1.0 / (np.arange(num_skus) + 3.0)
    popularity /= popularity.sum()
    sku = rng.choice(num_skus, piece_start[-1], p=popularity).astype(np.int32)
    quantity = rng.choice([1, 2, 3], piece_start[-1], p=[0.8, 0.15, 0.05])
    expected = popularity * quantity.sum()
    # Slow movers lie in few centres, fast movers in all of them.
    holding = np.clip(np.ceil(expected / UNITS_PER_HOLDING), 1, centres)
    spread = places.gamma(3.0, size=(num_skus, centres))
    spread *= np.argsort(places.random((num_skus, centres)), axis=1) < holding[:, None]
    total = np.rint(expected * STOCK_COVER[stock]).astype(np.int64)
    stock_units = rng.multinomial(total, spread / spread.sum(axis=1, keepdims=True)).T
    return _with_all_options(piece_start, sku, quantity, miles * distance_scale, stock_units), miles


def _with_all_options(piece_start, sku, quantity, scaled_miles, stock_units) -> AssignmentProblem:
    """Every subset of every order's lines from every centre as an option."""
    lines = np.diff(piece_start)
    centres = scaled_miles.shape[1]
    counts = centres * (2**lines - 1)
    option_start = np.concatenate([[0], np.cumsum(counts)])
    mask = np.zeros(option_start[-1], dtype=np.int64)
    warehouse = np.zeros(option_start[-1], dtype=np.int32)
    cents = np.zeros(option_start[-1], dtype=np.int64)
    for length in np.unique(lines).tolist():
        orders = np.flatnonzero(lines == length)
        subsets = np.arange(1, 2**length)
        bits = subsets[:, None] >> np.arange(length) & 1
        units = quantity[piece_start[orders][:, None] + np.arange(length)] @ bits.T
        per_unit = UNIT_CENTS + UNIT_MILE_CENTS * scaled_miles[orders]
        block = np.rint(PARCEL_CENTS + per_unit[:, :, None] * units[:, None, :]).astype(np.int64)
        at = option_start[orders][:, None] + np.arange(centres * len(subsets))
        cents[at] = block.reshape(len(orders), -1)
        mask[at] = np.tile(subsets, centres)
        warehouse[at] = np.repeat(np.arange(centres), len(subsets))
    return AssignmentProblem(
        piece_start=piece_start,
        piece_sku=sku,
        piece_quantity=quantity,
        piece_backorder_cents=quantity * BACKORDER_CENTS,
        option_start=option_start,
        option_warehouse=warehouse,
        option_mask=mask,
        option_cents=cents,
        option_parcels=np.ones(len(mask), dtype=np.int32),
        max_shipments=np.full(len(lines), UNLIMITED_SHIPMENTS),
        split_cents=0,
        stock_units=stock_units,
        capacity_units=np.full(centres, UNLIMITED_UNITS),
    )
