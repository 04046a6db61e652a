"""Loan terms as plain JSON values, and back: strict, with the path to a fault.

Parts that have a default in `LoanTerms` may be left out when reading; when writing,
every part is there, so that the canonical JSON of a contract stands for all of it.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans.terms_plain import terms_from_plain, terms_to_plain
    >>> terms = LoanTerms(
    ...     principal=Money.of("1200.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=12,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> terms_to_plain(terms)["nominal_rate"]
    '0.24'
    >>> terms_from_plain(terms_to_plain(terms)) == terms
    True
"""

from __future__ import annotations

from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.loans.plain_values import (
    money_from_plain,
    money_to_plain,
    plain_items,
    plain_rate,
    plain_whole,
    rate_text,
)
from microcrm_core.loans.plans import EQUAL_INSTALLMENTS
from microcrm_core.loans.plans_plain import plan_from_plain, plan_to_plain
from microcrm_core.loans.terms import (
    InterestPause,
    LoanTerms,
    RateChange,
    Tranche,
)
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_day,
    plain_mapping,
    plain_text,
)

__all__ = ["plain_frequency", "terms_from_plain", "terms_to_plain"]


def plain_frequency(value: object, path: str) -> Frequency:
    """Return the frequency that its stored text stands for.

    Raises:
        PolicyError: There is none.

    Example:
        >>> from microcrm_core.loans.terms_plain import plain_frequency
        >>> str(plain_frequency("P10D", "frequency"))
        'P10D'
    """
    text = plain_text(value, path)
    try:
        return Frequency.of(text)
    except InvalidValueError as error:
        raise PolicyError(path, error.rule, text) from None


def terms_to_plain(terms: LoanTerms) -> Plain:
    """Return *terms* as a JSON object with every part, the plan included.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.loans.terms_plain import terms_to_plain
        >>> terms = LoanTerms(
        ...     principal=Money.of("1200.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=12,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> plain = terms_to_plain(terms)
        >>> plain["principal"], plain["first_due_on"]
        ({'currency': 'EUR', 'minor': 120000}, '2025-02-15')
    """
    last = terms.last_due_on
    return {
        "principal": money_to_plain(terms.principal),
        "nominal_rate": rate_text(terms.nominal_rate),
        "installment_count": terms.installment_count,
        "frequency": str(terms.frequency),
        "disbursed_on": terms.disbursed_on.isoformat(),
        "first_due_on": terms.first_due_on.isoformat(),
        "plan": plan_to_plain(terms.plan),
        "due_on": [on.isoformat() for on in terms.due_on],
        "last_due_on": None if last is None else last.isoformat(),
        "tranches": [
            {
                "disbursed_on": part.disbursed_on.isoformat(),
                "amount": money_to_plain(part.amount),
            }
            for part in terms.tranches
        ],
        "rate_changes": [
            {
                "from_on": change.from_on.isoformat(),
                "nominal_rate": rate_text(change.nominal_rate),
            }
            for change in terms.rate_changes
        ],
        "interest_pauses": [
            {
                "start_on": pause.start_on.isoformat(),
                "end_on": pause.end_on.isoformat(),
            }
            for pause in terms.interest_pauses
        ],
    }


def terms_from_plain(plain: object, *, path: str = "terms") -> LoanTerms:
    """Return the terms that a JSON object stands for.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, or no valid terms come of it; the error's
            `field` is the path to the fault.

    Example:
        >>> from microcrm_core.loans.terms_plain import terms_from_plain
        >>> terms_from_plain(
        ...     {
        ...         "principal": {"currency": "EUR", "minor": 120_000},
        ...         "nominal_rate": "0.24",
        ...         "installment_count": 12,
        ...         "frequency": "monthly",
        ...         "disbursed_on": "2025-01-15",
        ...         "first_due_on": "2025-02-15",
        ...     }
        ... ).plan.method
        EqualInstallments()
    """
    parts = plain_mapping(
        plain,
        path,
        needed=(
            "principal",
            "nominal_rate",
            "installment_count",
            "frequency",
            "disbursed_on",
            "first_due_on",
        ),
        optional=(
            "plan",
            "due_on",
            "last_due_on",
            "tranches",
            "rate_changes",
            "interest_pauses",
        ),
    )
    lists = {
        name: [
            (item, f"{path}.{name}[{i}]")
            for i, item in enumerate(plain_items(parts.get(name, ()), f"{path}.{name}"))
        ]
        for name in ("due_on", "tranches", "rate_changes", "interest_pauses")
    }
    last = parts.get("last_due_on")
    with faults_below(path):
        return LoanTerms(
            principal=money_from_plain(parts["principal"], f"{path}.principal"),
            nominal_rate=plain_rate(parts["nominal_rate"], f"{path}.nominal_rate"),
            installment_count=plain_whole(
                parts["installment_count"], f"{path}.installment_count"
            ),
            frequency=plain_frequency(parts["frequency"], f"{path}.frequency"),
            disbursed_on=plain_day(parts["disbursed_on"], f"{path}.disbursed_on"),
            first_due_on=plain_day(parts["first_due_on"], f"{path}.first_due_on"),
            plan=plan_from_plain(parts["plan"], path=f"{path}.plan")
            if "plan" in parts
            else EQUAL_INSTALLMENTS,
            due_on=tuple(plain_day(on, where) for on, where in lists["due_on"]),
            last_due_on=None
            if last is None
            else plain_day(last, f"{path}.last_due_on"),
            tranches=tuple(_tranche(*item) for item in lists["tranches"]),
            rate_changes=tuple(_rate_change(*item) for item in lists["rate_changes"]),
            interest_pauses=tuple(_pause(*item) for item in lists["interest_pauses"]),
        )


def _tranche(plain: object, path: str) -> Tranche:
    parts = plain_mapping(plain, path, needed=("disbursed_on", "amount"))
    with faults_below(path):
        return Tranche(
            disbursed_on=plain_day(parts["disbursed_on"], f"{path}.disbursed_on"),
            amount=money_from_plain(parts["amount"], f"{path}.amount"),
        )


def _rate_change(plain: object, path: str) -> RateChange:
    parts = plain_mapping(plain, path, needed=("from_on", "nominal_rate"))
    with faults_below(path):
        return RateChange(
            from_on=plain_day(parts["from_on"], f"{path}.from_on"),
            nominal_rate=plain_rate(parts["nominal_rate"], f"{path}.nominal_rate"),
        )


def _pause(plain: object, path: str) -> InterestPause:
    parts = plain_mapping(plain, path, needed=("start_on", "end_on"))
    with faults_below(path):
        return InterestPause(
            plain_day(parts["start_on"], f"{path}.start_on"),
            plain_day(parts["end_on"], f"{path}.end_on"),
        )
