"""Portfolios: how old arrears are, and how much principal is at risk.

Both count the full unpaid principal of a loan, not what is overdue of it, and no
accrued interest. A loan that was written off is in neither.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger.classification_presets import PAR30
    >>> from microcrm_core.ledger.portfolio_risks import PortfolioLoan
    >>> from microcrm_core.ledger.portfolio_risks import portfolio_at_risk
    >>> euro = Currency.of("EUR")
    >>> loans = [
    ...     PortfolioLoan(
    ...         loan_id=LoanId(f"loan-{days}"),
    ...         principal=Money.of("100.00", euro),
    ...         days_past_due=days,
    ...     )
    ...     for days in (0, 30, 31, 90)
    ... ]
    >>> decision = portfolio_at_risk(
    ...     loans, policy=PAR30, as_of=dt.date(2025, 3, 31), currency=euro
    ... )
    >>> str(decision.outcome.at_risk), decision.outcome.share
    ('EUR 200.00', Fraction(1, 2))
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from fractions import Fraction

import attrs

from microcrm_core.checks import (
    day,
    kind_field,
    name_text_field,
    of_kind,
    whole_number_field,
)
from microcrm_core.decisions import Decision, FactValue, Reason
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.html import html_table
from microcrm_core.ids import LoanId
from microcrm_core.ledger.portfolio_policies import AgingPolicy, RiskPolicy
from microcrm_core.money import Currency, Money

__all__ = [
    "AgingRow",
    "AgingTable",
    "PortfolioAtRisk",
    "PortfolioLoan",
    "aging_table",
    "portfolio_at_risk",
]


@attrs.frozen(kw_only=True)
class PortfolioLoan:
    """What a portfolio needs of one open loan, at the close of a day.

    Attributes:
        loan_id: The loan.
        principal: All unpaid principal, due or not; not negative.
        days_past_due: Days since the due date of its oldest unpaid installment, else 0.
        is_restructured: Whether its terms were eased out of need and it still counts as
            such.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PortfolioLoan
        >>> PortfolioLoan(
        ...     loan_id=LoanId("loan-7"),
        ...     principal=Money.of("900.00", Currency.of("EUR")),
        ...     days_past_due=31,
        ... ).is_restructured
        False
    """

    loan_id: LoanId = attrs.field(validator=name_text_field)
    principal: Money = attrs.field(validator=kind_field(Money))
    days_past_due: int = attrs.field(validator=whole_number_field(at_least=0))
    is_restructured: bool = attrs.field(default=False, validator=kind_field(bool))

    def __attrs_post_init__(self) -> None:
        """Refuse principal below nothing."""
        if self.principal.is_negative:
            rule = "must not be negative"
            raise InvalidValueError("principal", rule, str(self.principal))


@attrs.frozen(kw_only=True)
class AgingRow:
    """The loans of one range of days past due.

    Attributes:
        name: Name of the range; `current` for 0 days.
        loan_count: How many there are.
        principal: Their full unpaid principal.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import AgingRow
        >>> owed = Money.of("900.00", Currency.of("EUR"))
        >>> AgingRow(name="1-30", loan_count=2, principal=owed).loan_count
        2
    """

    name: str
    loan_count: int
    principal: Money


@attrs.frozen(kw_only=True)
class AgingTable:
    """A portfolio by days past due; every loan is in one row.

    Attributes:
        rows: Loans of 0 days, then those of each range in order.
        total: Unpaid principal of all.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import AgingRow, AgingTable
        >>> owed = Money.of("900.00", Currency.of("EUR"))
        >>> row = AgingRow(name="current", loan_count=2, principal=owed)
        >>> str(AgingTable(rows=(row,), total=owed).total)
        'EUR 900.00'
    """

    rows: tuple[AgingRow, ...]
    total: Money

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        shown = [(row.name, row.loan_count, str(row.principal)) for row in self.rows]
        count = sum(row.loan_count for row in self.rows)
        heading = ("days past due", "loans", "unpaid principal")
        return html_table(heading, [*shown, ("all", count, str(self.total))])


@attrs.frozen(kw_only=True)
class PortfolioAtRisk:
    """How much of a portfolio is at risk.

    Attributes:
        at_risk: Full unpaid principal of the loans at risk.
        gross: That of all loans.
        at_risk_count: How many loans are at risk.
        loan_count: How many there are.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger import PortfolioAtRisk
        >>> euro = Currency.of("EUR")
        >>> PortfolioAtRisk(
        ...     at_risk=Money.of("200.00", euro),
        ...     gross=Money.of("800.00", euro),
        ...     at_risk_count=1,
        ...     loan_count=4,
        ... ).share
        Fraction(1, 4)
    """

    at_risk: Money
    gross: Money
    at_risk_count: int
    loan_count: int

    @property
    def share(self) -> Fraction | None:
        """The share at risk, exact; None: there is no portfolio."""
        if self.gross.is_zero:
            return None
        return Fraction(self.at_risk.minor, self.gross.minor)


def aging_table(
    loans: Iterable[PortfolioLoan],
    *,
    policy: AgingPolicy,
    as_of: dt.date,
    currency: Currency,
) -> Decision[AgingTable]:
    """Return a portfolio by days past due.

    Args:
        loans: The open loans of the portfolio, in any order.
        policy: The ranges of days.
        as_of: The day for which their days hold.
        currency: Of all of them.

    Raises:
        InvalidValueError: *as_of* is no date, or a loan comes twice.
        CurrencyMismatchError: A loan is in another currency.
        PolicyError: *policy* is not in force.

    Source:
        House rule: amounts are full unpaid principal, as for the portfolio at risk.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger.classification_presets import AGING_BY_30_DAYS
        >>> from microcrm_core.ledger.portfolio_risks import PortfolioLoan, aging_table
        >>> euro = Currency.of("EUR")
        >>> loan = PortfolioLoan(
        ...     loan_id=LoanId("loan-7"),
        ...     principal=Money.of("100.00", euro),
        ...     days_past_due=31,
        ... )
        >>> table = aging_table(
        ...     [loan],
        ...     policy=AGING_BY_30_DAYS,
        ...     as_of=dt.date(2025, 3, 31),
        ...     currency=euro,
        ... ).outcome
        >>> [row.name for row in table.rows if row.loan_count]
        ['31-60']
    """
    of_kind("policy", policy, AgingPolicy)
    policy.origin.require_in_force(day("as_of", as_of))
    kept = _checked(loans, currency)
    names = ["current", *(one.name for one in policy.buckets.ranges)]
    counts, sums = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for loan in kept:
        name = policy.buckets.bucket_of(loan.days_past_due) or "current"
        counts[name] += 1
        sums[name] += loan.principal.minor
    rows = tuple(
        AgingRow(
            name=name, loan_count=counts[name], principal=Money(sums[name], currency)
        )
        for name in names
    )
    overdue_count = len(kept) - counts["current"]
    reason = Reason(
        "aging_counted",
        {"loan_count": len(kept), "overdue_count": overdue_count},
    )
    return Decision(
        outcome=AgingTable(rows=rows, total=Money(sum(sums.values()), currency)),
        reasons=(reason,),
        policy=policy.ref,
        facts=reason.params,
        as_of=as_of,
    )


def portfolio_at_risk(
    loans: Iterable[PortfolioLoan],
    *,
    policy: RiskPolicy,
    as_of: dt.date,
    currency: Currency,
) -> Decision[PortfolioAtRisk]:
    """Return how much of a portfolio is at risk.

    The full unpaid principal of every loan whose days past due reach the limit, and of
    restructured loans where the policy counts them, over that of all loans. A loan that
    is both counts once.

    Args:
        loans: The open loans of the portfolio, in any order.
        policy: Which loans are at risk.
        as_of: The day for which their days hold.
        currency: Of all of them.

    Raises:
        InvalidValueError: *as_of* is no date, or a loan comes twice.
        CurrencyMismatchError: A loan is in another currency.
        PolicyError: *policy* is not in force.

    Source:
        House definition of PAR, after microfinance reporting standards.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PAR30, PortfolioLoan, portfolio_at_risk
        >>> euro = Currency.of("EUR")
        >>> late = PortfolioLoan(
        ...     loan_id=LoanId("loan-7"),
        ...     principal=Money.of("900.00", euro),
        ...     days_past_due=31,
        ... )
        >>> decision = portfolio_at_risk(
        ...     [late], policy=PAR30, as_of=dt.date(2025, 3, 31), currency=euro
        ... )
        >>> str(decision.outcome.at_risk)
        'EUR 900.00'
    """
    of_kind("policy", policy, RiskPolicy)
    policy.origin.require_in_force(day("as_of", as_of))
    kept = _checked(loans, currency)
    late = [one for one in kept if policy.limit.is_reached(one.days_past_due)]
    eased = [
        one
        for one in kept
        if policy.has_restructured
        and one.is_restructured
        and not policy.limit.is_reached(one.days_past_due)
    ]
    at_risk_minor = sum(one.principal.minor for one in (*late, *eased))
    gross_minor = sum(one.principal.minor for one in kept)
    outcome = PortfolioAtRisk(
        at_risk=Money(at_risk_minor, currency),
        gross=Money(gross_minor, currency),
        at_risk_count=len(late) + len(eased),
        loan_count=len(kept),
    )
    reason = Reason(
        "par_counted",
        {
            "late_count": len(late),
            "restructured_count": len(eased),
            "loan_count": len(kept),
            "days_min": policy.limit.days_min,
        },
    )
    facts: dict[str, FactValue] = {
        "at_risk_minor": at_risk_minor,
        "gross_minor": gross_minor,
        **reason.params,
    }
    return Decision(
        outcome=outcome,
        reasons=(reason,),
        policy=policy.ref,
        facts=facts,
        as_of=as_of,
    )


def _checked(
    loans: Iterable[PortfolioLoan], currency: Currency
) -> tuple[PortfolioLoan, ...]:
    kept = tuple(loans)
    seen = set[LoanId]()
    for loan in kept:
        if loan.principal.currency != currency:
            code = loan.principal.currency.code
            raise CurrencyMismatchError("currency", f"must be {currency.code}", code)
        if loan.loan_id in seen:
            raise InvalidValueError("loan_id", "must not repeat", loan.loan_id)
        seen.add(loan.loan_id)
    return kept
