"""Ten problems that users of lending systems report, each worked out by hand.

The loan, where a test does not say otherwise: 1,200.00 at 24 %, which is 2 % a month in
30/360, paid out on 15 January 2025 and due in four installments of 315.15:
291.15 + 24.00, 296.97 + 18.18, 302.91 + 12.24 and 308.97 + 6.18. The progressive
arithmetic of Apache Fineract gives the same installments; it shares a month by its
actual days, so amounts for a part of February differ.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

import attrs
import pytest

from microcrm_core import Currency, Frequency, Money, Rate, Rounding
from microcrm_core.dates import BusinessCalendar, BusinessDayRule
from microcrm_core.ids import LoanId, PolicyId
from microcrm_core.ledger import (
    FEES_INTEREST_PRINCIPAL,
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    AllocationOrder,
    BucketAmounts,
    Disbursed,
    DueState,
    EarlyPayment,
    Happening,
    HolidayGranted,
    InAdvance,
    LateInterest,
    LedgerEvent,
    LedgerPolicy,
    LoanState,
    LoanStatus,
    ReAged,
    Repaid,
    Reversed,
    payoff_quote,
    replay,
)
from microcrm_core.loans import (
    FINERACT,
    STRICT,
    STRICT_30_360,
    BusinessDays,
    Collision,
    DaysInMonth,
    DaysInYear,
    EqualInstallments,
    Grace,
    InterestDate,
    LoanTerms,
    Portion,
    RepaymentPlan,
    ScheduleConventions,
    SplitDayCount,
)

EUR: Final = Currency.of("EUR")
TERMS: Final = LoanTerms(
    principal=Money.of("1200.00", EUR),
    nominal_rate=Rate.per_year("0.24"),
    installment_count=4,
    frequency=Frequency.MONTHLY,
    disbursed_on=dt.date(2025, 1, 15),
    first_due_on=dt.date(2025, 2, 15),
)
BOTH: Final = pytest.mark.parametrize(
    "conventions", [STRICT_30_360, FINERACT], ids=lambda one: one.id
)
_KEYS: Final[Iterator[int]] = count(1)


def day(month: int, number: int) -> dt.date:
    """Return a day of 2025."""
    return dt.date(2025, month, number)


def event(
    what: Happening, value_on: dt.date, known_on: dt.date | None = None
) -> LedgerEvent:
    """Return an event, known at noon of its own day where no other is said."""
    known_on = known_on or value_on
    return LedgerEvent.of(
        what,
        loan_id=LoanId("loan-7"),
        value_on=value_on,
        recorded_at=dt.datetime.combine(known_on, dt.time(12), tzinfo=dt.UTC),
        idempotency_key=str(next(_KEYS)),
    )


def lent(terms: LoanTerms = TERMS) -> LedgerEvent:
    return event(Disbursed(amount=terms.principal), terms.disbursed_on)


def paid(
    amount: str, value_on: dt.date, known_on: dt.date | None = None
) -> LedgerEvent:
    return event(Repaid(amount=Money.of(amount, EUR)), value_on, known_on)


@attrs.frozen(kw_only=True)
class Case:
    """A loan and how it is kept."""

    terms: LoanTerms = TERMS
    conventions: ScheduleConventions = STRICT_30_360
    policy: LedgerPolicy = PLAIN_LEDGER

    def state(
        self,
        log: Sequence[LedgerEvent],
        as_of: dt.date,
        known_at: dt.datetime | None = None,
    ) -> LoanState:
        return replay(
            self.terms,
            log,
            conventions=self.conventions,
            policy=self.policy,
            as_of=as_of,
            known_at=known_at,
        )

    def quote(self, log: Sequence[LedgerEvent], on: dt.date) -> BucketAmounts:
        return payoff_quote(
            self.terms, log, conventions=self.conventions, policy=self.policy, on=on
        )


def parts(state: LoanState) -> list[tuple[int, int]]:
    """Return principal and interest of each row."""
    return [(row.principal_minor, row.interest_minor) for row in state.rows]


def due_on(state: LoanState) -> list[dt.date]:
    return [row.due_on for row in state.rows]


@pytest.mark.parametrize(
    ("conventions", "second"),
    [
        # 908.85 x 24 % x 10/360 = 6.059: 93.941 of 100.00 are principal. Then
        # 814.909 x 24 % x 20/360 = 10.865. Together 16.92; 315.15 less that: 298.23.
        (STRICT_30_360, (298_23, 16_92)),
        # 908.85 x 2 % x 10/28 = 6.492, to 6.49: 93.51 of 100.00 are principal. Then
        # 815.34 x 2 % x 18/28 = 10.483. Together 16.97.
        (FINERACT, (298_18, 16_97)),
    ],
    ids=["exact", "fineract"],
)
def test_problem_1_a_backdated_payment_before_a_later_one(
    conventions: ScheduleConventions, second: tuple[int, int]
) -> None:
    case = Case(conventions=conventions, policy=RECALCULATING_LEDGER)
    log = [lent(), paid("315.15", day(2, 15)), paid("400.00", day(3, 15))]
    found = paid("100.00", day(2, 25), known_on=day(3, 20))

    before = case.state(log, day(3, 15))
    after = case.state([*log, found], day(3, 15))

    # 400.00 pay all of the second row, 315.15, and 84.85 of the third in advance:
    # 1,200.00 - 291.15 - 296.97 - 84.85 = 527.03, of which a month costs 10.54.
    assert parts(before)[1:3] == [(296_97, 18_18), (304_61, 10_54)]
    # Now 300.00 of the 400.00 go elsewhere: 215.15 to the rest of the second row, and
    # 184.85 to the third. The customer owes less by what 100.00 saved in interest.
    assert parts(after)[1] == second
    principal_minor = 1_200_00 - 291_15 - second[0] - 184_85
    assert after.outstanding.principal.minor == principal_minor
    # 425.77 or 425.82 for a month: 8.52 in both.
    assert parts(after)[2][1] == 8_52
    known_at = dt.datetime(2025, 3, 19, tzinfo=dt.UTC)
    assert parts(case.state([*log, found], day(3, 15), known_at)) == parts(before)


@pytest.mark.parametrize(
    ("rounding", "multiple", "expected"),
    [
        # 100.25 x 2 % = 2.005, a tie. 51.63 - 2.00 = 49.63; 50.62 x 2 % = 1.01.
        (Rounding.HALF_EVEN, 1, [(49_63, 2_00), (50_62, 1_01)]),
        # 51.64 - 2.01 = 49.63. With 51.63 the last one would be larger: 51.64.
        (Rounding.HALF_UP, 1, [(49_63, 2_01), (50_62, 1_01)]),
        # Whole euros; the last pays what is left. 50.25 x 2 % = 1.005, a tie again.
        (Rounding.HALF_EVEN, 100, [(50_00, 2_00), (50_25, 1_00)]),
        # 52.00 - 2.01 = 49.99; 50.26 x 2 % = 1.0052.
        (Rounding.HALF_UP, 100, [(49_99, 2_01), (50_26, 1_01)]),
    ],
)
def test_problem_2_rounding_is_a_policy_and_no_cent_is_lost(
    rounding: Rounding, multiple: int, expected: list[tuple[int, int]]
) -> None:
    terms = attrs.evolve(TERMS, principal=Money.of("100.25", EUR), installment_count=2)
    conventions = attrs.evolve(
        STRICT_30_360, id="ours", rounding=rounding, installment_multiple=multiple
    )
    case = Case(terms=terms, conventions=conventions)
    log = [lent(terms)]

    assert parts(case.state(log, day(1, 15))) == expected

    total_minor = sum(map(sum, expected))
    log.append(event(Repaid(amount=Money(total_minor, EUR)), day(3, 15)))
    state = case.state(log, day(3, 15))
    assert (state.status, state.credit_minor) == (LoanStatus.CLOSED, 0)


def early_policy(early: EarlyPayment, in_advance: InAdvance) -> LedgerPolicy:
    buckets = FEES_INTEREST_PRINCIPAL.buckets(DueState.DUE)
    return LedgerPolicy(
        id=PolicyId("early"),
        allocation=AllocationOrder.of(buckets, in_advance=in_advance),
        early_payment=early,
        late_interest=LateInterest.NONE,
    )


def test_problem_3_an_early_payment_reduces_the_installment_or_the_term() -> None:
    # 315.15 are due, and 684.85 are paid in advance: 224.00 of principal are left.
    log = [lent(), paid("1000.00", day(2, 15))]

    term = Case(policy=early_policy(EarlyPayment.LAST_INSTALLMENT, InAdvance.LAST))
    shorter = term.state(log, day(2, 15))
    # One row is left: 224.00, and 224.00 x 2 % = 4.48 for the one month that is left.
    assert [row.open_minor for row in shorter.rows] == [0, 228_48, 0, 0]
    assert shorter.outstanding.interest.minor == 4_48

    installment = Case(
        policy=early_policy(EarlyPayment.LOWER_INSTALLMENT, InAdvance.LAST)
    )
    lower = installment.state(log, day(2, 15))
    # 224.00 in three: 77.68 - 4.48 = 73.20; 150.80 x 2 % = 3.02, 77.68 - 3.02 = 74.66;
    # 76.14 x 2 % = 1.52, and 76.14 + 1.52 = 77.66.
    assert [row.open_minor for row in lower.rows] == [0, 77_68, 77_68, 77_66]
    assert lower.outstanding.interest.minor == 4_48 + 3_02 + 1_52


def test_problem_3_in_the_peers_arithmetic_the_term_shortens() -> None:
    case = Case(
        conventions=FINERACT,
        policy=early_policy(EarlyPayment.LAST_INSTALLMENT, InAdvance.LAST),
    )

    state = case.state([lent(), paid("1000.00", day(2, 15))], day(2, 15))

    assert [row.open_minor for row in state.rows] == [0, 228_48, 0, 0]


@BOTH
def test_problem_4_month_ends_do_not_drift(conventions: ScheduleConventions) -> None:
    terms = attrs.evolve(
        TERMS,
        disbursed_on=dt.date(2023, 12, 31),
        first_due_on=dt.date(2024, 1, 31),
    )
    case = Case(terms=terms, conventions=conventions)
    log = [lent(terms)]
    as_of = dt.date(2024, 1, 10)

    # Through the 29 days of February and back to the 31st.
    assert [on.isoformat()[5:] for on in due_on(case.state(log, as_of))] == [
        "01-31", "02-29", "03-31", "04-30",
    ]  # fmt: skip

    # A holiday that begins on the short month keeps the day of the long ones.
    log.append(event(HolidayGranted(dt.date(2024, 2, 29), 1), as_of))
    assert [on.isoformat()[5:] for on in due_on(case.state(log, as_of))] == [
        "01-31", "03-31", "04-30", "05-31",
    ]  # fmt: skip


ACTUAL: Final = SplitDayCount(
    days_in_year=DaysInYear.ACTUAL, days_in_month=DaysInMonth.ACTUAL
)


@pytest.mark.parametrize(
    ("conventions", "rate"),
    [
        # A day costs a thousandth: of 365 days in every year, or of 366 in a leap year.
        (STRICT, "0.365"),
        (attrs.evolve(STRICT, id="actual", day_count=ACTUAL), "0.366"),
        (attrs.evolve(FINERACT, id="fineract-actual", day_count=ACTUAL), "0.366"),
    ],
    ids=["act-365f", "exact-actual", "fineract-actual"],
)
def test_problem_5_leap_days_and_part_periods_are_counted_to_the_day(
    conventions: ScheduleConventions, rate: str
) -> None:
    terms = attrs.evolve(
        TERMS,
        nominal_rate=Rate.per_year(rate),
        disbursed_on=dt.date(2024, 2, 15),
        first_due_on=dt.date(2024, 3, 15),
    )
    case = Case(terms=terms, conventions=conventions, policy=RECALCULATING_LEDGER)
    log = [lent(terms)]

    # 29 days, as 2024 has a 29 February: 1,200.00 x 29/1000 = 34.80.
    assert case.state(log, dt.date(2024, 2, 15)).rows[0].interest_minor == 34_80
    # To 29 February 14 days, to 1 March 15.
    assert case.quote(log, dt.date(2024, 2, 29)).interest.minor == 16_80
    assert case.quote(log, dt.date(2024, 3, 1)).interest.minor == 18_00
    # A first period of 43 days.
    longer = attrs.evolve(terms, disbursed_on=dt.date(2024, 2, 1))
    long = attrs.evolve(case, terms=longer)
    state = long.state([lent(longer)], dt.date(2024, 2, 1))
    assert state.rows[0].interest_minor == 51_60


def test_problem_6_holidays_of_the_calendar_and_holidays_from_paying() -> None:
    weekends = BusinessDays(
        rule=BusinessDayRule.FOLLOWING,
        calendar=BusinessCalendar(name="weekends"),
        interest_to=InterestDate.ORIGINAL,
        collision=Collision.KEPT,
    )
    conventions = attrs.evolve(STRICT_30_360, id="ours", business_days=weekends)
    case = Case(conventions=conventions)
    log = [lent()]

    # 15 February and 15 March 2025 are Saturdays: due on Monday.
    state = case.state(log, day(2, 17))
    assert due_on(state) == [day(2, 17), day(3, 17), day(4, 15), day(5, 15)]
    assert (state.days_past_due, state.due.total.minor) == (0, 315_15)
    assert case.state(log, day(2, 18)).days_past_due == 1
    # Who pays on Monday is on time, and interest ran to Saturday: 24.00.
    on_time = case.state([*log, paid("315.15", day(2, 17))], day(2, 18)).rows[0]
    assert (on_time.settled_on, on_time.paid_late_minor) == (day(2, 17), 0)
    assert on_time.interest_minor == 24_00

    # March is skipped: it and all later ones move on; 15 June 2025 is a Sunday.
    skipped = event(HolidayGranted(day(3, 15), 1), day(2, 1))
    state = case.state([*log, skipped], day(3, 20))
    assert due_on(state) == [day(2, 17), day(4, 15), day(5, 15), day(6, 16)]
    # Only February is late. The second period has 60 days of 30/360. 319.72 - 24.00 =
    # 295.72; 904.28 x 4 % = 36.17, 283.55; 620.73 x 2 % = 12.41, 307.31; 313.42 x 2 % =
    # 6.27, and 319.69 in the last. With 319.71 the last one would be 319.73.
    assert state.overdue.total.minor == 319_72
    assert parts(state) == [
        (295_72, 24_00),
        (283_55, 36_17),
        (307_31, 12_41),
        (313_42, 6_27),
    ]

    # Granted when February is paid, it leaves February alone, and nobody is late. Of
    # the 908.85 that are left: 321.33 - 36.35 = 284.98; 623.87 x 2 % = 12.48, 308.85;
    # 315.02 x 2 % = 6.30, and 321.32 in the last. With 321.32 that would be 321.34.
    granted = event(HolidayGranted(day(3, 15), 1), day(2, 20))
    state = case.state([*log, paid("315.15", day(2, 17)), granted], day(4, 14))
    assert due_on(state) == [day(2, 17), day(4, 15), day(5, 15), day(6, 16)]
    assert (state.overdue.total.minor, state.rows[0].settled_on) == (0, day(2, 17))
    assert parts(state) == [
        (291_15, 24_00),
        (284_98, 36_35),
        (308_85, 12_48),
        (315_02, 6_30),
    ]


def test_problem_7_grace_with_a_balloon() -> None:
    plan = RepaymentPlan(
        method=EqualInstallments(),
        grace=Grace(principal_count=1),
        balloon=Portion.of_amount(Money.of("300.00", EUR)),
    )
    case = Case(terms=attrs.evolve(TERMS, plan=plan))
    log = [lent(), paid("24.00", day(2, 15)), paid("318.08", day(3, 15))]

    state = case.state(log, day(3, 15))

    # The first row pays 2 % of 1,200.00 alone. Then 318.08: 318.08 - 24.00 = 294.08;
    # 905.92 x 2 % = 18.12, 299.96; 605.96 x 2 % = 12.12, and 605.96 + 12.12 - 300.00 =
    # 318.08. With 318.07 the last one would be 318.10.
    assert parts(state) == [
        (0, 24_00),
        (294_08, 24_00),
        (299_96, 18_12),
        (605_96, 12_12),
    ]
    assert state.outstanding.principal.minor == 905_92
    recalculated = attrs.evolve(case, policy=RECALCULATING_LEDGER)
    assert recalculated.quote(log, day(3, 15)).total.minor == 905_92
    log += [paid("318.08", day(4, 15)), paid("618.08", day(5, 15))]
    assert case.state(log, day(5, 15)).status is LoanStatus.CLOSED


def test_problem_8_a_loan_is_re_aged_past_maturity_and_that_is_reversed() -> None:
    case = Case()
    again = ReAged(
        start_on=day(7, 15), frequency=Frequency.MONTHLY, installment_count=3
    )
    re_aged = event(again, day(6, 20))
    undone = event(Reversed(re_aged.id), day(6, 21))
    log = [lent()]

    state = case.state([*log, re_aged], day(6, 20))

    # Open interest 24.00 + 18.18 + 12.24 + 6.18 = 60.60, and 25 days from 20 June to
    # 15 July on 1,200.00: 20.00. 435.35 - 80.60 = 354.75; 845.25 x 2 % = 16.905, a tie,
    # to 16.90: 418.45; 426.80 x 2 % = 8.54. With 435.34 the last one would be 435.37.
    assert parts(state)[4:] == [(354_75, 80_60), (418_45, 16_90), (426_80, 8_54)]
    assert parts(state)[:4] == [(0, 0)] * 4
    assert state.days_past_due == 0
    # From 15 February to 20 June: 13 + 31 + 30 + 31 + 20 = 125 days; then one more.
    assert case.state(log, day(6, 20)).days_past_due == 125
    back = case.state([*log, re_aged, undone], day(6, 21))
    assert back.days_past_due == 126
    assert parts(back) == parts(case.state(log, day(6, 21)))
    assert back.outstanding.total.minor == 1_260_60


@BOTH
def test_problem_8_without_interest_the_new_installments_are_equal_parts(
    conventions: ScheduleConventions,
) -> None:
    terms = attrs.evolve(TERMS, nominal_rate=Rate.per_year(0))
    case = Case(terms=terms, conventions=conventions)
    again = ReAged(
        start_on=day(7, 15), frequency=Frequency.MONTHLY, installment_count=3
    )

    state = case.state([lent(), event(again, day(6, 20))], day(6, 20))

    assert parts(state) == [(0, 0)] * 4 + [(400_00, 0)] * 3


@pytest.mark.parametrize(
    ("conventions", "interest_minor"),
    [
        # From 15 February to 7 March 22 days of 30/360: 908.85 x 24 % x 22/360 = 13.33.
        (STRICT_30_360, 13_33),
        # 20 of the 28 days of a month that costs 2 %: 908.85 x 2 % x 20/28 = 12.98.
        (FINERACT, 12_98),
    ],
    ids=["exact", "fineract"],
)
def test_problem_9_a_payoff_after_a_prepayment_of_the_same_day(
    conventions: ScheduleConventions, interest_minor: int
) -> None:
    case = Case(conventions=conventions, policy=RECALCULATING_LEDGER)
    on = day(3, 7)
    log = [lent(), paid("315.15", day(2, 15))]

    quote = case.quote(log, on)
    assert quote.principal.minor == 908_85
    assert quote.interest.minor == interest_minor

    # What is paid the same day before is all that the quote falls by.
    log.append(paid("100.00", on))
    rest = case.quote(log, on)
    assert rest.total.minor == quote.total.minor - 100_00
    log.append(event(Repaid(amount=rest.total), on))
    state = case.state(log, on)
    assert (state.status, state.credit_minor) == (LoanStatus.CLOSED, 0)
    assert state.outstanding.total.minor == 0

    # On the day on which it was paid out a loan costs nothing.
    assert case.quote([lent()], day(1, 15)).total.minor == 1_200_00


@BOTH
def test_problem_10_days_past_due_are_rebuilt_after_backdating(
    conventions: ScheduleConventions,
) -> None:
    case = Case(conventions=conventions)
    log = [lent(), paid("315.15", day(2, 15)), paid("500.00", day(4, 2))]
    found = paid("315.15", day(3, 14), known_on=day(4, 7))
    friday = dt.datetime(2025, 4, 4, 18, tzinfo=dt.UTC)

    # The second installment was due on 15 March: 17 days to 1 April.
    assert case.state(log, day(4, 1)).days_past_due == 17
    log.append(found)
    assert case.state(log, day(4, 1)).days_past_due == 0
    assert case.state(log, day(4, 1), friday).days_past_due == 17
    # It was paid a day early; the 500.00 then pay the third, 315.15, and 184.85 of the
    # fourth. Before, they had paid the second, 18 days late, and 184.85 of the third.
    settled = [row.settled_on for row in case.state(log, day(4, 4)).rows]
    assert settled == [day(2, 15), day(3, 14), day(4, 2), None]
    then = [row.settled_on for row in case.state(log, day(4, 4), friday).rows]
    assert then == [day(2, 15), day(4, 2), None, None]
    # A reversal brings the days back from its own day on.
    log.append(event(Reversed(found.id), day(4, 9)))
    late = case.state(log, day(4, 20))
    assert (late.days_past_due, late.overdue.total.minor) == (5, 130_30)
