"""An adjustment drawn: what is due before and after it, and how the principal falls.

The upper panel has a pair of bars for each line of the quote: all that is due with it
now, and with the adjustment. The lower one has the principal that is outstanding from
the day of the quote on, if all is paid when it is due: a dashed line as the loan
stands, and a solid one with the adjustment. The colors are told apart by readers who
see few of them, and in gray.

Example:
    See `plot_adjustment`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from microcrm_core.errors import InvalidValueError, MissingExtraError
from microcrm_core.money import Money
from microcrm_core.plots.adjustment_series import (
    due_pairs,
    points_after,
    points_before,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from microcrm_core.adjustments.adjustment_quotes import AdjustmentQuote

__all__ = ["plot_adjustment"]

# Of the palette of Okabe and Ito: apart for the color-blind, and one dark, one light.
_BEFORE_COLOR: Final = "#0072B2"
_AFTER_COLOR: Final = "#E69F00"
_SIZE_INCHES: Final = (8.0, 6.0)
_BAR_WIDTH: Final = 0.4
_SHORT_MAX: Final = 7
_LABELS_MAX: Final = 13
_DAYS_MAX: Final = 7


def plot_adjustment(
    quote: AdjustmentQuote, *, axes: Sequence[Axes] | None = None
) -> Figure:
    """Return a figure of what is due before and after, and of the principal.

    A refused quote without a schedule after it shows the loan as it stands. Of a
    renewal, what is after is the new loan. Amounts are drawn in whole units of the
    currency, as floats: they are for looking, not for counting.

    Args:
        quote: The quote.
        axes: Two axes of one figure, for the bars and for the lines; None: a new
            figure, which is not known to `pyplot`.

    Returns:
        The figure; `figure.savefig("quote.svg")` writes it.

    Raises:
        MissingExtraError: matplotlib is not installed.
        InvalidValueError: *axes* are not two.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import ADJUSTMENTS_LENIENT, ChangeDueDay
        >>> from microcrm_core.adjustments import quote_adjustment
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
        >>> from microcrm_core.ledger import LoanAccount
        >>> from microcrm_core.plots import plot_adjustment
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> lent = LedgerEvent.of(
        ...     Disbursed(amount=terms.principal),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=terms.disbursed_on,
        ...     recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
        ...     idempotency_key="lent",
        ... )
        >>> account = LoanAccount(
        ...     loan_id=LoanId("loan-7"),
        ...     terms=terms,
        ...     events=[lent],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ... )
        >>> decision = quote_adjustment(
        ...     account, ChangeDueDay(day=25), ADJUSTMENTS_LENIENT, dt.date(2025, 1, 20)
        ... )
        >>> bars, _ = plot_adjustment(decision.outcome).axes
        >>> bars.get_ylabel()
        'due with each installment, EUR'
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("plot", feature="plot_adjustment") from None
    if axes is None:
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        axes = [figure.add_subplot(2, 1, 1), figure.add_subplot(2, 1, 2)]
    if len(axes) != 2:
        hint = "take those of a figure with two rows"
        raise InvalidValueError("axes", "must be two", len(axes), hint=hint)
    bars, lines = axes
    _draw_bars(bars, quote)
    _draw_lines(lines, quote)
    # The axes know a figure or a part of one; a part knows its whole.
    return bars.figure.figure


def _draw_bars(axes: Axes, quote: AdjustmentQuote) -> None:
    pairs, currency = due_pairs(quote), quote.before.terms.principal.currency
    is_short = len(pairs) <= _SHORT_MAX
    has_after = any(pair.after is not None for pair in pairs)
    offset = _BAR_WIDTH / 2 if has_after else 0.0
    for label, color, shift, sides in (
        ("before", _BEFORE_COLOR, -offset, [pair.before for pair in pairs]),
        ("after", _AFTER_COLOR, offset, [pair.after for pair in pairs]),
    ):
        dues = [(place, due) for place, due in enumerate(sides) if due is not None]
        if not dues:
            continue
        amounts = [Money(minor, currency).amount for _, (_, minor) in dues]
        drawn = axes.bar(
            [place + shift for place, _ in dues],
            [float(amount) for amount in amounts],
            _BAR_WIDTH,
            color=color,
            label=label,
        )
        if is_short:
            axes.bar_label(drawn, [str(one) for one in amounts], fontsize="small")
    # Of a long schedule every second, third, … due date is told.
    places = _spread(len(pairs), _LABELS_MAX)
    axes.set_xticks(
        [*places],
        [pairs[place].text for place in places],
        rotation=0 if is_short else 45,
        ha="center" if is_short else "right",
        fontsize="small",
    )
    axes.margins(y=0.1)
    axes.set_title(f"{quote.loan_id}, quoted on {quote.as_of}", loc="left")
    axes.set_xlabel("due date (before → after)" if has_after else "due date")
    axes.set_ylabel(f"due with each installment, {currency.code}")
    axes.legend(fontsize="small", ncols=2, loc="lower right", bbox_to_anchor=(1, 1))


def _draw_lines(axes: Axes, quote: AdjustmentQuote) -> None:
    currency = quote.before.terms.principal.currency
    for label, color, style, points in (
        ("before", _BEFORE_COLOR, "--", points_before(quote)),
        ("after", _AFTER_COLOR, "-", points_after(quote)),
    ):
        if points:
            axes.plot(
                _days([on for on, _ in points]),
                [float(Money(minor, currency).amount) for _, minor in points],
                color=color,
                linestyle=style,
                drawstyle="steps-post",
                marker=".",
                label=label,
            )
    due_on = [on for on, _ in (points_after(quote) or points_before(quote))[1:]]
    told = [due_on[place] for place in _spread(len(due_on), _DAYS_MAX)]
    axes.set_xticks(_days(told), [str(on) for on in told], fontsize="small")
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"day, from {quote.as_of} on")
    axes.set_ylabel(f"principal outstanding, {currency.code}")
    axes.legend(fontsize="small")


def _days(dates: Sequence[dt.date]) -> NDArray[np.datetime64]:
    return np.array(dates, dtype="datetime64[D]")


def _spread(count: int, count_max: int) -> range:
    """Return places from the first on, evenly apart, no more than *count_max*."""
    return range(0, count, max(-(-count // count_max), 1))
