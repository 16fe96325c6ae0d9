"""The order book (DuckDB): what is remembered between nights."""

from __future__ import annotations

from engine.book.book import FILE_NAME, Book

__all__ = ["FILE_NAME", "Book"]
