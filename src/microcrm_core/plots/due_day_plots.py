"""The advice of a due day drawn: how often each day of the month fell short.

One bar for each day that was compared: in how many of the known months the balance did
not cover the installment on it. The current due day and the advised one are told by
color and by name, so that the reader sees what a move is worth.

Example:
    See `plot_due_days`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from microcrm_core.adjustments.due_day import DueDayAdvice
from microcrm_core.errors import InvalidValueError, MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_due_days"]

_OTHER_COLOR: Final = "#999999"
# Of the palette of Okabe and Ito, as in `adjustment_plots`: as it is, and as it may be.
_CURRENT_COLOR: Final = "#0072B2"
_ADVISED_COLOR: Final = "#E69F00"
_SIZE_INCHES: Final = (8.0, 3.5)
_HEADROOM: Final = 1.1


def plot_due_days(advice: DueDayAdvice, *, axes: Axes | None = None) -> Figure:
    """Return a figure of the months in which each day fell short.

    Args:
        advice: The advice, of a history that was long enough.
        axes: Where to draw; None: a new figure, which is not known to `pyplot`.

    Returns:
        The figure; `figure.savefig("due-days.svg")` writes it.

    Raises:
        MissingExtraError: matplotlib is not installed.
        InvalidValueError: *advice* compares no days, because the history is too short.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.adjustments import DueDayAdvice
        >>> from microcrm_core.plots import plot_due_days
        >>> advice = DueDayAdvice(
        ...     due_day=12,
        ...     current_due_day=5,
        ...     needed=Money.of("120.00", Currency.of("EUR")),
        ...     months=12,
        ...     low_balance_minor_by_day=(9_000,) * 10 + (15_000,) * 18,
        ...     shortfall_count_by_day=(4,) * 10 + (0,) * 18,
        ... )
        >>> plot_due_days(advice).axes[0].get_ylabel()
        'months that fell short, of 12'
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("plot", feature="plot_due_days") from None
    if not advice.shortfall_count_by_day:
        hint = "more full months of balances are needed"
        raise InvalidValueError("advice", "must compare days", advice, hint=hint)
    if axes is None:
        axes = Figure(figsize=_SIZE_INCHES, layout="constrained").add_subplot()
    days = range(1, len(advice.shortfall_count_by_day) + 1)
    named = {
        advice.current_due_day: ("current due day", _CURRENT_COLOR),
        advice.due_day: ("advised due day", _ADVISED_COLOR),
    }
    if advice.due_day == advice.current_due_day:
        named = {advice.due_day: ("due day, which stays", _CURRENT_COLOR)}
    for day in days:
        label, color = named.get(day, ("_", _OTHER_COLOR))
        count = advice.shortfall_count_by_day[day - 1]
        axes.bar(day, count, color=color, label=label)
        if label != "_":
            # A day without shortfalls has no bar to be seen.
            axes.axvline(day, color=color, linestyle=":")
            axes.annotate(
                label,
                (day, count),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                fontsize="small",
            )
    axes.set_xticks([*days])
    axes.tick_params(axis="x", labelsize="small")
    axes.set_ylim(0, advice.months * _HEADROOM)
    axes.set_title(f"days on which the balance does not cover {advice.needed}")
    axes.set_xlabel("day of the month")
    axes.set_ylabel(f"months that fell short, of {advice.months}")
    # The axes know a figure or a part of one; a part knows its whole.
    return axes.figure.figure
