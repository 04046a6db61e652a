"""What the states of a customer's loans say of archive and punctuality.

Every fact is read from the `LoanState` of each loan as of the day, so whatever the
ledger knows counts in it:

- *Installments* are all rows of a state: those of the schedule and of a re-aging, down
  payments, and what fell due after the last of them. What an installment asks for is
  principal, interest, fees and penalties; it is settled on the day on which nothing of
  that is left, because it was paid or because it is no longer asked for. One that asks
  for nothing is settled from the start, so it is on time.
- *Reversed payments* never were: an installment whose payment bounced is open since its
  due date, as of any day on which the reversal was known.
- *Charges* belong to the installment in which the ledger puts them. One that is added
  to an installment that was paid opens it again, until it is paid or waived.
- *Waivers* settle what they leave with nothing to pay, on their day and no earlier: it
  was late until then.
- *Re-aging* settles what it puts on new installments, on its day: it was late until
  then, and is late again if the new installments are not paid.
- *Write-offs* forgive the debt and not the lateness. Nothing is outstanding any more,
  but what was given up was not paid: an installment that a write-off settled counts as
  open, and its loan as not repaid, whatever is recovered later.

Example:
    See `microcrm_core.customers.build`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from dateutil.relativedelta import relativedelta

from microcrm_core import ledger
from microcrm_core.customers.profile import ArchiveFacts, RepaymentRecordFacts
from microcrm_core.rounding import Rounding, divide

if TYPE_CHECKING:
    # The ledger is read when facts are asked for, not when this module is loaded.
    from microcrm_core.ledger import LoanState

__all__ = ["archive_facts", "months_before", "ratio_ppm", "repayment_record_facts"]

_PPM: Final = 1_000_000
_YEAR_MONTHS: Final = 12
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_WRITTEN_OFF: Final = "loan.written_off"


def months_before(as_of: dt.date, months: int) -> dt.date:
    """Return the day so many calendar months before, the last day of a short month.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.customers.loan_facts import months_before
        >>> months_before(dt.date(2024, 2, 29), 12).isoformat()
        '2023-02-28'
    """
    return as_of - relativedelta(months=months)


def ratio_ppm(numerator: int | None, denominator: int | None) -> int | None:
    """Return numerator ÷ denominator in parts per million, rounded half even.

    None where the numerator is not known, or the denominator is not known or zero.

    Example:
        >>> from microcrm_core.customers.loan_facts import ratio_ppm
        >>> ratio_ppm(2, 3), ratio_ppm(2, 0)
        (666667, None)
    """
    if numerator is None or not denominator:
        return None
    return divide(numerator * _PPM, denominator, Rounding.HALF_EVEN)


def archive_facts(states: Sequence[LoanState], as_of: dt.date) -> ArchiveFacts:
    """Return what was lent, from the states of the loans that were paid out.

    Example:
        See `microcrm_core.customers.build`.
    """
    statuses = ledger.LoanStatus
    repaid = (statuses.CLOSED, statuses.OVERPAID)
    repaid_count = sum(state.status in repaid for state in states)
    paid_out = [one for state in states for one in state.disbursements]
    first_on = min((on for on, _ in paid_out), default=None)
    return ArchiveFacts(
        loan_count=len(states),
        active_loan_count=len(states) - repaid_count,
        repaid_loan_count=repaid_count,
        tenure_days=None if first_on is None else (as_of - first_on).days,
        lent_minor=sum(amount_minor for _, amount_minor in paid_out),
        outstanding_minor=sum(map(_outstanding_minor, states)),
    )


def repayment_record_facts(
    states: Sequence[LoanState], grace_days: int, as_of: dt.date
) -> RepaymentRecordFacts:
    """Return how punctual repayments were, over the installments of all loans.

    Args:
        states: Of the loans that were paid out, as of the day.
        grace_days: How many days after its due date an installment is still on time.
        as_of: The day.

    Example:
        See `microcrm_core.customers.build`.
    """
    as_of_day = as_of.toordinal() - _EPOCH
    # Due day, day of settling, and days late up to that day, or to the day.
    due = [
        (due_day, settled_day, max(0, _end_day(settled_day, as_of_day) - due_day))
        for state in states
        for due_day, settled_day in zip(
            state.due_day, _settled_days(state), strict=True
        )
        if due_day <= as_of_day
    ]
    on_time = [
        due_day
        for due_day, settled_day, days_late in due
        if settled_day is not None and days_late <= grace_days
    ]
    late = [due_day for due_day, _, days_late in due if days_late > grace_days]
    latest_late_day = max(late, default=None)
    year_ago = months_before(as_of, _YEAR_MONTHS).toordinal() - _EPOCH
    return RepaymentRecordFacts(
        due_installment_count=len(due),
        on_time_share_ppm=ratio_ppm(len(on_time), len(on_time) + len(late)),
        on_time_streak=sum(
            latest_late_day is None or due_day > latest_late_day for due_day in on_time
        ),
        days_past_due=max(
            (days_late for _, settled_day, days_late in due if settled_day is None),
            default=0,
        ),
        days_past_due_max=max((days_late for _, _, days_late in due), default=0),
        days_past_due_max_12m=max(
            (
                days_late
                for _, settled_day, days_late in due
                if settled_day is None or settled_day > year_ago
            ),
            default=0,
        ),
    )


def _end_day(settled_day: int | None, as_of_day: int) -> int:
    # The first day of 1970 is day 0, and a day like any other.
    return as_of_day if settled_day is None else settled_day


def _settled_days(state: LoanState) -> Sequence[int | None]:
    """Return when each row was settled, but by a write-off; None: it was not."""
    written_off_day = _written_off_day(state)
    if written_off_day is None:
        return state.settled_day
    waived = zip(*state.waived_minor, strict=True)
    return [
        None if day is not None and day >= written_off_day and any(amounts) else day
        for day, amounts in zip(state.settled_day, waived, strict=True)
    ]


def _written_off_day(state: LoanState) -> int | None:
    """Return the day on which a loan was written off; None: it was not."""
    if state.status is not ledger.LoanStatus.WRITTEN_OFF:
        return None
    # One that found nothing to give up is no write-off.
    return next(
        posting.value_on.toordinal() - _EPOCH
        for posting in state.postings
        if posting.type == _WRITTEN_OFF
        and posting.amount_minor
        and not posting.is_reversed
    )


def _outstanding_minor(state: LoanState) -> int:
    charged, paid, waived = (
        sum(map(sum, columns))
        for columns in (state.charged_minor, state.paid_minor, state.waived_minor)
    )
    return charged - paid - waived
