"""Ordermill in a notebook: open a run, call a stage, ask a report, on frames of one's own.

The names are imported when they are first used, so that `import engine` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from engine.batch import run_batch
    from engine.config import Settings
    from engine.drawing import Drawing, draw
    from engine.reports.backtest import backtest
    from engine.reports.channels import channel_turnover
    from engine.reports.classes import stock_classes
    from engine.reports.delivery import delivery_performance
    from engine.reports.ledger import movement_costs, stock_ledger
    from engine.reports.proposals import propose_orders
    from engine.reports.rolling import rolling_turnover
    from engine.reports.stock_health import stock_health
    from engine.reports.supply import Freight
    from engine.reports.trace import trace_turnover
    from engine.reports.turnover import inventory_turnover
    from engine.runs import open_run
    from engine.runs.comparison import compare
    from engine.runs.explanation import explain_order
    from engine.scenario import what_if
    from engine.stages.load_container import load_container, pack_bins
    from engine.stages.pack import pack_orders
    from engine.verify import verify_run
    from engine.workspace import make_workspace

__all__ = [
    "Drawing",
    "Freight",
    "Settings",
    "backtest",
    "channel_turnover",
    "compare",
    "delivery_performance",
    "draw",
    "explain_order",
    "inventory_turnover",
    "load_container",
    "make_workspace",
    "movement_costs",
    "open_run",
    "pack_bins",
    "pack_orders",
    "propose_orders",
    "rolling_turnover",
    "run_batch",
    "stock_classes",
    "stock_health",
    "stock_ledger",
    "trace_turnover",
    "verify_run",
    "what_if",
]

_HOMES: Final = {
    "Drawing": "engine.drawing",
    "Freight": "engine.reports.supply",
    "Settings": "engine.config",
    "backtest": "engine.reports.backtest",
    "channel_turnover": "engine.reports.channels",
    "compare": "engine.runs.comparison",
    "delivery_performance": "engine.reports.delivery",
    "draw": "engine.drawing",
    "explain_order": "engine.runs.explanation",
    "inventory_turnover": "engine.reports.turnover",
    "load_container": "engine.stages.load_container",
    "make_workspace": "engine.workspace",
    "movement_costs": "engine.reports.ledger",
    "open_run": "engine.runs",
    "pack_bins": "engine.stages.load_container",
    "pack_orders": "engine.stages.pack",
    "propose_orders": "engine.reports.proposals",
    "rolling_turnover": "engine.reports.rolling",
    "run_batch": "engine.batch",
    "stock_classes": "engine.reports.classes",
    "stock_health": "engine.reports.stock_health",
    "stock_ledger": "engine.reports.ledger",
    "trace_turnover": "engine.reports.trace",
    "verify_run": "engine.verify",
    "what_if": "engine.scenario",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"engine has no {name}; it has {', '.join(__all__)}.")
    return getattr(import_module(_HOMES[name]), name)
