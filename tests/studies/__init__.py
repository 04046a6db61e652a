"""Studies on public data that nobody here wrote; each prints a table and its method.

Nothing of the data is kept in this repository: every study takes its folder.
"""
