"""Masquerade measured against its budgets and its peers: ``python -m benchmarks``."""
