"""Plots: what a quote or an advice says, drawn with matplotlib.

An edge: needs the extra `plot`. Figures are made without `pyplot`, so that no setting
and no window of the caller's program is touched.
"""

from __future__ import annotations

from microcrm_core.plots.adjustment_plots import plot_adjustment
from microcrm_core.plots.due_day_plots import plot_due_days

__all__ = ["plot_adjustment", "plot_due_days"]
