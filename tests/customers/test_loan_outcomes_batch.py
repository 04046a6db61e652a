"""Profiles in columns equal those of each customer, whatever a log holds."""

from __future__ import annotations

import datetime as dt
import random

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core.customers import (
    PROFILE_BASIC,
    Customer,
    CustomerKind,
    ProfilePolicy,
    build_profile,
)
from microcrm_core.customers.batch import ProfileColumns, build_profiles
from microcrm_core.customers.columns_batch import CustomerColumns, TransactionColumns
from microcrm_core.errors import InvalidValueError, LedgerError
from microcrm_core.ids import CustomerId, PolicyId
from microcrm_core.ledger import (
    OLDEST_FIRST,
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    ChargeWaived,
    Disbursed,
    LedgerEvent,
    Reversed,
    WrittenOff,
)
from microcrm_core.ledger.logs_batch import read_logs
from microcrm_core.loans import Loan
from microcrm_core.loans.columns_batch import LoanColumns, RepaymentColumns
from tests.ledger.columnar_cases import (
    EUR,
    LENT_ON,
    PENALTY,
    Log,
    charge,
    event,
    lent,
    loan_id,
    logs,
    paid,
    seeded_log,
    terms_of,
)

PENALTIES_FIRST = attrs.evolve(
    PROFILE_BASIC,
    grace_days=3,
    ledger=attrs.evolve(
        PLAIN_LEDGER, id=PolicyId("penalties-first"), allocation=OLDEST_FIRST
    ),
)
FEBRUARY, MARCH = dt.date(2025, 2, 15), dt.date(2025, 3, 15)


def customer(number: int) -> Customer:
    return Customer(
        id=CustomerId(f"c-{number}"),
        kind=CustomerKind.SOLE_TRADER,
        currency=EUR,
        known_on=LENT_ON,
    )


def loan(number: int, log: Log) -> Loan:
    return Loan(
        id=loan_id(number),
        # Two loans are one customer's.
        customer_id=CustomerId(f"c-{number // 2}"),
        terms=log[0],
        requested_on=None,
        is_disbursed=True,
        known_on=LENT_ON,
    )


def in_columns(
    drawn: list[Log], policy: ProfilePolicy, as_of: dt.date
) -> ProfileColumns:
    numbers = range((len(drawn) + 1) // 2)
    customers = CustomerColumns.from_customers(map(customer, numbers))
    loans = LoanColumns.from_loans(
        [loan(number, log) for number, log in enumerate(drawn)],
        {customer(number).id: number for number in numbers},
    )
    return build_profiles(
        customers,
        TransactionColumns.from_transactions([], customers),
        loans,
        read_logs([one for _, log in drawn for one in log], loans),
        policy,
        as_of,
    )


def assert_twins(drawn: list[Log], policy: ProfilePolicy, as_of: dt.date) -> None:
    profiles = in_columns(drawn, policy, as_of)
    assert len(profiles) == (len(drawn) + 1) // 2
    for row in range(len(profiles)):
        own = range(2 * row, min(2 * row + 2, len(drawn)))
        found = build_profile(
            customer(row),
            [],
            [loan(number, drawn[number]) for number in own],
            [one for number in own for one in drawn[number][1]],
            policy,
            as_of,
        )
        assert profiles.profile_facts(row) == dict(found.facts())


def without_disbursement(log: Log) -> Log:
    """Return the log as a system keeps it that has no event for it."""
    terms, events = log
    lent_ids = {one.id for one in events if isinstance(one.what, Disbursed)}
    kept: list[LedgerEvent] = [
        one
        for one in events
        if one.id not in lent_ids
        and not (isinstance(one.what, Reversed) and one.what.event_id in lent_ids)
    ]
    return terms, kept


@st.composite
def portfolios(draw: st.DrawFn) -> list[Log]:
    drawn = [draw(logs(number)) for number in range(draw(st.integers(1, 4)))]
    return [without_disbursement(log) if draw(st.booleans()) else log for log in drawn]


@settings(max_examples=60)
@given(
    drawn=portfolios(),
    policy=st.sampled_from((PROFILE_BASIC, PENALTIES_FIRST)),
    as_of=st.dates(dt.date(2025, 1, 10), dt.date(2025, 8, 20)),
)
def test_profiles_of_logs_equal_those_of_each_customer(
    drawn: list[Log], policy: ProfilePolicy, as_of: dt.date
) -> None:
    try:
        assert_twins(drawn, policy, as_of)
    except InvalidValueError:
        # Refused, and so not wrong; what is refused is held by `test_replays_batch`.
        with pytest.raises(InvalidValueError):
            in_columns(drawn, policy, as_of)


@pytest.mark.parametrize("as_of", [FEBRUARY, MARCH, dt.date(2025, 6, 30)])
def test_many_logs_of_every_kind_of_event_are_equal(as_of: dt.date) -> None:
    rng = random.Random(11)
    drawn = [seeded_log(rng, number) for number in range(60)]
    drawn = [
        without_disbursement(log) if number % 3 == 0 else log
        for number, log in enumerate(drawn)
    ]

    assert_twins(drawn, PROFILE_BASIC, as_of)


def ties() -> list[Log]:
    """Return logs whose days meet: paid, waived, written off and due on one day."""
    terms = terms_of(90_000, 3, percent=0)
    late = charge(PENALTY, 5_000, FEBRUARY, FEBRUARY)
    waived = event(ChargeWaived(late.id), MARCH, minute=2)
    given_up = event(WrittenOff(), MARCH, minute=5)
    paid_in_march = paid(30_000, MARCH, minute=3)
    return [
        (terms, [lent(terms), paid(30_000, FEBRUARY), late, waived]),
        (terms, [lent(terms), paid(30_000, FEBRUARY), given_up]),
        (terms, [lent(terms), late, paid_in_march, waived, given_up]),
        (terms, [paid(30_000, LENT_ON, minute=0), paid_in_march]),
        (terms, [lent(terms), paid(90_000, MARCH), given_up]),
        (terms, [lent(terms), event(Reversed(lent(terms).id), MARCH, minute=7)]),
        (terms, []),
    ]


@pytest.mark.parametrize("days", [-1, 0, 1, 3, 4, 31, 400])
def test_days_that_meet_are_equal(days: int) -> None:
    drawn = [
        (terms, [attrs.evolve(one, loan_id=loan_id(number)) for one in events])
        for number, (terms, events) in enumerate(ties())
    ]
    for policy in (PROFILE_BASIC, PENALTIES_FIRST):
        assert_twins(drawn, policy, FEBRUARY + dt.timedelta(days=days))
        assert_twins(drawn, policy, MARCH + dt.timedelta(days=days))


def test_a_policy_that_columns_do_not_cover_is_refused_by_name() -> None:
    policy = attrs.evolve(PROFILE_BASIC, ledger=RECALCULATING_LEDGER)
    with pytest.raises(InvalidValueError, match="early_payment must be 'nothing'"):
        in_columns([ties()[-1]], policy, MARCH)


def test_a_log_that_contradicts_itself_is_refused_in_both() -> None:
    terms = terms_of()
    drawn: list[Log] = [(terms, [paid(1, LENT_ON - dt.timedelta(days=1))])]

    with pytest.raises(InvalidValueError, match="must not be before"):
        in_columns(drawn, PROFILE_BASIC, MARCH)
    with pytest.raises(LedgerError, match="must not be before"):
        build_profile(
            customer(0), [], [loan(0, drawn[0])], drawn[0][1], PROFILE_BASIC, MARCH
        )


def test_loans_without_records_need_no_log() -> None:
    customers = CustomerColumns.from_customers([customer(0)])
    loans = LoanColumns.from_loans([loan(0, ties()[-1])], {customer(0).id: 0})
    nothing = TransactionColumns.from_transactions([], customers)

    of_log, of_repayments = (
        build_profiles(customers, nothing, loans, records, PROFILE_BASIC, MARCH)
        for records in (
            read_logs([], loans),
            RepaymentColumns.from_repayments([], loans),
        )
    )

    assert of_log.profile_facts(0) == of_repayments.profile_facts(0)
    assert of_log.profile_facts(0)["days_past_due"] == 28
