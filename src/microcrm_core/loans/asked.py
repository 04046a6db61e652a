"""What a repayment method says about each row before any amount is known.

Weights of installments in fixed proportions, and amounts that were agreed one by one.
Terms that a method cannot serve are refused here.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import RepaymentPlan, Seasonal
    >>> from microcrm_core.loans.asked import row_weights
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 7, 15),
    ...     first_due_on=dt.date(2025, 8, 15),
    ...     plan=RepaymentPlan(
    ...         method=Seasonal((0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 0))
    ...     ),
    ... )
    >>> [str(weight) for weight in row_weights(terms, [8, 9, 10])]
    ['1', '1', '2']
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from microcrm_core.errors import CurrencyMismatchError, ScheduleError
from microcrm_core.loans.methods import Graduated, Seasonal, Weighted
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.money import Money

__all__ = ["agreed_minor", "not_covered", "require_grace", "row_weights"]

_ONE: Final = Fraction(1)


def row_weights(terms: LoanTerms, due_months: Sequence[int]) -> tuple[Fraction, ...]:
    """Return the size of each installment against the others.

    Args:
        terms: What was agreed; a method without weights has equal ones.
        due_months: Month of each due date, 1 to 12, before it was moved.

    Raises:
        ScheduleError: There is not one weight for each installment, or the last
            installment has none.

    Example:
        See `microcrm_core.loans.asked`.
    """
    method, count = terms.plan.method, terms.installment_count
    if isinstance(method, Graduated):
        return method.weights(count)
    if isinstance(method, Weighted):
        if len(method.weights) != count:
            raise ScheduleError(
                "plan.method.weights",
                f"must have {count} weights, one for each installment",
                len(method.weights),
                hint="give one for each, or change installment_count",
            )
        return method.weights
    if isinstance(method, Seasonal):
        weights = tuple(method.month_weights[month - 1] for month in due_months)
        if weights[-1] == 0:
            month = due_months[-1]
            raise ScheduleError(
                f"plan.method.month_weights[{month - 1}]",
                f"must be above zero, as the last due date is in month {month}",
                0,
                hint="move the due dates, or change installment_count",
                number=count,
                count=count,
            )
        return weights
    return (_ONE,) * count


def agreed_minor(
    amounts: Sequence[Money], count: int, terms: LoanTerms
) -> tuple[int, ...]:
    """Return amounts that were agreed one by one, in minor units.

    Raises:
        ScheduleError: There are more or fewer than *count*.
        CurrencyMismatchError: An amount is in another currency than the loan.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.loans.asked import agreed_minor
        >>> euro = Currency.of("EUR")
        >>> terms = LoanTerms(
        ...     principal=Money(1000, euro),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=2,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> agreed_minor([Money(400, euro), Money(600, euro)], 2, terms)
        (400, 600)
    """
    if len(amounts) != count:
        hint = "agree on one for each installment"
        if count < terms.installment_count:
            hint += " but the last, which pays what is left"
        raise ScheduleError(
            "plan.method.amounts",
            f"must have {count} amounts for {terms.installment_count} installments",
            len(amounts),
            hint=hint,
        )
    currency = terms.principal.currency
    for amount in amounts:
        if amount.currency != currency:
            raise CurrencyMismatchError(
                "amounts", f"must be in {currency.code}", amount.currency.code
            )
    return tuple(amount.minor for amount in amounts)


def require_grace(terms: LoanTerms) -> None:
    """Refuse grace that leaves no installment to pay.

    Raises:
        ScheduleError: Grace is as long as the loan.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.loans.asked import require_grace
        >>> require_grace(
        ...     LoanTerms(
        ...         principal=Money(1000, Currency.of("EUR")),
        ...         nominal_rate=Rate.per_year("0.24"),
        ...         installment_count=2,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 1, 15),
        ...         first_due_on=dt.date(2025, 2, 15),
        ...     )
        ... )
    """
    grace, count = terms.plan.grace, terms.installment_count
    for name in ("principal_count", "interest_payment_count"):
        length: int = getattr(grace, name)
        if length >= count:
            raise ScheduleError(
                f"plan.grace.{name}",
                f"must be less than installment_count {count}",
                length,
                hint="shorten the grace, or agree on more installments",
            )


def not_covered(
    terms: LoanTerms,
    number: int,
    count: int,
    *,
    paid_minor: int,
    interest_minor: int,
    hint: str,
) -> ScheduleError:
    """Return the error of an installment that is smaller than its interest.

    Args:
        terms: What was agreed.
        number: Which installment, from 1.
        count: How many there are.
        paid_minor: What it comes to.
        interest_minor: The interest of its period.
        hint: What to do about it other than to lower the rate.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.loans.asked import not_covered
        >>> terms = LoanTerms(
        ...     principal=Money(1000, Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year(28),
        ...     installment_count=2,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> error = not_covered(
        ...     terms,
        ...     1,
        ...     2,
        ...     paid_minor=500,
        ...     interest_minor=2333,
        ...     hint="or shorten the period",
        ... )
        >>> error.number, error.value
        (1, 'EUR 5.00')
        >>> error.hint
        'check the rate (28 % a year is 0.28), or shorten the period'
    """
    # Only a refusal needs what products hold to be a slip.
    from microcrm_core.loans.product_parts import is_doubtful

    rates = [terms.nominal_rate, *(one.nominal_rate for one in terms.rate_changes)]
    is_slip = any(map(is_doubtful, rates))
    first = "check the rate (28 % a year is 0.28)" if is_slip else "lower the rate"
    currency = terms.principal.currency
    return ScheduleError(
        "installment",
        f"must cover the interest of its period, {Money(interest_minor, currency)}",
        str(Money(paid_minor, currency)),
        hint=f"{first}, {hint}",
        number=number,
        count=count,
    )
