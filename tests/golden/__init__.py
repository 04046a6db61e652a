"""Golden cases of regulators and peers, run against the public functions.

`python -m tests.golden DIR [FILE...]` reads JSON files and reports one line a file.
"""
