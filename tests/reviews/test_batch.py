"""The review of a portfolio: equal to the scalar one, and blind to what comes later."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, build_schedule
from microcrm_core.batch import UNKNOWN
from microcrm_core.dates import DayCount, RollRule
from microcrm_core.ids import RepaymentId
from microcrm_core.reviews import REVIEW_BASIC, ReviewPolicies, month_due_day
from microcrm_core.reviews.batch import Review, review_portfolio
from microcrm_core.reviews.files_batch import read_portfolio
from microcrm_core.reviews.portfolio_batch import Portfolio
from microcrm_core.reviews.schema import DAY_MAX, DAY_MIN
from microcrm_core.samples import sample_portfolio
from microcrm_core.tiers import Tier
from tests.customers.strategies import AS_OF_DAYS
from tests.reviews.folders import write_folder
from tests.reviews.review_cases import (
    PLAN_COUNT,
    POLICIES,
    Records,
    assert_twins,
    make_customer,
    make_loan,
    many_records,
    on,
    portfolio_of,
    tied_records,
    with_conventions,
    with_plans,
)

TODAY = on("2025-06-30")
# A portfolio is long to draw.
FEWER = settings(max_examples=settings().max_examples // 4)


@pytest.fixture(scope="module")
def tied() -> Portfolio:
    return portfolio_of(tied_records())


def known_by(records: Records, day: dt.date) -> Records:
    """Leave out every fact that became known after the day."""
    customers, transactions, loans, repayments = records
    lent = [one for one in loans if one.known_on <= day]
    kept = {one.id for one in lent}
    known = {one.id for one in customers if one.known_on <= day}
    lent = [one for one in lent if one.customer_id in known]
    return (
        [one for one in customers if one.id in known],
        [
            one
            for one in transactions
            if one.known_on <= day and one.customer_id in known
        ],
        lent,
        [
            one
            for one in repayments
            if one.known_on <= day
            and one.loan_id in kept
            and one.loan_id in {loan.id for loan in lent}
        ],
    )


@pytest.mark.parametrize("rules", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize(
    "day",
    [
        "2024-12-31",
        "2025-02-28",
        "2025-03-01",
        "2025-04-30",
        "2025-06-30",
        "2025-07-02",
    ],
)
def test_every_row_of_the_constructed_ties_equals_the_scalar_review(
    tied: Portfolio, rules: ReviewPolicies, day: str
) -> None:
    assert_twins(tied, rules, on(day))


@pytest.mark.parametrize("first", range(PLAN_COUNT))
def test_every_row_of_loans_with_other_plans_equals_the_scalar_review(
    first: int,
) -> None:
    portfolio = portfolio_of(with_plans(tied_records(), first))
    for day in ("2025-03-01", "2025-06-30", "2025-07-02"):
        for rules in (POLICIES["basic"], POLICIES["end of month"]):
            assert_twins(portfolio, rules, on(day))


def test_the_plan_of_a_request_decides_its_installment() -> None:
    # The request of "same-day" is loan 2 of the records, so it has each plan once.
    asked = [
        assert_twins(
            portfolio_of(with_plans(tied_records(), first)), REVIEW_BASIC, TODAY
        )
        for first in range(PLAN_COUNT)
    ]
    installments = {
        row["request_installment_minor"]
        for rows in asked
        for row in rows
        if row["customer_id"] == "same-day"
    }
    assert len(installments) == PLAN_COUNT


@given(
    records=many_records(),
    first=st.integers(0, PLAN_COUNT - 1),
    day=st.sampled_from(AS_OF_DAYS),
)
@FEWER
def test_every_drawn_row_with_other_plans_equals_the_scalar_review(
    records: Records, first: int, day: dt.date
) -> None:
    planned = with_plans(records, first)
    for loan in planned[2]:
        try:
            build_schedule(loan.terms, REVIEW_BASIC.profile.conventions)
        except InvalidValueError:
            # A plan with fixed sums does not fit every loan that is drawn.
            assume(False)
    assert_twins(portfolio_of(planned), REVIEW_BASIC, day)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_row_of_the_sample_equals_the_scalar_review(seed: int) -> None:
    portfolio = sample_portfolio(customers=30, seed=seed, as_of=on("2024-02-29"))
    rules = list(POLICIES.values())[seed]
    rows = [
        row
        for day in ("2023-10-31", "2024-02-28", "2024-02-29", "2024-03-01")
        for row in assert_twins(portfolio, rules, on(day))
    ]
    # The comparison would say little if all rows were alike.
    assert len({row["due_day_outcome"] for row in rows}) >= 3
    assert len({row["quote_rate_ppm"] for row in rows}) >= 4
    assert {row["quote_basis"] for row in rows} >= {"request", "repeat"}
    assert len({row["tier"] for row in rows}) >= 3


@given(
    records=many_records(),
    rules=st.sampled_from(list(POLICIES.values())),
    day=st.sampled_from(AS_OF_DAYS),
)
@FEWER
def test_every_drawn_row_equals_the_scalar_review(
    records: Records, rules: ReviewPolicies, day: dt.date
) -> None:
    assert_twins(portfolio_of(records), rules, day)


@given(
    records=many_records(),
    rules=st.sampled_from(list(POLICIES.values())),
    day=st.sampled_from(AS_OF_DAYS),
)
@FEWER
def test_a_fact_known_later_changes_no_row(
    records: Records, rules: ReviewPolicies, day: dt.date
) -> None:
    known = portfolio_of(known_by(records, day))
    everything = portfolio_of(records)
    assert (
        review_portfolio(everything, rules, day).to_columns()
        == review_portfolio(known, rules, day).to_columns()
    )


@given(
    records=many_records("c"),
    later=many_records("a"),
    day=st.sampled_from(AS_OF_DAYS),
    order=st.randoms(use_true_random=False),
)
@FEWER
def test_later_facts_of_every_kind_in_any_place_change_no_row(
    records: Records, later: Records, day: dt.date, order: random.Random
) -> None:
    """Unlike what was merely left out above, these speak of days before the day too."""
    after = day + dt.timedelta(days=1)
    customers, transactions, loans, repayments = records
    owner = customers[0].id
    added: Records = (
        [*customers, *(attrs.evolve(one, known_on=after) for one in later[0])],
        [
            *transactions,
            *(attrs.evolve(one, customer_id=owner, known_on=after) for one in later[1]),
        ],
        [
            *loans,
            *(attrs.evolve(one, customer_id=owner, known_on=after) for one in later[2]),
        ],
        [*repayments, *(attrs.evolve(one, known_on=after) for one in later[3])],
    )
    lent = [one for one in loans if one.is_disbursed]
    if lent:
        added[3].extend(
            attrs.evolve(
                one,
                loan_id=lent[0].id,
                id=RepaymentId(f"more-{one.id}"),
                known_on=after,
            )
            for one in later[3]
            if one.paid_on >= lent[0].terms.disbursed_on
        )
    before = review_portfolio(portfolio_of(records), REVIEW_BASIC, day).to_columns()
    for rows in added[1:]:
        order.shuffle(rows)
    assert (
        before == review_portfolio(portfolio_of(added), REVIEW_BASIC, day).to_columns()
    )


def test_a_customer_known_later_is_not_in_the_review(tied: Portfolio) -> None:
    review = review_portfolio(tied, REVIEW_BASIC, TODAY)
    ids = review.to_columns()["customer_id"]
    assert "later" not in ids
    assert "today" in ids
    assert len(review) == tied.customer_count - 1
    with pytest.raises(
        InvalidValueError, match="must be in the portfolio, got 'later'"
    ):
        review.customer("later")
    tomorrow = review_portfolio(tied, REVIEW_BASIC, on("2025-07-01"))
    assert len(tomorrow) == tied.customer_count


def test_ties_are_decided_as_documented(tied: Portfolio) -> None:
    rows = {row["customer_id"]: row for row in assert_twins(tied, REVIEW_BASIC, TODAY)}
    chosen = {
        name: (row["quote_basis"], row["quote_loan_id"]) for name, row in rows.items()
    }
    # The latest request by day and id goes before a loan of the same day.
    assert chosen["same-day"] == ("request", "s-3")
    # The last loan by day and id; "t-2" stands after "t-10" as text.
    assert chosen["twins"] == ("repeat", "t-2")
    assert chosen["upcoming"] == ("request", "u-1")
    assert chosen["nothing"] == (None, None)
    assert rows["weekly"]["due_day_outcome"] == "due_day_not_monthly"
    assert rows["semimonthly"]["due_day_outcome"] == "due_day_not_monthly"
    assert rows["nothing"]["due_day_outcome"] == "due_day_no_loan"
    # 600.00 without interest in six parts is 100.00; 1,000.00 is there to the 9th.
    assert rows["zero-rate"]["lent_minor"] == 60_000
    assert rows["zero-rate"]["current_due_day"] == 28
    # Two of five due installments are known to be paid, the first one in time.
    assert rows["zero-rate"]["due_installment_count"] == 5
    assert rows["zero-rate"]["outstanding_minor"] == 60_000 - 20_000


@pytest.mark.parametrize(
    ("roll", "due_day"),
    [
        (RollRule.DAY_OF_MONTH, 28),
        (RollRule.END_OF_MONTH, 31),
        (RollRule.of("day_30"), 30),
        (RollRule.of("day_5"), 5),
    ],
)
def test_the_current_due_day_follows_the_roll(roll: RollRule, due_day: int) -> None:
    first_due_on = on("2025-02-28")
    assert month_due_day(first_due_on, roll) == due_day
    portfolio = portfolio_of(
        (
            [make_customer("c-1")],
            [],
            [make_loan("l-1", "c-1", "2025-01-31", "2025-02-28")],
            [],
        )
    )
    review = review_portfolio(portfolio, with_conventions(roll), TODAY)
    assert review.due_days.current_due_day.tolist() == [due_day]


def test_a_day_count_that_columns_lack_is_refused_and_not_guessed() -> None:
    rules = with_conventions(day_count=DayCount.ACT_ACT_AFB)
    portfolio = portfolio_of(tied_records())
    with pytest.raises(InvalidValueError):
        review_portfolio(portfolio, rules, TODAY)


def test_an_unschedulable_loan_is_refused_with_its_row() -> None:
    loans = [
        make_loan("l-1", "c-1", "2025-01-01", "2025-02-01"),
        make_loan(
            "l-2",
            "c-1",
            "2025-01-01",
            "2025-02-01",
            annual_ppm=4_000_000,
            installment_count=600,
        ),
    ]
    portfolio = portfolio_of(([make_customer("c-1")], [], loans, []))
    with pytest.raises(InvalidValueError) as caught:
        review_portfolio(portfolio, REVIEW_BASIC, TODAY)
    assert caught.value.row == 1


def test_an_empty_portfolio_has_an_empty_review() -> None:
    review = review_portfolio(Portfolio.from_scalars(customers=[]), REVIEW_BASIC, TODAY)
    assert len(review) == 0
    assert review.tier_counts() == dict.fromkeys(Tier, 0)
    assert all(values == [] for values in review.to_columns().values())


@pytest.mark.parametrize("day", [DAY_MIN, on("1970-01-01"), DAY_MAX])
def test_the_first_and_the_last_day_of_files_can_be_reviewed(
    tied: Portfolio, day: dt.date
) -> None:
    rows = assert_twins(tied, REVIEW_BASIC, day)
    assert len(rows) == (tied.customer_count if day == DAY_MAX else 0)


def test_a_moment_or_a_text_is_no_day(tied: Portfolio) -> None:
    noon = dt.datetime(2025, 6, 30, 12, tzinfo=dt.UTC)
    for wrong in (noon, "2025-06-30", None):
        with pytest.raises(InvalidValueError, match="as_of"):
            review_portfolio(tied, REVIEW_BASIC, wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_progress_is_told_each_step_once_in_order(tied: Portfolio) -> None:
    told: list[tuple[str, int, int]] = []
    review_portfolio(
        tied, REVIEW_BASIC, TODAY, progress=lambda *step: told.append(step)
    )
    assert [number for _, number, _ in told] == list(range(1, len(told) + 1))
    assert {count for _, _, count in told} == {len(told)}
    assert len({name for name, _, _ in told}) == len(told)


@pytest.fixture(scope="module")
def sampled() -> Review:
    portfolio = sample_portfolio(customers=60, seed=5)
    return review_portfolio(portfolio, REVIEW_BASIC, TODAY)


def test_counts_and_views_add_up(sampled: Review) -> None:
    tiers = sampled.to_columns()["tier"]
    assert sampled.tier_counts() == {tier: tiers.count(tier.value) for tier in Tier}
    assert repr(sampled) == "Review(as_of=2025-06-30, customers=60)"
    html = sampled._repr_html_()
    for tier, count in sampled.tier_counts().items():
        assert tier.value in html
        assert f">{count}<" in html


def test_one_customer_of_a_review_explains_the_row(sampled: Review) -> None:
    for row in (0, 17, 59):
        customer_id = sampled.portfolio.customers.ids[row].decode()
        one = sampled.customer(customer_id)
        assert one.profile.customer_id == customer_id
        assert one.tier.outcome is list(Tier)[sampled.tiers.tier_index[row]]
        rate = sampled.quotes.rate_ppm[row]
        quote = one.quote.outcome
        assert (UNKNOWN if quote is None else quote.nominal_rate.annual_ppm) == rate


def test_reviewing_leaves_the_portfolio_as_it_was(tied: Portfolio) -> None:
    before = portfolio_of(tied_records())
    review_portfolio(tied, REVIEW_BASIC, TODAY)
    assert tied.equals(before)


def test_the_order_of_customers_changes_no_row(tied: Portfolio) -> None:
    backwards = tied.take_customers(np.arange(tied.customer_count)[::-1])
    forward = review_portfolio(tied, REVIEW_BASIC, TODAY).to_columns()
    reverse = review_portfolio(backwards, REVIEW_BASIC, TODAY).to_columns()
    assert forward == {name: values[::-1] for name, values in reverse.items()}


def test_a_frame_has_the_columns_of_the_review(sampled: Review) -> None:
    pandas = pytest.importorskip("pandas")
    frame = sampled.to_frame("pandas")
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(sampled.to_columns())
    assert frame["tier"].tolist() == sampled.to_columns()["tier"]


@pytest.mark.parametrize("planned_on", ["", "2025-02-15"])
@pytest.mark.parametrize("frequency", ["monthly", "P30D", "weekly", "semimonthly"])
def test_a_later_disbursement_changes_no_earlier_review(
    tmp_path: Path, frequency: str, planned_on: str
) -> None:
    header = (
        "loan_id,customer_id,currency,principal,annual_rate,installment_count,"
        "frequency,first_due_on,requested_on,planned_on,disbursed_on\n"
    )
    loan = f"l-1,c-1,EUR,600.00,0.24,6,{frequency},2025-03-01,2025-01-10,{planned_on},"
    reviews = []
    for disbursed_on in ("", "2025-01-20"):
        folder = tmp_path / f"then{disbursed_on}"
        write_folder(
            folder,
            {
                "customers": "customer_id,kind,currency\nc-1,sole_trader,EUR\n",
                "loans": f"{header}{loan}{disbursed_on}\n",
            },
        )
        reading = read_portfolio(folder)
        assert reading.rejected == ()
        review = review_portfolio(reading.portfolio, REVIEW_BASIC, on("2025-01-12"))
        facts = review.customer("c-1").profile.facts()
        assert review.profiles.profile_facts(0) == facts
        reviews.append(review.to_columns())

    assert reviews[0] == reviews[1]
    assert reviews[0]["request_installment_minor"][0] is not None
