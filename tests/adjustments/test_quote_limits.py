"""Limits of a policy, and which adjustments a log tells of."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from microcrm_core import Frequency, Rate
from microcrm_core.adjustments import (
    ADJUSTED_BY,
    AdjustmentKind,
    AdjustmentRequest,
    AdjustmentRule,
    ChangeFrequency,
    ChangeRate,
    ExtendTerm,
    PastAdjustment,
    PaymentHoliday,
    Prepay,
    ReAge,
    SeasonalPlan,
    ShiftDueDates,
    accept,
    kind_of,
    past_adjustments,
    quote_adjustment,
)
from microcrm_core.adjustments.quote_limits import settled_count
from microcrm_core.decisions import FactValue, Reason
from microcrm_core.ledger import (
    ArrearsCapitalized,
    DueDateChanged,
    Happening,
    HolidayGranted,
    InterestPaused,
    LoanAccount,
    RateChanged,
    ReAged,
    ReAmortized,
    Repaid,
    Replanned,
    Reversed,
    TermChanged,
)
from microcrm_core.loans import EqualInstallments, Seasonal
from tests.adjustments.quote_cases import (
    ANYTHING_GOES,
    METHOD_CASES,
    at,
    day,
    event,
    lent_account,
    money,
)

ON = day(3, 20)
LATE = day(4, 25)
ACCOUNT = lent_account(paid_count=2)
RE_AGED = ReAge(start_on=day(4, 20), frequency=Frequency.MONTHLY, installment_count=6)
DUE_ON = (day(4, 15), day(5, 15), day(6, 15), day(7, 15))


def refusals(
    rule: AdjustmentRule,
    request: AdjustmentRequest,
    *,
    account: LoanAccount = ACCOUNT,
    as_of: dt.date = ON,
) -> list[Reason]:
    policy = attrs.evolve(ANYTHING_GOES, rules={kind_of(request): rule})
    decision = quote_adjustment(account, request, policy, as_of)
    if decision.outcome.is_allowed:
        return []
    return [
        one
        for one in decision.reasons
        if one.code.removeprefix("adjust_").split("_")[0]
        in ("yearly", "seasoning", "paid", "days", "move", "added")
    ]


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (DueDateChanged(day(4, 15), day(4, 25)), AdjustmentKind.CHANGE_DUE_DAY),
        (HolidayGranted(day(4, 15), 1), AdjustmentKind.PAYMENT_HOLIDAY),
        (TermChanged(1), AdjustmentKind.EXTEND_TERM),
        (RateChanged(Rate.per_year("0.18")), AdjustmentKind.CHANGE_RATE),
        (
            ReAged(
                start_on=day(4, 15), frequency=Frequency.MONTHLY, installment_count=3
            ),
            AdjustmentKind.RE_AGE,
        ),
        (ReAmortized(), AdjustmentKind.RE_AMORTIZE),
        (ArrearsCapitalized(), AdjustmentKind.CAPITALIZE_ARREARS),
        (
            Replanned(due_on=DUE_ON, frequency=Frequency.WEEKLY),
            AdjustmentKind.CHANGE_FREQUENCY,
        ),
        (
            Replanned(due_on=DUE_ON, frequency=Frequency.MONTHLY),
            AdjustmentKind.SHIFT_DUE_DATES,
        ),
        (
            Replanned(
                due_on=DUE_ON,
                frequency=Frequency.MONTHLY,
                method=EqualInstallments(),
            ),
            AdjustmentKind.SHIFT_DUE_DATES,
        ),
        (
            Replanned(
                due_on=DUE_ON, frequency=Frequency.WEEKLY, method=Seasonal((1,) * 12)
            ),
            AdjustmentKind.SEASONAL_PLAN,
        ),
    ],
    ids=lambda one: type(one).__name__,
)
def test_an_event_tells_which_adjustment_it_was(
    what: Happening, kind: AdjustmentKind
) -> None:
    account = ACCOUNT.with_events([event(what, ON, "change")])
    assert past_adjustments(account, ON) == (PastAdjustment(kind, ON),)
    # Before its day only a rate is known to come.
    is_rate = kind is AdjustmentKind.CHANGE_RATE
    assert len(past_adjustments(account, day(3, 19))) == is_rate


def test_a_frequency_counts_from_the_one_before_it() -> None:
    weekly = Replanned(due_on=DUE_ON, frequency=Frequency.WEEKLY)
    shifted = Replanned(due_on=DUE_ON, frequency=Frequency.WEEKLY)
    back = Replanned(due_on=DUE_ON, frequency=Frequency.MONTHLY)
    events = [
        event(what, day(3, 20 + number), f"change-{number}")
        for number, what in enumerate((weekly, shifted, back))
    ]
    found = past_adjustments(ACCOUNT.with_events(events), day(4, 1))
    assert [one.kind.value for one in found] == [
        *("change_frequency", "shift_due_dates", "change_frequency")
    ]


@pytest.mark.parametrize(
    "what", [InterestPaused(day(4, 1)), Repaid(amount=money("9.00"))]
)
def test_neither_a_pause_of_interest_nor_a_payment_is_an_adjustment(
    what: Happening,
) -> None:
    account = ACCOUNT.with_events([event(what, ON, "change")])
    assert past_adjustments(account, ON) == ()
    assert type(what) not in ADJUSTED_BY


def test_what_was_reversed_or_is_not_known_yet_is_none() -> None:
    longer = event(TermChanged(1), ON, "longer")
    account = ACCOUNT.with_events([longer])
    undone = account.with_events([event(Reversed(longer.id), ON, "undone")])
    assert past_adjustments(undone, ON) == ()
    assert past_adjustments(account, ON, known_at=at(ON, 11)) == ()
    assert len(past_adjustments(account, ON, known_at=at(ON, 12))) == 1


def test_a_rate_that_is_agreed_for_later_is_one() -> None:
    cheaper = event(RateChanged(Rate.per_year("0.18")), day(5, 1), "cheaper")
    account = ACCOUNT.with_events([cheaper])
    assert past_adjustments(account, ON) == (
        PastAdjustment(AdjustmentKind.CHANGE_RATE, day(5, 1)),
    )
    found = refusals(
        AdjustmentRule(yearly_max=1),
        ChangeRate(Rate.per_year("0.12")),
        account=account,
    )
    assert [one.code for one in found] == ["adjust_yearly_kind_max"]


def test_twelve_months_end_on_the_day_and_begin_after_that_of_a_year_ago() -> None:
    longer = event(TermChanged(1), day(6, 20), "longer")
    account = lent_account(paid_count=5).with_events([longer])
    rule = AdjustmentRule(yearly_max=1)
    year_later, day_before = dt.date(2026, 6, 20), dt.date(2026, 6, 19)

    late = refusals(rule, ExtendTerm(1), account=account, as_of=day_before)
    assert [one.code for one in late][:1] == ["adjust_yearly_kind_max"]
    assert dict(late[0].params) == {"kind": "extend_term", "count": 2, "limit": 1}
    assert not [
        one
        for one in refusals(rule, ExtendTerm(1), account=account, as_of=year_later)
        if one.code.startswith("adjust_yearly")
    ]


def test_what_was_agreed_on_one_day_counts_once() -> None:
    both = accept(
        quote_adjustment(ACCOUNT, [ExtendTerm(1), ShiftDueDates(3)], ANYTHING_GOES, ON),
        ACCOUNT,
        recorded_at=at(ON, 13),
        idempotency_key="both",
    ).account
    two = attrs.evolve(ANYTHING_GOES, yearly_max=2)
    one = attrs.evolve(ANYTHING_GOES, yearly_max=1)

    def codes(policy_max: int, on: dt.date) -> list[str]:
        policy = two if policy_max == 2 else one
        decision = quote_adjustment(both, PaymentHoliday(count=1), policy, on)
        return [reason.code for reason in decision.reasons]

    assert "adjust_yearly_max" not in codes(2, day(3, 25))
    assert "adjust_yearly_max" in codes(1, day(3, 25))
    assert "adjust_yearly_max" not in codes(1, ON)


def test_money_that_comes_early_counts_against_no_yearly_limit() -> None:
    policy = attrs.evolve(ANYTHING_GOES, yearly_max=1)
    had = ACCOUNT.with_events([event(TermChanged(1), day(3, 18), "longer")])
    decision = quote_adjustment(had, Prepay(money("9.00")), policy, ON)
    assert decision.outcome.is_allowed


LIMITS: list[tuple[str, AdjustmentRule, AdjustmentRule, dict[str, FactValue]]] = [
    # 64 days lie between 15 January and 20 March.
    (
        "adjust_seasoning",
        AdjustmentRule(seasoning_days_min=64),
        AdjustmentRule(seasoning_days_min=65),
        {"days": 64, "limit": 65},
    ),
    (
        "adjust_paid_count",
        AdjustmentRule(paid_count_min=2),
        AdjustmentRule(paid_count_min=3),
        {"count": 2, "limit": 3},
    ),
    (
        "adjust_move_days_max",
        AdjustmentRule(move_days_max=7),
        AdjustmentRule(move_days_max=6),
        {"days": 7, "limit": 6},
    ),
]


@pytest.mark.parametrize(
    ("code", "kept", "broken", "found"), LIMITS, ids=[one[0] for one in LIMITS]
)
def test_a_limit_is_inclusive_and_its_reason_has_limit_and_value(
    code: str,
    kept: AdjustmentRule,
    broken: AdjustmentRule,
    found: dict[str, FactValue],
) -> None:
    assert refusals(kept, ShiftDueDates(7)) == []
    assert refusals(kept, ShiftDueDates(-7)) == []
    for days in (7, -7):
        reasons = refusals(broken, ShiftDueDates(days))
        assert [one.code for one in reasons] == [code]
        assert dict(reasons[0].params) == {"kind": "shift_due_dates", **found}


def test_days_past_due_up_to_the_limit_are_granted() -> None:
    ten, nine = (
        AdjustmentRule(days_past_due_max=10),
        AdjustmentRule(days_past_due_max=9),
    )
    assert refusals(ten, ExtendTerm(1), as_of=LATE) == []
    found = refusals(nine, ExtendTerm(1), as_of=LATE)
    assert [dict(one.params) for one in found] == [
        {"kind": "extend_term", "days": 10, "limit": 9}
    ]


@pytest.mark.parametrize(
    ("request_", "count"),
    [
        (PaymentHoliday(count=2), 2),
        (ExtendTerm(3), 3),
        # Four are to come, six after.
        (RE_AGED, 2),
        # From 15 March on, every two weeks up to 19 July: nine instead of four.
        (ChangeFrequency(frequency=Frequency.BIWEEKLY), 5),
    ],
    ids=lambda one: type(one).__name__,
)  # fmt: skip
def test_installments_that_are_added_are_counted(
    request_: AdjustmentRequest, count: int
) -> None:
    kept = AdjustmentRule(added_count_max=count)
    broken = AdjustmentRule(added_count_max=count - 1)
    assert refusals(kept, request_) == []
    found = refusals(broken, request_)
    assert [one.code for one in found] == ["adjust_added_count_max"]
    assert (found[0].params["count"], found[0].params["limit"]) == (count, count - 1)


def test_an_installment_that_is_due_on_the_day_is_not_to_come() -> None:
    # Three are to come after 15 April, and six after the request.
    found = refusals(
        AdjustmentRule(added_count_max=2), RE_AGED, account=ACCOUNT, as_of=day(4, 15)
    )
    assert [one.params["count"] for one in found] == [3]


@pytest.mark.parametrize("count", [-1, -2])
def test_fewer_installments_are_within_every_limit_of_added_ones(count: int) -> None:
    assert refusals(AdjustmentRule(added_count_max=0), ExtendTerm(count)) == []


@pytest.mark.parametrize(
    ("request_", "days"),
    [
        # The last due date, 15 July, moves by one and two months.
        (PaymentHoliday(count=1), 31),
        (ExtendTerm(2), 62),
        (ExtendTerm(-1), 30),
        (SeasonalPlan((1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2)), 0),
    ],
    ids=str,
)
def test_of_other_requests_the_last_due_date_tells_how_far(
    request_: AdjustmentRequest, days: int
) -> None:
    assert refusals(AdjustmentRule(move_days_max=days), request_) == []
    if days:
        found = refusals(AdjustmentRule(move_days_max=days - 1), request_)
        assert [one.params["days"] for one in found] == [days]


def test_each_rule_meets_what_its_own_requests_do() -> None:
    rules = {
        AdjustmentKind.SHIFT_DUE_DATES: AdjustmentRule(move_days_max=10),
        AdjustmentKind.PAYMENT_HOLIDAY: AdjustmentRule(move_days_max=31),
    }
    policy = attrs.evolve(ANYTHING_GOES, rules=rules)
    decision = quote_adjustment(
        ACCOUNT, [ShiftDueDates(10), PaymentHoliday(count=1)], policy, ON
    )
    assert decision.outcome.is_allowed
    assert decision.outcome.days_moved_max == 41


def test_an_installment_that_asks_for_nothing_is_not_paid() -> None:
    assert settled_count(ACCOUNT.state(ON)) == 2
    bullet = lent_account(METHOD_CASES["bullet"]).state(ON)
    assert [row.open_minor for row in bullet.rows[:2]] == [0, 0]
    assert settled_count(bullet) == 0
