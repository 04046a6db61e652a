"""Logs of loans of which only plain records are kept, and what they come to.

One day of interest at 36.5 % on ACT/365F is a thousandth of the principal, so that the
figures below can be checked by hand: 31 days on 1000.00 are 31.00.
"""

from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import STRICT, InvalidValueError, LedgerError, Money
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    Disbursed,
    LedgerEvent,
    LoanState,
    LoanStatus,
    Repaid,
    end_of_day,
    loan_log,
    replay,
)
from microcrm_core.loans import (
    Bullet,
    Fee,
    FeeTiming,
    Loan,
    LoanTerms,
    Portion,
    Repayment,
    Tranche,
    build_schedule,
)
from tests.loans.loan_cases import EUR, KWD, make_loan, make_repayment, make_terms

TERMS = make_terms(100_000, 365_000, 3)
SCHEDULE = build_schedule(TERMS, STRICT)
LEVEL = SCHEDULE.level_installment.minor
DUE = SCHEDULE.due_on
LENT_ON = TERMS.disbursed_on
AS_OF = dt.date(2025, 12, 31)
DAY = dt.timedelta(days=1)


def state(
    *repayments: Repayment, terms: LoanTerms = TERMS, as_of: dt.date = AS_OF
) -> LoanState:
    return replay(
        terms,
        loan_log(make_loan(terms), repayments),
        conventions=STRICT,
        policy=PLAIN_LEDGER,
        as_of=as_of,
        known_at=end_of_day(as_of),
    )


def parts(found: LoanState, repayment: Repayment) -> list[tuple[int | None, str, int]]:
    """Return where a repayment went: row, bucket and minor units."""
    allocated = found.allocation(EventId(repayment.id))
    return [
        (one.row_number, one.bucket.name.lower(), one.amount.minor) for one in allocated
    ]


def test_interest_is_paid_before_principal_and_the_oldest_first() -> None:
    repayments = [
        make_repayment(1, DUE[0], 3_000),
        make_repayment(2, DUE[0], 200),
        make_repayment(3, DUE[1], LEVEL),
    ]

    found = state(*repayments)

    # 31.00 of interest are due first; 28 days on what is left of 1000.00 then.
    left_of_first = LEVEL - 3_200
    second_interest = round((100_000 - (LEVEL - 3_100)) * 28 / 1000)
    assert [parts(found, one) for one in repayments] == [
        [(1, "interest", 3_000)],
        [(1, "interest", 100), (1, "principal", 100)],
        [
            (1, "principal", left_of_first),
            (2, "interest", second_interest),
            (2, "principal", LEVEL - left_of_first - second_interest),
        ],
    ]


def test_a_repayment_pays_fees_then_interest_then_principal() -> None:
    # 31.00 of interest are due with the first installment, and 5.00 of fees on top.
    service = Fee(
        name="service",
        timing=FeeTiming.PER_INSTALLMENT,
        portion=Portion.of_amount(Money(500, EUR)),
    )
    terms = attrs.evolve(TERMS, plan=attrs.evolve(TERMS.plan, fees=(service,)))
    repayments = [
        make_repayment(number, DUE[0], minor)
        for number, minor in enumerate((300, 1000, 2500))
    ]

    found = state(*repayments, terms=terms)

    assert [parts(found, one) for one in repayments] == [
        [(1, "fees", 300)],
        [(1, "fees", 200), (1, "interest", 800)],
        [(1, "interest", 2300), (1, "principal", 200)],
    ]
    assert found.outstanding.principal.minor == 100_000 - 200


def test_a_loan_is_settled_when_everything_is_paid_and_the_rest_is_credit() -> None:
    all_minor = SCHEDULE.total.minor

    found = state(
        make_repayment(1, DUE[0], LEVEL), make_repayment(2, DUE[1], all_minor)
    )

    assert found.status is LoanStatus.OVERPAID
    assert [row.settled_on for row in found.rows] == [DUE[0], DUE[1], DUE[1]]
    assert (found.credit.minor, found.outstanding.total.minor) == (LEVEL, 0)


def test_one_unit_short_leaves_the_installment_open() -> None:
    as_of = DUE[0] + 9 * DAY

    found = state(make_repayment(1, DUE[0], LEVEL - 1), as_of=as_of)

    assert found.rows[0].settled_on is None
    assert (found.overdue.total.minor, found.days_past_due) == (1, 9)


def test_an_unpaid_installment_is_overdue_from_the_day_after_its_due_date() -> None:
    on_the_day, day_after = state(as_of=DUE[0]), state(as_of=DUE[0] + DAY)

    assert (on_the_day.overdue.total.minor, on_the_day.days_past_due) == (0, 0)
    assert (day_after.overdue.total.minor, day_after.days_past_due) == (LEVEL, 1)


def test_capitalized_interest_is_principal_that_is_outstanding() -> None:
    plan = attrs.evolve(TERMS.plan, method=Bullet(is_compounded=True))
    terms = attrs.evolve(TERMS, plan=plan)

    # 31, 28 and 31 days: 1000.00 grow to 1031.00, then to 1059.87; what the last
    # period bears is interest.
    found = state(terms=terms, as_of=DUE[2] + DAY)

    assert found.overdue.principal.minor == 105_987
    assert found.overdue.total.minor == 105_987 + round(105_987 * 31 / 1000)


def test_an_installment_of_nothing_is_never_past_due() -> None:
    # A bullet asks for nothing before its last due date.
    terms = attrs.evolve(TERMS, plan=attrs.evolve(TERMS.plan, method=Bullet()))
    everything = 100_000 + 100_000 * 90 // 1000

    before, after = (
        state(terms=terms, as_of=DUE[2]),
        state(terms=terms, as_of=DUE[2] + DAY),
    )

    assert (before.overdue.total.minor, before.days_past_due) == (0, 0)
    assert (after.overdue.total.minor, after.days_past_due) == (everything, 1)
    assert [row.settled_on for row in after.rows] == [LENT_ON, LENT_ON, None]


def test_what_is_paid_or_known_after_the_day_does_not_count() -> None:
    found = state(
        make_repayment(1, DUE[0], 100, known_on=AS_OF + DAY),
        make_repayment(2, AS_OF + DAY, 100),
        make_repayment(3, AS_OF, 7),
    )

    assert [one.amount_minor for one in found.postings[1:]] == [7]


@given(
    known=st.dates(LENT_ON - 9 * DAY, LENT_ON + 9 * DAY),
    loan_known=st.dates(LENT_ON - 9 * DAY, LENT_ON + 9 * DAY),
    hours=st.integers(0, 23),
)
def test_the_disbursement_comes_before_all_that_happens_on_its_day(
    known: dt.date, loan_known: dt.date, hours: int
) -> None:
    loan = make_loan(TERMS, known_on=loan_known)
    at = dt.datetime.combine(known, dt.time(hours, tzinfo=dt.UTC))
    event = LedgerEvent.of(
        Repaid(amount=Money(5, EUR)),
        loan_id=loan.id,
        value_on=LENT_ON,
        recorded_at=at,
        idempotency_key="early",
    )
    plain = make_repayment(1, LENT_ON, 7, known_on=known)

    found = replay(
        TERMS,
        loan_log(loan, [plain, event]),
        conventions=STRICT,
        policy=PLAIN_LEDGER,
        as_of=LENT_ON,
    )

    assert [one.type for one in found.postings] == [
        "loan.disbursed",
        "loan.repaid",
        "loan.repaid",
    ]


def test_tranches_are_paid_out_on_their_days() -> None:
    tranche = Tranche(disbursed_on=DUE[0], amount=Money(40_000, EUR))
    terms = attrs.evolve(TERMS, tranches=(tranche,))

    before, after = (
        state(terms=terms, as_of=DUE[0] - DAY),
        state(terms=terms, as_of=DUE[0]),
    )

    assert before.disbursements == ((LENT_ON, 60_000),)
    assert after.disbursements == ((LENT_ON, 60_000), (DUE[0], 40_000))


def test_a_disbursement_that_is_told_is_taken_as_it_is() -> None:
    loan = make_loan(TERMS)
    lent = LedgerEvent.of(
        Disbursed(amount=Money(90_000, EUR)),
        loan_id=loan.id,
        value_on=LENT_ON + DAY,
        recorded_at=dt.datetime(2025, 1, 17, tzinfo=dt.UTC),
        idempotency_key="lent",
    )

    assert loan_log(loan, [lent]) == (lent,)


def test_a_request_has_no_disbursement() -> None:
    asked: Loan = make_loan(TERMS, requested_on=LENT_ON, is_disbursed=False)

    assert loan_log(asked, []) == ()


def test_a_repayment_keeps_its_id_and_days() -> None:
    repayment = make_repayment(4, DUE[0], 250, known_on=DUE[1])

    *_, event = loan_log(make_loan(TERMS), [repayment])

    assert event == LedgerEvent(
        id=EventId("r-004"),
        loan_id=repayment.loan_id,
        value_on=DUE[0],
        recorded_at=end_of_day(DUE[1]),
        idempotency_key="r-004",
        what=Repaid(amount=Money(250, EUR)),
    )
    assert hash(event) == hash(attrs.evolve(event))


def test_records_that_do_not_belong_together_are_refused() -> None:
    loan, one = make_loan(TERMS), make_repayment(1, DUE[0], 1)
    other = attrs.evolve(one, loan_id=LoanId("loan-2"))
    foreign = attrs.evolve(one, amount=Money(1, KWD))

    with pytest.raises(InvalidValueError, match="of record 'r-001' must be 'loan-1'"):
        loan_log(loan, [other])
    with pytest.raises(InvalidValueError, match="id must be given once"):
        loan_log(loan, [one, one])
    with pytest.raises(InvalidValueError, match="must be Repayments or LedgerEvents"):
        loan_log(loan, ["r-1"])  # type: ignore[list-item]  # on purpose
    with pytest.raises(LedgerError, match="must be in EUR"):
        state(foreign)


def test_the_first_day_of_the_calendar_leaves_no_earlier_moment() -> None:
    first = dt.date.min
    terms = make_terms(1000, 0, 1, disbursed_on=first, first_due_on=first + DAY)
    at_once = make_repayment(1, first, 1000, known_on=first)

    assert state(at_once, terms=terms, as_of=first).status is LoanStatus.CLOSED
