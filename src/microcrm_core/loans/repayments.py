"""Repayments: what the customer paid, and what of the schedule it settled.

Money goes to the oldest installment first, and within an installment to fees, then to
interest, then to principal. An installment is settled on the day on which all
repayments together reach all that was due up to and with it; its due date is the last
day on which that is on time. Where nothing was due up to it, as in a moratorium, it is
settled on its due date by itself. What is paid beyond the schedule is kept as credit.
The order in which repayments arrive never matters, only their days and ids.

Only what was paid and known by the day counts, so a standing can be asked for as of
any day. `repayments_batch` is the twin for columns.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import attrs

from microcrm_core.checks import day, day_field, name_text_field
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ids import LoanId, RepaymentId
from microcrm_core.loans.schedule import Schedule
from microcrm_core.money import Money

__all__ = [
    "Allocation",
    "AllocationPart",
    "LoanStanding",
    "Repayment",
    "allocate_repayments",
]


def _above_zero(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, Money) or not value.is_positive:
        raise InvalidValueError("amount", "must be a Money above zero", value)


@attrs.frozen(kw_only=True)
class Repayment:
    """Money that the customer actually paid on a loan.

    Attributes:
        id: Identity of the repayment.
        loan_id: The loan that it repays.
        paid_on: Day of the payment.
        amount: What was paid; above zero.
        known_on: Day on which the lender came to know it.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId, RepaymentId
        >>> from microcrm_core.loans import Repayment
        >>> repayment = Repayment(
        ...     id=RepaymentId("r-1"),
        ...     loan_id=LoanId("loan-1"),
        ...     paid_on=dt.date(2025, 2, 14),
        ...     amount=Money.of("113.45", Currency.of("EUR")),
        ...     known_on=dt.date(2025, 2, 17),
        ... )
        >>> repayment.is_known_as_of(dt.date(2025, 2, 16))
        False
    """

    id: RepaymentId = attrs.field(validator=name_text_field)
    loan_id: LoanId = attrs.field(validator=name_text_field)
    paid_on: dt.date = attrs.field(validator=day_field)
    amount: Money = attrs.field(validator=_above_zero)
    known_on: dt.date = attrs.field(validator=day_field)

    def is_known_as_of(self, as_of: dt.date) -> bool:
        """Return whether it was paid, and known, by that day."""
        return self.paid_on <= as_of and self.known_on <= as_of


@attrs.frozen(kw_only=True)
class AllocationPart:
    """What one repayment gave to one installment.

    Attributes:
        number: The installment, from 1.
        fees_minor: Given to its fees.
        interest_minor: Given to its interest.
        principal_minor: Given to its principal.

    Example:
        >>> from microcrm_core.loans import AllocationPart
        >>> part = AllocationPart(
        ...     number=1, fees_minor=5, interest_minor=20, principal_minor=75
        ... )
        >>> part.total_minor
        100
    """

    number: int
    fees_minor: int
    interest_minor: int
    principal_minor: int

    @property
    def total_minor(self) -> int:
        """Fees, interest and principal together."""
        return self.fees_minor + self.interest_minor + self.principal_minor


@attrs.frozen(kw_only=True)
class Allocation:
    """Where one repayment went; parts and credit add up to its amount.

    Attributes:
        repayment: What was paid.
        parts: What each installment got, oldest first; none that got nothing.
        credit_minor: What was left once the whole schedule was paid.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId, RepaymentId
        >>> from microcrm_core.loans import Allocation, AllocationPart, Repayment
        >>> repayment = Repayment(
        ...     id=RepaymentId("r-1"),
        ...     loan_id=LoanId("loan-1"),
        ...     paid_on=dt.date(2025, 2, 14),
        ...     amount=Money(700, Currency.of("EUR")),
        ...     known_on=dt.date(2025, 2, 14),
        ... )
        >>> last = AllocationPart(
        ...     number=6, fees_minor=0, interest_minor=10, principal_minor=640
        ... )
        >>> allocation = Allocation(repayment=repayment, parts=(last,), credit_minor=50)
        >>> allocation.parts[0].total_minor + allocation.credit_minor
        700
    """

    repayment: Repayment
    parts: tuple[AllocationPart, ...]
    credit_minor: int


@attrs.frozen(kw_only=True)
class LoanStanding:
    """How a loan stands at the end of a day: what is paid, overdue and still open.

    Per installment there are two columns, `paid_minor` and `settled_on`, as long as
    those of the schedule; everything else is about the loan. Amounts are whole minor
    units of the loan's currency; `outstanding`, `overdue`, `repaid` and `credit`
    give them as `Money`.

    Attributes:
        schedule: What was due when.
        repayments: Those that count, ordered by day and id.
        as_of: The day; only what was paid and known by then counts.
        paid_minor: What was paid of each installment.
        settled_on: Day on which each was paid in full; None: not settled.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.ids import LoanId, RepaymentId
        >>> from microcrm_core.loans import (
        ...     STRICT, Repayment, allocate_repayments, build_schedule
        ... )
        >>> euro = Currency.of("EUR")
        >>> terms = LoanTerms(
        ...     principal=Money(1000, euro),
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=2,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> repayment = Repayment(
        ...     id=RepaymentId("r-1"),
        ...     loan_id=LoanId("loan-1"),
        ...     paid_on=dt.date(2025, 2, 14),
        ...     amount=Money(700, euro),
        ...     known_on=dt.date(2025, 2, 14),
        ... )
        >>> standing = allocate_repayments(
        ...     build_schedule(terms, STRICT), [repayment], dt.date(2025, 3, 20)
        ... )
        >>> standing.paid_minor, standing.settled_on
        ((500, 200), (datetime.date(2025, 2, 14), None))
        >>> str(standing.overdue), standing.days_past_due
        ('EUR 3.00', 5)
    """

    schedule: Schedule = attrs.field(repr=False)
    repayments: tuple[Repayment, ...] = attrs.field(repr=False)
    as_of: dt.date
    paid_minor: tuple[int, ...]
    settled_on: tuple[dt.date | None, ...]

    @property
    def repaid_minor(self) -> int:
        """All repayments together, credit included."""
        return sum(repayment.amount.minor for repayment in self.repayments)

    @property
    def outstanding_minor(self) -> int:
        """Principal, interest and fees of the whole schedule, not yet paid."""
        return self.schedule.total.minor - sum(self.paid_minor)

    @property
    def outstanding_principal_minor(self) -> int:
        """Principal not yet paid back, due or not."""
        # Fees and interest are paid before principal.
        rows = zip(
            self.paid_minor,
            self.schedule.total_minor,
            self.schedule.principal_minor,
            strict=True,
        )
        back_minor = sum(
            max(0, paid - (total - principal)) for paid, total, principal in rows
        )
        return sum(self.schedule.principal_minor) - back_minor

    @property
    def overdue_minor(self) -> int:
        """What is not paid of installments whose due date has passed."""
        rows = zip(
            self.schedule.due_on,
            self.schedule.total_minor,
            self.paid_minor,
            strict=True,
        )
        return sum(total - paid for due, total, paid in rows if due < self.as_of)

    @property
    def days_past_due(self) -> int:
        """Days since the due date of the oldest unpaid installment, else 0."""
        for due, settled in zip(self.schedule.due_on, self.settled_on, strict=True):
            if settled is None:
                return max(0, (self.as_of - due).days)
        return 0

    @property
    def credit_minor(self) -> int:
        """What was paid beyond the schedule."""
        return self.repaid_minor - sum(self.paid_minor)

    @property
    def is_settled(self) -> bool:
        """Whether the whole schedule is paid."""
        return self.settled_on[-1] is not None

    @property
    def loan_settled_on(self) -> dt.date | None:
        """Day on which the whole schedule was paid; None: not yet."""
        return self.settled_on[-1]

    @property
    def repaid(self) -> Money:
        """See `repaid_minor`."""
        return self._money(self.repaid_minor)

    @property
    def outstanding(self) -> Money:
        """See `outstanding_minor`."""
        return self._money(self.outstanding_minor)

    @property
    def overdue(self) -> Money:
        """See `overdue_minor`."""
        return self._money(self.overdue_minor)

    @property
    def credit(self) -> Money:
        """See `credit_minor`."""
        return self._money(self.credit_minor)

    @property
    def allocations(self) -> tuple[Allocation, ...]:
        """Where each repayment that counts went, ordered by day and id.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core import Currency, Money
            >>> from microcrm_core.dates import Frequency
            >>> from microcrm_core.ids import LoanId, RepaymentId
            >>> from microcrm_core.loans import (
            ...     STRICT, LoanTerms, Repayment, allocate_repayments, build_schedule
            ... )
            >>> from microcrm_core.rates import Rate
            >>> euro = Currency.of("EUR")
            >>> terms = LoanTerms(
            ...     principal=Money(1000, euro),
            ...     nominal_rate=Rate.per_year(0),
            ...     installment_count=2,
            ...     frequency=Frequency.MONTHLY,
            ...     disbursed_on=dt.date(2025, 1, 15),
            ...     first_due_on=dt.date(2025, 2, 15),
            ... )
            >>> repayment = Repayment(
            ...     id=RepaymentId("r-1"),
            ...     loan_id=LoanId("loan-1"),
            ...     paid_on=dt.date(2025, 2, 14),
            ...     amount=Money(700, euro),
            ...     known_on=dt.date(2025, 2, 14),
            ... )
            >>> standing = allocate_repayments(
            ...     build_schedule(terms, STRICT), [repayment], dt.date(2025, 2, 28)
            ... )
            >>> for part in standing.allocations[0].parts:
            ...     print(part.number, part.interest_minor, part.principal_minor)
            1 0 500
            2 0 200
        """
        given: list[Allocation] = []
        paid_before = 0
        for repayment in self.repayments:
            paid_after = paid_before + repayment.amount.minor
            given.append(self._allocation(repayment, paid_before, paid_after))
            paid_before = paid_after
        return tuple(given)

    def allocated(self, repayment_id: RepaymentId) -> Allocation:
        """Return where one repayment went.

        Raises:
            InvalidValueError: No repayment of this id counts as of the day.
        """
        for allocation in self.allocations:
            if allocation.repayment.id == repayment_id:
                return allocation
        raise InvalidValueError(
            "repayment_id", "must be of a repayment that counts", repayment_id
        )

    def _allocation(
        self, repayment: Repayment, paid_before: int, paid_after: int
    ) -> Allocation:
        # All repayments lie end to end on one line, and so do the parts of the
        # schedule; a repayment gives each part the length that both cover.
        due = list(accumulate(self.schedule.total_minor, initial=0))
        first = bisect_right(due, paid_before) - 1
        parts: list[AllocationPart] = []
        for row in range(first, len(due) - 1):
            if due[row] >= paid_after:
                break
            interest_from = due[row] + self.schedule.fees_minor[row]
            principal_from = interest_from + self.schedule.interest_minor[row]
            part = AllocationPart(
                number=row + 1,
                fees_minor=_shared(paid_before, paid_after, due[row], interest_from),
                interest_minor=_shared(
                    paid_before, paid_after, interest_from, principal_from
                ),
                principal_minor=_shared(
                    paid_before, paid_after, principal_from, due[row + 1]
                ),
            )
            if part.total_minor:
                parts.append(part)
        credit_minor = max(0, paid_after - max(paid_before, due[-1]))
        return Allocation(
            repayment=repayment, parts=tuple(parts), credit_minor=credit_minor
        )

    def _money(self, minor: int) -> Money:
        return Money(minor, self.schedule.terms.principal.currency)


def allocate_repayments(
    schedule: Schedule, repayments: Iterable[Repayment], as_of: dt.date
) -> LoanStanding:
    """Return how the loan of *schedule* stands at the end of the day *as_of*.

    Only repayments that were paid and known by then count. They go to the oldest
    installment first, in it to fees, then interest, then principal.

    Args:
        schedule: What is due when.
        repayments: Those of this one loan, in any order; each once.
        as_of: The day. A due date before it has passed; one on it has not.

    Raises:
        InvalidValueError: Two repayments share an id, or belong to different
            loans.
        CurrencyMismatchError: A repayment is in another currency than the loan.

    Source:
        House rule; the order of allocation is the common one of loan contracts.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.ids import LoanId, RepaymentId
        >>> from microcrm_core.loans import (
        ...     STRICT, LoanTerms, Repayment, allocate_repayments, build_schedule
        ... )
        >>> from microcrm_core.rates import Rate
        >>> euro = Currency.of("EUR")
        >>> terms = LoanTerms(
        ...     principal=Money(1000, euro),
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=2,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> repayment = Repayment(
        ...     id=RepaymentId("r-1"),
        ...     loan_id=LoanId("loan-1"),
        ...     paid_on=dt.date(2025, 2, 15),
        ...     amount=Money(400, euro),
        ...     known_on=dt.date(2025, 2, 15),
        ... )
        >>> standing = allocate_repayments(
        ...     build_schedule(terms, STRICT), [repayment], dt.date(2025, 2, 18)
        ... )
        >>> standing.overdue_minor, standing.days_past_due
        (100, 3)
    """
    day("as_of", as_of)
    given = tuple(repayments)
    _require_one_loan(schedule, given)
    counted = sorted(
        (repayment for repayment in given if repayment.is_known_as_of(as_of)),
        key=lambda repayment: (repayment.paid_on, repayment.id),
    )
    repaid = list(accumulate(repayment.amount.minor for repayment in counted))
    repaid_minor = repaid[-1] if repaid else 0

    paid: list[int] = []
    settled_on: list[dt.date | None] = []
    due_minor = 0
    for due_on, total_minor in zip(schedule.due_on, schedule.total_minor, strict=True):
        paid.append(min(total_minor, max(0, repaid_minor - due_minor)))
        due_minor += total_minor
        if due_minor == 0:
            settled_on.append(due_on)
            continue
        reached = bisect_left(repaid, due_minor)
        settled_on.append(counted[reached].paid_on if reached < len(repaid) else None)
    return LoanStanding(
        schedule=schedule,
        repayments=tuple(counted),
        as_of=as_of,
        paid_minor=tuple(paid),
        settled_on=tuple(settled_on),
    )


def _require_one_loan(schedule: Schedule, repayments: tuple[Repayment, ...]) -> None:
    currency = schedule.terms.principal.currency
    seen: set[RepaymentId] = set()
    for repayment in repayments:
        if repayment.loan_id != repayments[0].loan_id:
            rule = f"must be that of all repayments, {repayments[0].loan_id!r}"
            raise InvalidValueError("loan_id", rule, repayment.loan_id)
        if repayment.amount.currency != currency:
            raise CurrencyMismatchError(
                "amount",
                f"of repayment {repayment.id!r} must be in {currency.code}",
                repayment.amount.currency.code,
            )
        if repayment.id in seen:
            raise InvalidValueError("id", "must be given once", repayment.id)
        seen.add(repayment.id)


def _shared(from_minor: int, to_minor: int, part_from: int, part_to: int) -> int:
    return max(0, min(to_minor, part_to) - max(from_minor, part_from))
