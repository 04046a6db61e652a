"""The quotes that the recipes on adjustments show, and the pictures of them.

The pages make the same quotes in their own examples; `test_recipe_quotes` holds the
tables of the pages and the pictures to them. To draw the pictures anew:

    uv run python -m tests.plots.recipe_quotes
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Final

import attrs

from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
from microcrm_core.adjustments import (
    ADJUSTMENTS_LENIENT,
    AdjustmentKind,
    AdjustmentQuote,
    AdjustmentRequest,
    CapitalizeArrears,
    ChangeDueDay,
    ChangeFrequency,
    ChangeRate,
    ExtendTerm,
    PaymentHoliday,
    Prepay,
    ReAge,
    ReAmortize,
    Renew,
    SeasonalPlan,
    ShiftDueDates,
    quote_adjustment,
)
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    Disbursed,
    Happening,
    LedgerEvent,
    LedgerPolicy,
    LoanAccount,
    Repaid,
)
from microcrm_core.loans import STRICT_30_360, Fee, FeeTiming, Portion
from microcrm_core.plots import plot_adjustment

__all__ = ["IMAGES", "QUOTES", "image_of", "quote_of", "svg_of"]

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"

_EURO: Final = Currency.of("EUR")
_LOAN: Final = LoanId("loan-7")
_TERMS: Final = LoanTerms(
    principal=Money.of("1200.00", _EURO),
    nominal_rate=Rate.per_year("0.24"),
    installment_count=6,
    frequency=Frequency.MONTHLY,
    disbursed_on=dt.date(2025, 1, 15),
    first_due_on=dt.date(2025, 2, 15),
)
_ON_TIME: Final = dt.date(2025, 2, 20)
_IN_ARREARS: Final = dt.date(2025, 4, 1)


def _event(what: Happening, value_on: dt.date, key: str) -> LedgerEvent:
    return LedgerEvent.of(
        what,
        loan_id=_LOAN,
        value_on=value_on,
        recorded_at=dt.datetime.combine(value_on, dt.time(12), dt.UTC),
        idempotency_key=key,
    )


def _account(policy: LedgerPolicy = PLAIN_LEDGER) -> LoanAccount:
    first_on, paid = dt.date(2025, 2, 15), Money.of("214.24", _EURO)
    return LoanAccount(
        loan_id=_LOAN,
        terms=_TERMS,
        events=[
            _event(Disbursed(amount=_TERMS.principal), _TERMS.disbursed_on, "lent"),
            _event(Repaid(amount=paid), first_on, "first"),
        ],
        conventions=STRICT_30_360,
        policy=policy,
    )


def _renewal() -> Renew:
    fee = Fee(
        name="contract",
        timing=FeeTiming.UPFRONT,
        portion=Portion.of_amount(Money.of("9.00", _EURO)),
    )
    terms = attrs.evolve(
        _TERMS,
        principal=Money.of("1800.00", _EURO),
        disbursed_on=_ON_TIME,
        first_due_on=dt.date(2025, 3, 20),
        plan=attrs.evolve(_TERMS.plan, fees=(fee,)),
    )
    return Renew(
        new_loan_id=LoanId("loan-8"), terms=terms, settlement_account="account-12"
    )


QUOTES: Final[dict[AdjustmentKind, tuple[LedgerPolicy, AdjustmentRequest, dt.date]]] = {
    AdjustmentKind.CHANGE_DUE_DAY: (PLAIN_LEDGER, ChangeDueDay(day=25), _ON_TIME),
    AdjustmentKind.SHIFT_DUE_DATES: (PLAIN_LEDGER, ShiftDueDates(7), _ON_TIME),
    AdjustmentKind.PAYMENT_HOLIDAY: (PLAIN_LEDGER, PaymentHoliday(count=1), _ON_TIME),
    AdjustmentKind.CHANGE_FREQUENCY: (
        PLAIN_LEDGER,
        ChangeFrequency(frequency=Frequency.BIWEEKLY),
        _ON_TIME,
    ),
    AdjustmentKind.SEASONAL_PLAN: (
        PLAIN_LEDGER,
        SeasonalPlan((1, 1, 1, 1, 1, 3, 3, 3, 3, 1, 1, 1)),
        _ON_TIME,
    ),
    AdjustmentKind.EXTEND_TERM: (PLAIN_LEDGER, ExtendTerm(2), _ON_TIME),
    AdjustmentKind.CHANGE_RATE: (
        PLAIN_LEDGER,
        ChangeRate(Rate.per_year("0.18")),
        _ON_TIME,
    ),
    AdjustmentKind.PREPAY: (
        RECALCULATING_LEDGER,
        Prepay(Money.of("400.00", _EURO)),
        _ON_TIME,
    ),
    AdjustmentKind.CAPITALIZE_ARREARS: (PLAIN_LEDGER, CapitalizeArrears(), _IN_ARREARS),
    AdjustmentKind.RE_AGE: (
        PLAIN_LEDGER,
        ReAge(
            start_on=dt.date(2025, 5, 1),
            frequency=Frequency.MONTHLY,
            installment_count=6,
        ),
        _IN_ARREARS,
    ),
    AdjustmentKind.RE_AMORTIZE: (PLAIN_LEDGER, ReAmortize(), _IN_ARREARS),
    AdjustmentKind.RENEW: (RECALCULATING_LEDGER, _renewal(), _ON_TIME),
}
"""By kind: how the loan is kept, what is asked for, and on which day."""


@cache
def quote_of(kind: AdjustmentKind) -> AdjustmentQuote:
    """The quote that the recipe of a request shows."""
    policy, request, as_of = QUOTES[kind]
    return quote_adjustment(
        _account(policy), request, ADJUSTMENTS_LENIENT, as_of
    ).outcome


def image_of(kind: AdjustmentKind) -> Path:
    """Where the picture of a request is kept."""
    return IMAGES / f"adjust-{kind.value.replace('_', '-')}.svg"


def svg_of(quote: AdjustmentQuote) -> str:
    """The picture of a quote, the same whenever it is drawn."""
    import matplotlib as mpl

    text = StringIO()
    with mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "microcrm_core",
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans"],
        }
    ):
        metadata = {"Date": None, "Creator": None}
        plot_adjustment(quote).savefig(text, format="svg", metadata=metadata)
    # matplotlib leaves spaces at the ends of lines.
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for one in QUOTES:
        image_of(one).write_text(svg_of(quote_of(one)))
