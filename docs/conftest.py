"""The examples in the pages run as tests."""

from tests.examples import PAGE_EXAMPLES

pytest_collect_file = PAGE_EXAMPLES.pytest()
