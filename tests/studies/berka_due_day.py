"""Does the advised due day meet a fuller account? A study on the Berka loans.

    uv run python -m tests.studies.berka_due_day --data ../shared/data/berka

`METHOD` says how it is done; the command prints it with the figures.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import numpy as np

from microcrm_core import Currency, Money
from microcrm_core.adjustments import (
    DUE_DAY_BASIC,
    DUE_DAY_QUANTILE,
    BalanceMonth,
    DueDayPolicy,
    LowMeasure,
    known_months,
    recommend_due_day,
)
from microcrm_core.adjustments.weighing_batch import weigh_many
from microcrm_core.batch import UNKNOWN, Floats, Int64s
from microcrm_core.customers import CashFlowSummary, Direction, Transaction
from microcrm_core.ids import CustomerId, TransactionId
from tests.studies.berka import DUE_DAY, BerkaData, BerkaLoan, in_order, load

__all__ = ["METHOD", "LoanMonths", "Result", "loan_months", "main", "study"]

METHOD: Final = (
    "A loan's months are the full calendar months from its account's first row to "
    "the month before the grant.",
    "The last 3 are the outcome, those before are the past; loans with fewer than 3 "
    "past months are left out.",
    "The day is recommended from the past alone, without a current due day; the "
    "balance must cover 3 installments.",
    "The shortfall of a day is the share of outcome months in which its end-of-day "
    "balance is below 3 installments; the ratio is that of the recommended day to "
    "that of day 12 on the same loans.",
    "The interval holds 95 % of 10,000 bootstrap ratios over loans (seed 1).",
    "Rows of a day in the order of trans_id are the headline; in the order in which "
    "balances chain is the check.",
    "Rolling: the same over every 3 months in a row that have 3 months before them, so "
    "each loan counts several times; a loan weighs the mean of its windows.",
    "Cross-validated: in each of 10 parts of the loans (seed 1), the rule with the "
    "lowest rolling shortfall on the other nine; what choosing a rule costs.",
)
"""How the figures come about, one sentence each."""

_CZK: Final = Currency.of("CZK")
_COVERAGE: Final = 3
_OUTCOME_MONTHS: Final = 3
_PAST_MONTHS_MIN: Final = 3
_BOOTSTRAPS: Final = 10_000
_FOLDS: Final = 10
_POLICY: Final = attrs.evolve(DUE_DAY_BASIC, coverage_ppm=_COVERAGE * 1_000_000)


@attrs.frozen(kw_only=True)
class LoanMonths:
    """A loan with the months before its grant.

    Attributes:
        loan: What was granted.
        past: The months that the recommendation may see.
        outcome: The three months on which it is judged.
        past_summary: The account as it was known at the end of the past.
    """

    loan: BerkaLoan
    past: tuple[BalanceMonth, ...]
    outcome: tuple[BalanceMonth, ...]
    past_summary: CashFlowSummary

    @property
    def past_end_on(self) -> dt.date:
        """Last day of the past."""
        first = self.outcome[0]
        return dt.date(first.year, first.month, 1) - dt.timedelta(days=1)

    def shortfall_count(self, due_day: int) -> int:
        """Return in how many outcome months the balance of that day is too low."""
        needed_minor = _COVERAGE * self.loan.payment_minor
        return sum(month.on_day(due_day) < needed_minor for month in self.outcome)


@attrs.frozen(kw_only=True)
class Result:
    """What the headline says.

    Attributes:
        fixed: Shortfalls of each loan on day 12.
        advised: Shortfalls of each loan on its recommended day.
    """

    fixed: Int64s
    advised: Int64s

    @property
    def loan_count(self) -> int:
        """Number of loans."""
        return int(self.fixed.size)

    @property
    def ratio(self) -> float:
        """Shortfall of the recommended days to that of day 12."""
        return float(self.advised.sum() / self.fixed.sum())

    def interval(self) -> tuple[float, float]:
        """Return the 95 % bootstrap interval of the ratio."""
        rng = np.random.default_rng(1)
        picks = rng.integers(0, self.loan_count, (_BOOTSTRAPS, self.loan_count))
        ratios = self.advised[picks].sum(axis=1) / self.fixed[picks].sum(axis=1)
        low, high = np.quantile(ratios, [0.025, 0.975])
        return float(low), float(high)


def loan_months(data: BerkaData, *, is_chained: bool) -> tuple[LoanMonths, ...]:
    """Return the loans with enough months before the grant."""
    found: list[LoanMonths] = []
    for loan in data.loans:
        rows = in_order(
            data.before(loan.account_id, loan.granted_on), is_chained=is_chained
        )
        transactions = [
            Transaction(
                id=TransactionId(row.id),
                customer_id=CustomerId(row.account_id),
                booked_on=row.booked_on,
                direction=Direction.IN if row.amount_minor > 0 else Direction.OUT,
                amount=Money(abs(row.amount_minor), _CZK),
                balance_after=Money(row.balance_minor, _CZK),
                sequence=sequence,
            )
            for sequence, row in enumerate(rows)
            if row.amount_minor != 0
        ]
        before_grant = loan.granted_on.replace(day=1) - dt.timedelta(days=1)
        months = known_months(CashFlowSummary.of(_CZK, transactions), before_grant)
        if len(months) < _PAST_MONTHS_MIN + _OUTCOME_MONTHS:
            continue
        past, outcome = months[:-_OUTCOME_MONTHS], months[-_OUTCOME_MONTHS:]
        end_on = dt.date(outcome[0].year, outcome[0].month, 1) - dt.timedelta(days=1)
        summary = CashFlowSummary.of(_CZK, transactions, as_of=end_on)
        found.append(
            LoanMonths(loan=loan, past=past, outcome=outcome, past_summary=summary)
        )
    return tuple(found)


def study(loans: Sequence[LoanMonths]) -> Result:
    """Return the shortfalls of day 12 and of the recommended days."""
    advised: list[int] = []
    for months in loans:
        installment = Money(months.loan.payment_minor, _CZK)
        decision = recommend_due_day(
            months.past_summary, installment, None, _POLICY, months.past_end_on
        )
        due_day = decision.outcome.due_day
        assert due_day is not None  # there are enough months
        advised.append(months.shortfall_count(due_day))
    fixed = [months.shortfall_count(DUE_DAY) for months in loans]
    return Result(fixed=np.array(fixed), advised=np.array(advised))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.studies.berka_due_day")
    parser.add_argument("--data", required=True, type=Path, help="folder of the data")
    options = parser.parse_args(arguments)
    data = load(options.data)
    print("Due day on the Berka loans: method")
    for number, text in enumerate(METHOD, start=1):
        print(f"  {number}. {text}")
    print(f"\n{'rows of a day by':<20}{'loans':>7}{'day 12':>9}{'advised':>9}", end="")
    print(f"{'ratio':>8}{'interval':>16}")
    for name, is_chained in (("trans_id", False), ("balance chain", True)):
        loans = loan_months(data, is_chained=is_chained)
        result = study(loans)
        months = _OUTCOME_MONTHS * result.loan_count
        low, high = result.interval()
        print(f"{name:<20}{result.loan_count:>7}", end="")
        print(f"{result.fixed.sum() / months:>9.2%}", end="")
        print(f"{result.advised.sum() / months:>9.2%}", end="")
        print(f"{result.ratio:>8.3f}{f'{low:.3f} to {high:.3f}':>16}")
    _print_rules(loan_months(data, is_chained=False))
    return 0


def _rules() -> dict[str, DueDayPolicy]:
    rules = {"quantile 10 %": DUE_DAY_QUANTILE, "tail 1/3 (basic)": DUE_DAY_BASIC}
    for name, share_ppm in (("1/10", 100_000), ("1/5", 200_000), ("1/2", 500_000)):
        rules[f"tail {name}"] = attrs.evolve(DUE_DAY_BASIC, quantile_ppm=share_ppm)
    rules["mean"] = attrs.evolve(
        DUE_DAY_BASIC, measure=LowMeasure.TAIL_MEAN, quantile_ppm=1_000_000
    )
    coverage_ppm = _COVERAGE * 1_000_000
    return {
        name: attrs.evolve(policy, coverage_ppm=coverage_ppm)
        for name, policy in rules.items()
    }


def _print_rules(loans: Sequence[LoanMonths]) -> None:
    windows = _Windows.of(loans)
    fixed = windows.shortfalls(np.full(windows.loan_index.size, DUE_DAY))
    fixed_by_loan = windows.by_loan(fixed)
    by_rule = {
        name: windows.by_loan(windows.shortfalls(windows.advised(policy)))
        for name, policy in _rules().items()
    }
    print(f"\n{'rule':<20}{'rolling shortfall':>18}{'ratio':>8}")
    print(f"{'day 12':<20}{fixed_by_loan.mean():>18.2%}{1:>8.3f}")
    for name, shortfall in by_rule.items():
        ratio = shortfall.mean() / fixed_by_loan.mean()
        print(f"{name:<20}{shortfall.mean():>18.2%}{ratio:>8.3f}")
    validated = _cross_validated(np.stack(list(by_rule.values())))
    ratio = validated.mean() / fixed_by_loan.mean()
    print(f"{'cross-validated':<20}{validated.mean():>18.2%}{ratio:>8.3f}")


def _cross_validated(shortfalls: Floats) -> Floats:
    loan_count = shortfalls.shape[1]
    fold = np.random.default_rng(1).permutation(loan_count) % _FOLDS
    validated = np.empty(loan_count)
    for number in range(_FOLDS):
        is_out = fold == number
        best = int(shortfalls[:, ~is_out].mean(axis=1).argmin())
        validated[is_out] = shortfalls[best, is_out]
    return validated


@attrs.frozen(kw_only=True)
class _Windows:
    """Every three months in a row of every loan that have three before them.

    Attributes:
        loan_index: Whose window it is.
        end: Position of the first outcome month.
        balance_minor: Balances by loan, calendar month and day.
        month_days: Length of each calendar month.
        needed_minor: Of each window.
    """

    loan_index: Int64s
    end: Int64s
    balance_minor: Int64s
    month_days: Int64s
    needed_minor: Int64s

    @classmethod
    def of(cls, loans: Sequence[LoanMonths]) -> _Windows:
        every = [(*months.past, *months.outcome) for months in loans]
        numbers = [[month.year * 12 + month.month - 1 for month in m] for m in every]
        first = min(min(of_loan) for of_loan in numbers)
        month_count = max(max(of_loan) for of_loan in numbers) + 1 - first
        balance_minor = np.full((len(loans), month_count, 31), UNKNOWN)
        month_days = np.full(month_count, 31)
        windows: list[tuple[int, int]] = []
        for row, (months, of_loan) in enumerate(zip(every, numbers, strict=True)):
            for month, number in zip(months, of_loan, strict=True):
                day_count = len(month.minor)
                balance_minor[row, number - first, :day_count] = month.minor
                month_days[number - first] = day_count
            ends = of_loan[_PAST_MONTHS_MIN : 1 - _OUTCOME_MONTHS]
            windows += [(row, end - first) for end in ends]
        loan_index, end = np.array(windows).T
        needed = [_COVERAGE * months.loan.payment_minor for months in loans]
        return cls(
            loan_index=loan_index,
            end=end,
            balance_minor=balance_minor,
            month_days=month_days,
            needed_minor=np.array(needed)[loan_index],
        )

    def advised(self, policy: DueDayPolicy) -> Int64s:
        """Return the day that the past of each window recommends."""
        months = np.arange(self.month_days.size)
        is_past = months[None, :, None] < self.end[:, None, None]
        past = np.where(is_past, self.balance_minor[self.loan_index], UNKNOWN)
        nobody = np.full(self.end.size, UNKNOWN)
        return weigh_many(
            past, self.month_days, self.needed_minor, nobody, policy
        ).best_day

    def shortfalls(self, due_day: Int64s) -> Floats:
        """Return the share of outcome months that fall short on these days."""
        months = self.end[:, None] + np.arange(_OUTCOME_MONTHS)
        on_day = self.balance_minor[
            self.loan_index[:, None], months, due_day[:, None] - 1
        ]
        shares: Floats = (on_day < self.needed_minor[:, None]).mean(axis=1)
        return shares

    def by_loan(self, shortfalls: Floats) -> Floats:
        """Return the mean of each loan's windows."""
        sums = np.bincount(self.loan_index, weights=shortfalls)
        means: Floats = sums / np.bincount(self.loan_index)
        return means


if __name__ == "__main__":
    sys.exit(main())
