"""How fast the library is, as ratios to what a user would do instead.

`uv run python -m tests.benchmarks [NAME...]` runs them and prints tables; no test
depends on a time.
"""
