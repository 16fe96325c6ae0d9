"""The reports: one module a report, frames in and frames out."""
