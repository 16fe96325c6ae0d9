"""The public Olist data set as a workspace: real orders, sizes and delivery dates; the rest generated and labelled."""

from __future__ import annotations

from engine.olist.workspace import import_olist

__all__ = ["import_olist"]
