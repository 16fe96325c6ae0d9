"""The stages of the night: plain functions, frames in and frames out."""
