"""What the loan that is advised on took from the customer's account.

A due day looks poor where the balance is low because the installment was paid. So the
repayments of the loan that is advised on go back to the balances, of that loan alone:
what other loans take is gone whichever day this one falls due. A request took nothing
yet.

Only what left the account goes back: a repayment counts where an outgoing transaction
of its day and its amount is known. One transaction stands for one repayment. What was
paid in cash, or from another account, moved no balance.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.reviews.own_repayments import account_repayments
    >>> account_repayments(None, [], [], dt.date(2025, 1, 31))
    ()
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from microcrm_core.adjustments import OwnRepayment
from microcrm_core.customers import Direction, Transaction
from microcrm_core.ledger import (
    Repaid,
    RepaymentKind,
    end_of_day,
    loan_log,
    read_log,
)
from microcrm_core.loans import Loan, Repayment

if TYPE_CHECKING:
    from microcrm_core.ledger import LedgerEvent

__all__ = ["account_repayments"]

_BY_CUSTOMER: Final = frozenset({RepaymentKind.REPAYMENT, RepaymentKind.DOWN_PAYMENT})


def account_repayments(
    loan: Loan | None,
    repayments: Iterable[Repayment | LedgerEvent],
    transactions: Iterable[Transaction],
    as_of: dt.date,
) -> tuple[OwnRepayment, ...]:
    """Return what a loan took from the account, as far as known on the day.

    Args:
        loan: The loan that is advised on; None: there is none.
        repayments: Repayments and events of this loan and others.
        transactions: Of the customer, each once.
        as_of: The day. A repayment that is reversed by then never was.

    Raises:
        LedgerError: What was recorded of the loan contradicts itself.

    Source:
        House rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate, Repayment
        >>> from microcrm_core.customers import Direction, Transaction
        >>> from microcrm_core.loans import Loan
        >>> from microcrm_core.reviews.own_repayments import account_repayments
        >>> euro = Currency.of("EUR")
        >>> start, paid_on = dt.date(2025, 1, 15), dt.date(2025, 2, 14)
        >>> loan = Loan(
        ...     id="loan-1",
        ...     customer_id="c-1",
        ...     terms=LoanTerms(
        ...         principal=Money(1000, euro),
        ...         nominal_rate=Rate.per_year(0),
        ...         installment_count=2,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=start,
        ...         first_due_on=dt.date(2025, 2, 15),
        ...     ),
        ...     requested_on=None,
        ...     is_disbursed=True,
        ...     known_on=start,
        ... )
        >>> repayments = [
        ...     Repayment(
        ...         id=f"r-{minor}",
        ...         loan_id="loan-1",
        ...         paid_on=paid_on,
        ...         amount=Money(minor, euro),
        ...         known_on=paid_on,
        ...     )
        ...     for minor in (500, 70)
        ... ]
        >>> moved = Transaction(
        ...     id="t-1",
        ...     customer_id="c-1",
        ...     booked_on=paid_on,
        ...     direction=Direction.OUT,
        ...     amount=Money(500, euro),
        ... )
        >>> found = account_repayments(loan, repayments, [moved], dt.date(2025, 3, 1))
        >>> [str(one.amount) for one in found]
        ['EUR 5.00']
    """
    if loan is None or not loan.is_disbursed_as_of(as_of):
        return ()
    records = [one for one in repayments if one.loan_id == loan.id]
    log = read_log(loan_log(loan, records), as_of=as_of, known_at=end_of_day(as_of))
    moved = Counter(
        (one.booked_on, one.amount)
        for one in transactions
        if one.direction is Direction.OUT and one.is_known_as_of(as_of)
    )
    found: list[OwnRepayment] = []
    for event in log:
        what = event.what
        if not isinstance(what, Repaid) or what.kind not in _BY_CUSTOMER:
            continue
        key = event.value_on, what.amount
        if moved[key] > 0:
            moved[key] -= 1
            found.append(OwnRepayment(event.value_on, what.amount))
    return tuple(found)
