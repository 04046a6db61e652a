"""The portfolio at risk of many portfolios at once; twin of `portfolio_at_risk`.

One column holds the loans of all portfolios, such as branches or officers; another says
to which each belongs.

Example:
    >>> import numpy as np
    >>> from microcrm_core.ledger.classification_presets import PAR30
    >>> from microcrm_core.ledger.par_batch import portfolios_at_risk
    >>> risks = portfolios_at_risk(
    ...     principal_minor=np.array([100, 100, 50]),
    ...     days_past_due=np.array([30, 31, 0]),
    ...     is_restructured=np.array([False, False, True]),
    ...     policy=PAR30,
    ... )
    >>> risks.at_risk_minor.tolist(), risks.gross_minor.tolist()
    ([150], [250])
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s, require_rows
from microcrm_core.checks import whole_number
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.portfolio_policies import RiskPolicy

__all__ = ["RiskColumns", "portfolios_at_risk"]

_SUM_MAX: Final = 2.0**61


@attrs.frozen(kw_only=True, eq=False)
class RiskColumns:
    """How much of each portfolio is at risk.

    Attributes:
        at_risk_minor: Full unpaid principal of the loans at risk.
        gross_minor: That of all loans; 0: there is no portfolio, and no share.
        at_risk_count: How many loans are at risk.
        loan_count: How many there are.

    Shapes:
        (portfolios,) each.

    Example:
        See `microcrm_core.ledger.par_batch`.
    """

    at_risk_minor: Int64s
    gross_minor: Int64s
    at_risk_count: Int64s
    loan_count: Int64s


def portfolios_at_risk(
    *,
    principal_minor: Int64s,
    days_past_due: Int64s,
    is_restructured: Bools,
    policy: RiskPolicy,
    portfolio_index: Int64s | None = None,
    portfolio_count: int = 1,
) -> RiskColumns:
    """Return how much of many portfolios is at risk; twin of `portfolio_at_risk`.

    Equal to it on every portfolio, or refused. The caller sees to it that every loan is
    there once and that the policy is in force.

    Args:
        principal_minor: Full unpaid principal of each loan; not negative.
        days_past_due: Of each loan; not negative.
        is_restructured: Whether each still counts as restructured.
        policy: Which loans are at risk.
        portfolio_index: To which portfolio each loan belongs, from 0; None: all to one.
        portfolio_count: How many portfolios there are.

    Shapes:
        (loans,) each; the result has (portfolios,).

    Raises:
        InvalidValueError: Shapes do not fit, an amount or a number of days is negative,
            an index is no portfolio, or amounts add up to 2**61 or more.

    Example:
        See `microcrm_core.ledger.par_batch`.
    """
    whole_number("portfolio_count", portfolio_count, at_least=1)
    index = portfolio_index
    if index is None:
        index = np.zeros(principal_minor.size, np.int64)
    _require_loans(principal_minor, days_past_due, is_restructured, index)
    is_portfolio: Bools = (index >= 0) & (index < portfolio_count)
    rule = f"must be from 0 to {portfolio_count - 1}"
    require_rows(is_portfolio, index, "portfolio_index", rule)
    is_at_risk: Bools = days_past_due >= policy.limit.days_min
    if policy.has_restructured:
        is_at_risk = is_at_risk | is_restructured
    return RiskColumns(
        at_risk_minor=_sums(principal_minor * is_at_risk, index, portfolio_count),
        gross_minor=_sums(principal_minor, index, portfolio_count),
        at_risk_count=_counts(index[is_at_risk], portfolio_count),
        loan_count=_counts(index, portfolio_count),
    )


def _require_loans(
    principal_minor: Int64s,
    days_past_due: Int64s,
    is_restructured: Bools,
    index: Int64s,
) -> None:
    columns = {
        "principal_minor": (principal_minor, np.int64),
        "days_past_due": (days_past_due, np.int64),
        "is_restructured": (is_restructured, np.bool_),
        "portfolio_index": (index, np.int64),
    }
    for name, (column, kind) in columns.items():
        if column.dtype != kind or column.shape != (principal_minor.size,):
            rule = f"must be {kind.__name__} with {principal_minor.size} rows"
            found = f"{column.dtype} {column.shape}"
            raise InvalidValueError(name, rule, found)
    for name, whole in (
        ("principal_minor", principal_minor),
        ("days_past_due", days_past_due),
    ):
        require_rows(whole >= 0, whole, name, "must not be negative")
    # A float sum is off by far less than what lies between the limit and 2**63.
    total = float(principal_minor.astype(np.float64).sum())
    if total >= _SUM_MAX:
        rule = "must add up to less than 2**61"
        raise InvalidValueError("principal_minor", rule, int(total))


def _sums(values: Int64s, index: Int64s, count: int) -> Int64s:
    # Not bincount, whose weights are floats.
    sums = np.zeros(count, np.int64)
    np.add.at(sums, index, values)
    return sums


def _counts(index: Int64s, count: int) -> Int64s:
    return np.bincount(index, minlength=count).astype(np.int64)
