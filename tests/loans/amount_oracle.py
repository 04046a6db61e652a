"""The amounts of every repayment method once more, slowly, from parts of a year.

Nothing here calls the library: parts of a year come from `time_oracle`, and amounts are
found by trying. The definitions are those of docs/architecture.md, "Exact schedules".
For loans of one disbursement and one rate, without pauses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import groupby

import attrs

from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    Bullet,
    Collision,
    CustomInstallments,
    CustomPrincipal,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    FeeTiming,
    FlatInterest,
    Graduated,
    InterestOnly,
    LoanTerms,
    Portion,
    Remainder,
    ScheduleConventions,
    Seasonal,
    UnpaidInterest,
    Weighted,
)
from microcrm_core.rates import Rate
from tests.loans.time_oracle import (
    due_on,
    round_over,
    series_on,
    to_multiple,
    year_parts,
)

Asked = Sequence[int | None]


class RefusedError(Exception):
    """The definitions allow no schedule; the text names what is at fault."""


@attrs.frozen(kw_only=True)
class AmountRow:
    """What a row pays, and the interest before rounding.

    That is the interest of its period, but of the whole term where it is shared out.
    """

    exact: Fraction
    principal_minor: int = 0
    interest_minor: int = 0
    capitalized_minor: int = 0


def portion_of(portion: Portion, base_minor: int, rules: ScheduleConventions) -> int:
    """A share is rounded, a fixed sum is as agreed."""
    if portion.share is None:
        assert portion.amount is not None
        return portion.amount.minor
    return to_multiple(portion.share * base_minor, rules.currency_multiple, rules)


def weights_of(terms: LoanTerms, rules: ScheduleConventions) -> list[Fraction]:
    """Return the size of each installment against the others."""
    method, count = terms.plan.method, terms.installment_count
    match method:
        case EqualInstallments():
            return [Fraction(1)] * count
        case Weighted():
            return list(method.weights)
        case Graduated():
            growth = 1 + method.step_share
            return [growth ** (row // method.step_count) for row in range(count)]
        case Seasonal():
            dates = series_on(terms, rules)
            return [method.month_weights[on.month - 1] for on in dates]
        case _:
            raise AssertionError(method)


def merged(
    terms: LoanTerms, rules: ScheduleConventions, rows: list[AmountRow]
) -> list[AmountRow]:
    """Add up the rows of one due day, where the conventions say so."""
    business_days = rules.business_days
    if business_days is None or business_days.collision is Collision.KEPT:
        return rows
    dated = zip(due_on(terms, rules), rows, strict=True)
    groups = [
        [row for _, row in group] for _, group in groupby(dated, lambda one: one[0])
    ]
    is_shared = isinstance(terms.plan.method, FlatInterest)
    return [
        AmountRow(
            exact=group[0].exact
            if is_shared
            else sum((row.exact for row in group), Fraction(0)),
            principal_minor=sum(row.principal_minor for row in group),
            interest_minor=sum(row.interest_minor for row in group),
            capitalized_minor=sum(row.capitalized_minor for row in group),
        )
        for group in groups
    ]


def amount_rows(terms: LoanTerms, rules: ScheduleConventions) -> list[AmountRow]:
    """Return the rows of a loan before any are merged.

    Raises:
        RefusedError: There is no such schedule.
    """
    loan = LoanOracle(terms, rules)
    match terms.plan.method:
        case Bullet():
            return loan.bullet()
        case EqualPrincipal() | InterestOnly() | CustomPrincipal():
            return loan.by_parts()
        case FlatInterest():
            return loan.flat()
        case CustomInstallments():
            amounts = [amount.minor for amount in terms.plan.method.amounts]
            return loan.checked([*amounts, 0])
        case _:
            return loan.by_level()


@lru_cache(maxsize=256)
def _year_parts(terms: LoanTerms, rules: ScheduleConventions) -> tuple[Fraction, ...]:
    # Many plans are tried on the same dates.
    return tuple(year_parts(terms, rules))


@attrs.frozen(slots=False)
class LoanOracle:
    """One loan whose rows are worked out."""

    terms: LoanTerms
    rules: ScheduleConventions

    @cached_property
    def parts(self) -> list[Fraction]:
        """Interest on one unit of each period."""
        free_count = self.terms.plan.grace.interest_free_count
        rate = self.terms.nominal_rate.annual_fraction
        dated = attrs.evolve(
            self.terms, plan=EQUAL_INSTALLMENTS, nominal_rate=Rate.of_ppm(0)
        )
        return [
            Fraction(0) if row < free_count else rate * part
            for row, part in enumerate(_year_parts(dated, self.rules))
        ]

    @cached_property
    def start_minor(self) -> int:
        """What bears interest at the start."""
        plan, minor = self.terms.plan, self.terms.principal.minor
        start = minor
        if plan.down_payment is not None:
            start -= portion_of(plan.down_payment, minor, self.rules)
            if start <= 0:
                raise RefusedError("plan.down_payment")
        for fee in plan.fees:
            if fee.timing is FeeTiming.FINANCED:
                start += portion_of(fee.portion, minor, self.rules)
        return start

    @cached_property
    def balloon_minor(self) -> int:
        """What is left to the last row on top of its own."""
        balloon = self.terms.plan.balloon
        if balloon is None:
            return 0
        minor = portion_of(balloon, self.terms.principal.minor, self.rules)
        if minor > self.start_minor:
            raise RefusedError("plan.balloon")
        return minor

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self.terms.installment_count

    def rounded(self, exact: Fraction) -> int:
        """Round interest."""
        return to_multiple(exact, self.rules.currency_multiple, self.rules)

    def interest(self, balance: int, part: Fraction) -> int:
        """Return the interest of a period, rounded."""
        multiple = self.rules.currency_multiple
        product = balance * part.numerator
        return round_over(product, part.denominator, multiple, self.rules)

    # Methods that fix the installment.

    def by_level(self) -> list[AmountRow]:
        """Find the level by halving, then who takes the remainder."""
        weights = weights_of(self.terms, self.rules)
        if len(weights) != self.count:
            raise RefusedError("plan.method.weights")
        if weights[-1] == 0:
            raise RefusedError("plan.method.month_weights")
        rules, multiple = self.rules, self.rules.installment_multiple
        grace_count = self.terms.plan.grace.principal_count

        def amounts(units: int) -> list[int]:
            level = units * multiple
            return [to_multiple(weight * level, multiple, rules) for weight in weights]

        units = least(lambda units: self.excess(amounts(units)) <= 0)
        asked = amounts(units)
        if rules.remainder is Remainder.SMOOTHED and units > 0:
            smaller = amounts(units - 1)
            if abs(self.excess(smaller)) <= abs(self.excess(asked)):
                asked = smaller
        rows_with = [row for row in range(grace_count, self.count) if weights[row]]
        first, multiple = rows_with[0], rules.currency_multiple
        if rules.remainder is Remainder.FIRST and first < self.count - 1:

            def with_first(units: int) -> list[int]:
                return [*asked[:first], units * multiple, *asked[first + 1 :]]

            units = least(lambda units: self.excess(with_first(units)) <= 0)
            asked = with_first(units)
            if self.terms.plan.unpaid_interest is UnpaidInterest.REFUSED:
                own = self.owed(asked)[first]
                asked = [*asked[:first], max(asked[first], own), *asked[first + 1 :]]
        return self.checked(asked)

    def checked(self, asked: Asked) -> list[AmountRow]:
        """Return what rows pay, or refuse what does not cover their interest."""
        if len(asked) != self.count:
            raise RefusedError("plan.method.amounts")
        if self.terms.plan.unpaid_interest is UnpaidInterest.REFUSED:
            owed = self.owed(asked)
            for row in range(self.terms.plan.grace.principal_count, self.count - 1):
                amount = asked[row]
                if amount is not None and amount < owed[row]:
                    raise RefusedError("installment")
        return [row for _, row in self.walked(asked)]

    def owed(self, asked: Asked) -> list[int]:
        """Return the interest that each row has to pay, if so much is asked of all."""
        return [owed for owed, _ in self.walked(asked)]

    def excess(self, asked: list[int]) -> int:
        """Return by how much the last row is above its amount, the balloon apart."""
        last = self.walked(asked, is_trial=True)[-1][1]
        paid = last.principal_minor + last.interest_minor
        return paid - self.balloon_minor - asked[-1]

    def walked(
        self,
        asked: Asked,
        interests: Sequence[int] | None = None,
        *,
        is_trial: bool = False,
    ) -> list[tuple[int, AmountRow]]:
        """Return what each row owes of interest, and what it pays.

        *interests* are given where they do not follow from the balance. A trial leaves
        out what is on top of the last row.
        """
        plan, grace = self.terms.plan, self.terms.plan.grace
        balance, waiting, deferred = self.start_minor, 0, 0
        rows: list[tuple[int, AmountRow]] = []
        for row, part in enumerate(self.parts):
            # Whoever only tries an amount asks for no fraction.
            exact = Fraction(0) if is_trial else balance * part
            own = self.interest(balance, part) if interests is None else interests[row]
            owed, principal, paid, added = own + waiting, 0, 0, 0
            amount = asked[row]
            if row < grace.interest_payment_count:
                owed = 0
                if grace.deferred_interest is DeferredInterest.CAPITALIZED:
                    added = own
                else:
                    deferred += own
            elif row < grace.principal_count or amount is None:
                paid = owed
            elif row == self.count - 1:
                principal, paid, waiting = balance, owed, 0
            else:
                paid = min(amount, owed)
                above = max(balance - self.balloon_minor, 0)
                principal = min(amount - paid, above)
                is_carried = plan.unpaid_interest is UnpaidInterest.CARRIED
                waiting = owed - paid if is_carried else 0
                added = 0 if is_carried else owed - paid
            if not is_trial and row == self._deferred_row():
                paid, deferred = paid + deferred, 0
            balance += added - principal
            made = AmountRow(
                exact=exact,
                principal_minor=principal,
                interest_minor=paid,
                capitalized_minor=added,
            )
            rows.append((owed, made))
        return rows

    def _deferred_row(self) -> int:
        grace = self.terms.plan.grace
        if grace.deferred_interest is DeferredInterest.FIRST_INSTALLMENT:
            return grace.interest_payment_count
        return self.count - 1

    # Methods that fix the principal.

    def equal_part(self, whole: int, rows: int, least_last: int = 0) -> tuple[int, int]:
        """Return the part of each row, and of the first one, by trying multiples."""
        multiple = self.rules.installment_multiple
        near = range(whole // (rows * multiple) - 1, whole // (rows * multiple) + 3)
        parts = [units * multiple for units in near if units >= 0]

        def last(part: int) -> int:
            return whole - (rows - 1) * part

        match self.rules.remainder:
            case Remainder.LAST:
                part = min(part for part in parts if last(part) <= part)
            case Remainder.FIRST:
                part = max(part for part in parts if last(part) >= part)
                return part, last(part)
            case Remainder.SMOOTHED:
                part = min(
                    parts, key=lambda part: abs(max(last(part), least_last) - part)
                )
        return part, part

    def by_parts(self) -> list[AmountRow]:
        """Pay parts of the principal, and interest on top."""
        method, grace = self.terms.plan.method, self.terms.plan.grace
        if isinstance(method, CustomPrincipal):
            if len(method.amounts) != self.count:
                raise RefusedError("plan.method.amounts")
            if sum(amount.minor for amount in method.amounts) != self.start_minor:
                raise RefusedError("plan.method.amounts")
        is_added = grace.deferred_interest is DeferredInterest.CAPITALIZED
        balance, deferred = self.start_minor, 0
        equal = special = made_in = -1
        rows: list[AmountRow] = []
        for row, part in enumerate(self.parts):
            exact = balance * part
            own = paid = self.rounded(exact)
            added = principal = 0
            is_after_added = is_added and row == grace.interest_payment_count
            is_made = row == grace.principal_count
            if is_made or (is_after_added and row > grace.principal_count):
                left = self.count - row
                equal, special = self.equal_part(balance - self.balloon_minor, left)
                made_in = row
            if row < grace.interest_payment_count:
                paid = 0
                added, deferred = (own, 0) if is_added else (0, deferred + own)
            balance += added
            if isinstance(method, CustomPrincipal):
                principal = method.amounts[row].minor
            elif isinstance(method, EqualPrincipal) and row >= grace.principal_count:
                principal = special if row == made_in else equal
                principal = min(principal, max(balance - self.balloon_minor, 0))
            if row == self.count - 1:
                principal = balance
            if row == self._deferred_row():
                paid, deferred = paid + deferred, 0
            balance -= principal
            rows.append(
                AmountRow(
                    exact=exact,
                    principal_minor=principal,
                    interest_minor=paid,
                    capitalized_minor=added,
                )
            )
        return rows

    def bullet(self) -> list[AmountRow]:
        """Pay once, at the end."""
        method = self.terms.plan.method
        assert isinstance(method, Bullet)
        balance, rows = self.start_minor, []
        for part in self.parts[:-1]:
            exact = balance * part if method.is_compounded else Fraction(0)
            added = self.rounded(exact)
            balance += added
            rows.append(AmountRow(exact=exact, capitalized_minor=added))
        parts = self.parts[-1:] if method.is_compounded else self.parts
        exact = balance * sum(parts, Fraction(0))
        last = AmountRow(
            exact=exact, principal_minor=balance, interest_minor=self.rounded(exact)
        )
        return [*rows, last]

    def flat(self) -> list[AmountRow]:
        """Share the interest of the whole term over all rows."""
        total = self.start_minor * sum(self.parts, Fraction(0))
        multiple, count = self.rules.currency_multiple, self.count
        units = self.rounded(total) // multiple
        # One unit after the other goes to the next row, from the first on again.
        shares = [len(range(row, units, count)) * multiple for row in range(count)]
        grace = self.terms.plan.grace
        first, whole = grace.principal_count, self.start_minor - self.balloon_minor
        if grace.deferred_interest is DeferredInterest.CAPITALIZED:
            whole += sum(shares[: grace.interest_payment_count])
        equal, special = self.equal_part(
            whole + sum(shares[first:]), count - first, least_last=shares[-1]
        )
        asked = [None] * first + [special] + [equal] * (count - first - 1)
        walked = self.walked(asked, shares)
        if self.terms.plan.unpaid_interest is UnpaidInterest.REFUSED:
            for row in range(first, count - 1):
                if (asked[row] or 0) < walked[row][0]:
                    raise RefusedError("installment")
        return [attrs.evolve(row, exact=total) for _, row in walked]


def least(is_enough: Callable[[int], bool]) -> int:
    """Halve the numbers from zero on; what is enough stays enough."""
    high = 1
    while not is_enough(high):
        high *= 2
    low = -1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
