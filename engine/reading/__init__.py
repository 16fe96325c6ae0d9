"""From files to canonical tables: read as text, parsed by the contract, every bad row set apart with its reasons."""
