"""A simulated portfolio to try things on, with core dependencies only.

An edge without scalar twins: importing it imports numpy.
"""

from microcrm_core.samples.portfolio import SAMPLE_AS_OF, sample_portfolio

__all__ = ["SAMPLE_AS_OF", "sample_portfolio"]
