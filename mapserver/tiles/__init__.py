"""Serving tiles fast: finished tiles in memory, known accounts, what changed, and the way round the rest of the stack."""
