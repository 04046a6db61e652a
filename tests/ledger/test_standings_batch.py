from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.batch import UNKNOWN
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import PolicyId, RepaymentId
from microcrm_core.ledger import (
    OLDEST_FIRST,
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    AllocationOrder,
    Bucket,
    DueState,
    LedgerPolicy,
    replay,
)
from microcrm_core.ledger.standings_batch import StandingColumns, replay_repayments
from microcrm_core.loans import STRICT, LoanTerms, Portion, Repayment
from microcrm_core.loans.columns_batch import RepaymentColumns
from microcrm_core.money import Money
from tests.ledger.columnar_cases import (
    EUR,
    LENT_ON,
    PLANS,
    day_of,
    lent,
    loan_id,
    paid,
    rows_of,
    tables,
    terms_of,
)

FIRST, SECOND, LAST = (dt.date(2025, month, 15) for month in (2, 3, 4))
END = dt.date(2025, 12, 31)
DAY = dt.timedelta(days=1)
POLICIES = (
    PLAIN_LEDGER,
    LedgerPolicy(
        id=PolicyId("principal-first"),
        allocation=AllocationOrder.of(
            (Bucket.PRINCIPAL, Bucket.INTEREST, Bucket.FEES, Bucket.PENALTIES)
        ),
    ),
)


def repaid(
    amount_minor: int,
    on: dt.date,
    *,
    known_on: dt.date | None = None,
    number: int = 0,
    key: int = 0,
) -> Repayment:
    return Repayment(
        id=RepaymentId(f"{number} {on} {amount_minor} {key}"),
        loan_id=loan_id(number),
        paid_on=on,
        amount=Money(amount_minor, EUR),
        known_on=known_on or on,
    )


def standing_of(
    terms: list[LoanTerms],
    repayments: list[Repayment],
    as_of: dt.date,
    policy: LedgerPolicy = PLAIN_LEDGER,
) -> StandingColumns:
    loans = tables([(one, []) for one in terms])
    return replay_repayments(
        rows_of(loans),
        RepaymentColumns.from_repayments(repayments, loans),
        policy=policy,
        as_of_day=day_of(as_of),
    )


def assert_as_replayed(
    terms: list[LoanTerms],
    repayments: list[Repayment],
    as_of: dt.date,
    policy: LedgerPolicy = PLAIN_LEDGER,
) -> StandingColumns:
    found = standing_of(terms, repayments, as_of, policy)
    begin = 0
    for number, one in enumerate(terms):
        log = [lent(one)]
        for key, repayment in enumerate(repayments):
            is_known = repayment.known_on <= as_of
            if repayment.loan_id == loan_id(number) and is_known:
                amount, on = repayment.amount.minor, repayment.paid_on
                log.append(paid(amount, on, minute=key + 1, key=repayment.id))
        state = replay(one, log, conventions=STRICT, policy=policy, as_of=as_of)
        rows = slice(begin, begin + len(state))
        begin = rows.stop
        settled = [UNKNOWN if day is None else day for day in state.settled_day]
        assert found.paid_minor[rows].tolist() == np.sum(state.paid_minor, 0).tolist()
        assert found.settled_day[rows].tolist() == settled
        assert found.outstanding_minor[number] == state.outstanding.total.minor
        owed = state.outstanding.principal.minor
        assert found.outstanding_principal_minor[number] == owed
        assert found.overdue_minor[number] == state.overdue.total.minor
        assert found.days_past_due[number] == state.days_past_due
        assert found.credit_minor[number] == state.credit.minor
        assert found.repaid_minor[number] == sum(
            posting.amount_minor
            for posting in state.postings
            if posting.type == "loan.repaid"
        )
        last_day = UNKNOWN if UNKNOWN in settled else max(settled)
        assert found.loan_settled_day[number] == last_day
        assert found.is_settled[number] == (last_day != UNKNOWN)
    assert begin == found.paid_minor.size
    return found


@st.composite
def portfolios(draw: st.DrawFn) -> tuple[list[LoanTerms], list[Repayment]]:
    terms: list[LoanTerms] = []
    repayments: list[Repayment] = []
    near = st.sampled_from((FIRST, SECOND, LAST, LENT_ON + DAY, END))
    shift = st.sampled_from((0, 0, -1, 1))
    for number in range(draw(st.integers(1, 3))):
        one = terms_of(
            draw(st.sampled_from((1, 900, 90_000))),
            draw(st.integers(2, 4)),
            percent=draw(st.sampled_from((0, 24))),
            plan=draw(st.sampled_from(PLANS)),
        )
        terms.append(one)
        whole = one.principal.minor
        amount = st.sampled_from((1, whole // 3 + 1, whole // 2 + 1, whole, 2 * whole))
        for key in range(draw(st.integers(0, 4))):
            on = draw(near) + draw(shift) * DAY
            known_on = on + draw(st.sampled_from((0, 0, 40))) * DAY
            repayments.append(
                repaid(draw(amount), on, known_on=known_on, number=number, key=key)
            )
    return terms, draw(st.permutations(repayments))


@given(
    drawn=portfolios(),
    policy=st.sampled_from(POLICIES),
    as_of=st.dates(dt.date(2025, 1, 10), dt.date(2025, 6, 20)),
)
def test_loans_that_are_only_repaid_stand_as_replay_says(
    drawn: tuple[list[LoanTerms], list[Repayment]], policy: LedgerPolicy, as_of: dt.date
) -> None:
    assert_as_replayed(*drawn, as_of, policy)


@pytest.mark.parametrize("short_minor", [-1, 0, 1])
@pytest.mark.parametrize("as_of", [FIRST, SECOND, SECOND + DAY, END])
def test_payments_that_reach_a_row_to_the_unit_settle_it(
    short_minor: int, as_of: dt.date
) -> None:
    # 300.00 a month without interest.
    terms = [terms_of(percent=0)] * 3
    repayments = [
        repaid(20_000, FIRST),
        repaid(10_000 - short_minor, FIRST + DAY),
        repaid(90_000 - short_minor, FIRST, number=1),
        repaid(60_000, SECOND, number=2),
        repaid(30_000 - short_minor, SECOND + DAY, number=2),
    ]
    assert_as_replayed(terms, repayments, as_of)


def test_a_payment_in_part_is_worked_out_by_hand() -> None:
    # Three rows of 300.00; 450.00 come in a day late.
    found = standing_of(
        [terms_of(percent=0)], [repaid(45_000, FIRST + DAY)], SECOND + DAY
    )

    assert found.paid_minor.tolist() == [30_000, 15_000, 0]
    assert found.settled_day.tolist() == [day_of(FIRST + DAY), UNKNOWN, UNKNOWN]
    assert found.outstanding_minor.tolist() == [45_000]
    assert found.overdue_minor.tolist() == [15_000]
    assert found.days_past_due.tolist() == [1]
    assert found.credit_minor.tolist() == [0]


def test_rows_that_ask_for_nothing_are_settled_with_the_disbursement() -> None:
    bullet = terms_of(percent=0, plan=PLANS[2])
    found = assert_as_replayed([bullet], [repaid(90_000, SECOND)], END)

    lent_day = day_of(LENT_ON)
    assert found.settled_day.tolist() == [lent_day, lent_day, day_of(SECOND)]
    assert found.loan_settled_day.tolist() == [day_of(SECOND)]


def test_nothing_is_owed_before_money_is_paid_out() -> None:
    found = assert_as_replayed([terms_of()], [], LENT_ON - DAY)
    assert found.outstanding_minor.tolist() == [0]
    assert not found.is_settled.any()


def test_no_loans_have_no_standing() -> None:
    assert standing_of([], [], END).loan_settled_day.tolist() == []


def test_amounts_whose_sum_over_all_loans_leaves_int64_are_exact() -> None:
    terms = [terms_of(2**61, 2, percent=0) for _ in range(6)]
    repayments: list[Repayment] = []
    for number in range(6):
        repayments += [
            repaid(2**60 - number % 2, FIRST, number=number),
            repaid(2**60 + number, SECOND, number=number),
        ]
    assert_as_replayed(terms, repayments, END)


def test_a_repayment_before_the_disbursement_is_refused_once_it_counts() -> None:
    early = repaid(100, LENT_ON - DAY, known_on=SECOND)
    with pytest.raises(InvalidValueError, match="must not be before the disb") as error:
        standing_of([terms_of()], [repaid(50, FIRST), early], SECOND)
    assert error.value.row == 1
    assert_as_replayed([terms_of()], [early], FIRST)


def test_repayments_of_no_loan_and_sums_that_do_not_fit_are_refused() -> None:
    loans = tables([(terms_of(), [])])
    found = RepaymentColumns.from_repayments([repaid(1, FIRST)], loans)
    beyond = attrs.evolve(found, loan_index=np.array([1]))
    with pytest.raises(InvalidValueError, match="loan_index must be less than"):
        replay_repayments(
            rows_of(loans), beyond, policy=PLAIN_LEDGER, as_of_day=day_of(END)
        )
    large = [repaid(2**61, FIRST), repaid(2**61, SECOND)]
    with pytest.raises(InvalidValueError, match="amount_minor must add up to less"):
        standing_of([terms_of()], large, END)
    rows = rows_of(loans)
    wide = attrs.evolve(rows, principal_minor=rows.principal_minor + 2**61)
    with pytest.raises(InvalidValueError, match="rows must add up to less"):
        replay_repayments(wide, found, policy=PLAIN_LEDGER, as_of_day=day_of(END))


def test_policies_that_columns_do_not_cover_are_refused() -> None:
    no_policy: Any = "plain-ledger"
    with pytest.raises(InvalidValueError, match="policy must be a LedgerPolicy"):
        standing_of([terms_of()], [], END, no_policy)
    with pytest.raises(InvalidValueError, match="early_payment must be 'nothing'"):
        standing_of([terms_of()], [], END, RECALCULATING_LEDGER)
    taken = attrs.evolve(PLAIN_LEDGER, is_down_payment_automatic=True)
    assert_as_replayed([terms_of()], [], END, taken)
    plan = attrs.evolve(terms_of().plan, down_payment=Portion.of_share("0.25"))
    with pytest.raises(InvalidValueError, match="is_down_payment_automatic must be"):
        standing_of([terms_of(plan=plan)], [], END, taken)


def test_several_orders_of_buckets_are_refused() -> None:
    first, last = OLDEST_FIRST.buckets(DueState.DUE), (
        Bucket.PRINCIPAL, Bucket.INTEREST, Bucket.FEES, Bucket.PENALTIES
    )  # fmt: skip
    order = AllocationOrder.of(first, first, last)
    policy = attrs.evolve(PLAIN_LEDGER, allocation=order)
    with pytest.raises(InvalidValueError, match="must have one order of buckets"):
        standing_of([terms_of()], [], END, policy)


def test_penalties_first_is_an_order_like_others() -> None:
    policy = attrs.evolve(PLAIN_LEDGER, allocation=OLDEST_FIRST)
    repayments = [repaid(10_000, FIRST), repaid(45_000, SECOND + DAY)]
    assert_as_replayed([terms_of()], repayments, END, policy)
