"""A workspace: ordermill.toml, inbox/ for files, book/ for what is remembered, runs/ for what is published."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.book import FILE_NAME as BOOK_FILE
from engine.book import Book
from engine.config import FILE_NAME
from engine.errors import UsageError
from engine.olist import import_olist
from engine.sample import write_sample

_SETTINGS: Final = """\
# Settings of this workspace; docs/settings.md lists all of them with their defaults.

[night]
timezone = "UTC"    # where times without an offset were written
currency = "EUR"

[load]
tolerated_reject_share = 0.05    # the run stops when more of a table's rows are bad
"""


def make_workspace(
    directory: Path, *, sample_orders: int | None = None, seed: int = 0, olist: Path | None = None
) -> None:
    """Make a workspace, empty or filled.

    Parameters
    ----------
    directory
        Where; it may exist, but must not hold a workspace.
    sample_orders
        Number of orders of a generated night; None for none.
    seed
        Seed of what is generated.
    olist
        Folder of the public Olist CSV files to replay as one night.

    Raises
    ------
    UsageError
        When the directory holds a workspace already, or both ways to fill it are asked for.
    InputError
        When the Olist files cannot be read.
    """
    if sample_orders is not None and olist is not None:
        raise UsageError("--sample and --from-olist both fill the workspace; choose one.")
    if (directory / FILE_NAME).exists() or (directory.exists() and not directory.is_dir()):
        raise UsageError(f"{directory} is a workspace already. Choose another folder, or remove it first.")
    (directory / "inbox").mkdir(parents=True, exist_ok=True)
    if sample_orders is not None:
        write_sample(directory, orders=sample_orders, seed=seed)
    elif olist is not None:
        import_olist(olist, directory, seed=seed)
    else:
        (directory / FILE_NAME).write_text(_SETTINGS, encoding="utf-8")
    with Book(directory / "book" / BOOK_FILE):
        pass
