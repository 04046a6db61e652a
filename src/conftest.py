"""Docstring examples of the package run as tests."""

from tests.examples import SOURCE_EXAMPLES

pytest_collect_file = SOURCE_EXAMPLES.pytest()
