"""The batch: everything that touches files, tables, time or people."""
