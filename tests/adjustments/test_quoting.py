"""A quote: what it says, in which order, and what it never does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import (
    Frequency,
    InvalidValueError,
    Money,
    PolicyError,
    Rate,
    ScheduleConventions,
)
from microcrm_core.adjustments import (
    ADJUSTMENTS_LENIENT,
    AbsorbedBy,
    AdjustmentKind,
    AdjustmentOutcome,
    AdjustmentQuote,
    AdjustmentRequest,
    AdjustmentRule,
    CapitalizeArrears,
    CapQuestion,
    ChangeDueDay,
    ChangeFrequency,
    ChangeRate,
    ClassificationPolicy,
    ExtendTerm,
    ForbearanceRule,
    LineChange,
    PaymentHoliday,
    Prepay,
    ReAge,
    ReAmortize,
    Renew,
    SeasonalPlan,
    ShiftDueDates,
    accept,
    quote_adjustment,
)
from microcrm_core.decisions import Decision, SourceStatus
from microcrm_core.ids import PolicyId
from microcrm_core.ledger import (
    CN_FIVE_CLASS,
    EU_DEFAULT_RETAIL,
    IFRS9_STAGES,
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    ArrearsCapitalized,
    Concession,
    InterestPaused,
    LateInterest,
    LoanAccount,
    RateChanged,
    Repaid,
    Reversed,
    TermChanged,
)
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT,
    STRICT_30_360,
    RateMeasure,
    RepaymentMethod,
)
from microcrm_core.loans.cap_presets import CAP_PRESETS
from microcrm_core.loans.caps import RateCap, ShareLimit
from tests.adjustments.quote_cases import (
    ANYTHING_GOES,
    EUR,
    METHOD_CASES,
    at,
    day,
    event,
    lent_account,
    money,
    request_of,
)

ON_TIME = day(3, 20)
LATE = day(4, 25)


def codes_of(decision: Decision[AdjustmentQuote]) -> list[str]:
    return [reason.code for reason in decision.reasons]


def quoted(
    account: LoanAccount,
    *requests: AdjustmentRequest,
    as_of: dt.date = ON_TIME,
) -> AdjustmentQuote:
    return quote_adjustment(account, requests, ANYTHING_GOES, as_of).outcome


def test_a_shifted_loan_costs_the_interest_of_the_longer_period() -> None:
    # Six level installments of 214.24 leave 815.72 after two: 1200 × 1.02² less
    # 214.24 × 2.02.
    account = lent_account(paid_count=2)
    quote = quoted(account, ShiftDueDates(10))

    assert account.state(ON_TIME).outstanding.principal == money("815.72")
    moved = [line for line in quote.lines if line.change is LineChange.MOVED]
    assert [line.moved_days for line in moved] == [10, 10, 10, 10]
    first = moved[0]
    assert first.before is not None
    assert first.after is not None
    # 815.72 × 2 % = 16.31 for a month, and 40 days of 30/360 for 40/30 of it.
    assert first.before.interest_minor == 1631
    assert first.after.interest_minor == 2175
    assert quote.interest_delta is not None
    assert money("5.44") <= quote.interest_delta <= money("5.70")


def test_a_holiday_without_interest_costs_nothing() -> None:
    account = lent_account(paid_count=2)

    free = quoted(account, PaymentHoliday(count=1, is_interest_free=True))
    dear = quoted(account, PaymentHoliday(count=1))

    # The installment after the holiday bears 2 % of 815.72 once, and not twice.
    after_free, after_dear = free.lines[2].after, dear.lines[2].after
    assert after_free is not None
    assert after_dear is not None
    assert (after_free.interest_minor, after_dear.interest_minor) == (1631, 3263)
    assert after_free.due_on == after_dear.due_on == day(5, 15)
    assert free.interest_delta is not None
    assert free.interest_delta <= money("0.00")
    assert dear.interest_delta is not None
    assert dear.interest_delta >= money("16.31")


def test_a_request_and_its_inverse_give_the_old_dates_and_the_cost_tells() -> None:
    account = lent_account(paid_count=2)
    there = quote_adjustment(account, ShiftDueDates(10), ANYTHING_GOES, ON_TIME)
    moved = accept(there, account, recorded_at=at(ON_TIME, 13), idempotency_key="there")

    back = quoted(moved.account, ShiftDueDates(-10))

    assert back.after is not None
    assert back.after.due_day == account.state(ON_TIME).due_day
    assert there.outcome.interest_delta is not None
    assert back.interest_delta is not None
    assert abs(back.interest_delta + there.outcome.interest_delta) <= money("0.02")
    assert back.cost is not None
    assert there.outcome.cost is not None
    # Planned again, the same four installments may differ by a cent.
    assert back.cost.after.rate == pytest.approx(
        there.outcome.cost.before.rate, abs=1e-4
    )


def test_there_and_back_in_one_quote_gives_the_old_dates() -> None:
    account = lent_account(paid_count=2)

    quote = quoted(account, ShiftDueDates(10), ShiftDueDates(-10))

    assert len(quote.changes) == 2
    assert quote.days_moved_max == 0
    assert quote.interest_delta is not None
    # Planned again, the same four installments may differ by a cent.
    assert abs(quote.interest_delta) <= money("0.02")


def test_a_quote_changes_nothing_and_is_the_same_each_time() -> None:
    account = lent_account(paid_count=2)
    digest, state = account.digest, account.state(ON_TIME)

    first, second = (
        quote_adjustment(account, ExtendTerm(2), ANYTHING_GOES, ON_TIME)
        for _ in range(2)
    )

    assert first == second
    assert hash(first) == hash(second)
    assert (account.digest, account.state(ON_TIME)) == (digest, state)


def test_the_order_in_which_events_arrived_changes_nothing() -> None:
    account = lent_account(paid_count=2)
    turned = attrs.evolve(account, events=account.events[::-1])

    one = quote_adjustment(account, ExtendTerm(2), ANYTHING_GOES, ON_TIME)
    other = quote_adjustment(turned, ExtendTerm(2), ANYTHING_GOES, ON_TIME)

    assert one == other
    accept(one, turned, recorded_at=at(ON_TIME, 13), idempotency_key="k")


def test_reasons_are_refusals_then_approvals_then_notes() -> None:
    rule = AdjustmentRule(paid_count_min=3, move_days_max=3, needs_approval=True)
    policy = attrs.evolve(ANYTHING_GOES, rules={AdjustmentKind.SHIFT_DUE_DATES: rule})
    account = lent_account(paid_count=2)

    decision = quote_adjustment(account, ShiftDueDates(10), policy, ON_TIME)

    assert codes_of(decision) == [
        "adjust_paid_count",
        "adjust_move_days_max",
        "adjust_needs_approval",
        "adjust_interest_more",
        "adjust_cost",
    ]
    assert decision.outcome.outcome is AdjustmentOutcome.REFUSED
    assert decision.outcome.after is not None
    assert dict(decision.reasons[1].params) == {
        "kind": "shift_due_dates",
        "days": 10,
        "limit": 3,
    }


def test_what_only_needs_approval_is_told_apart_from_what_is_allowed() -> None:
    rule = AdjustmentRule(needs_approval=True)
    rules = {**ANYTHING_GOES.rules, AdjustmentKind.EXTEND_TERM: rule}
    policy = attrs.evolve(ANYTHING_GOES, rules=rules)
    account = lent_account(paid_count=2)

    asked: list[AdjustmentRequest]
    asked = [ExtendTerm(1), ShiftDueDates(1), ExtendTerm(1)]
    decision = quote_adjustment(account, asked, policy, ON_TIME)

    assert decision.outcome.outcome is AdjustmentOutcome.NEEDS_APPROVAL
    assert codes_of(decision)[0] == "adjust_needs_approval"
    assert codes_of(decision).count("adjust_needs_approval") == 1
    assert not decision.outcome.is_allowed


def test_a_kind_without_a_rule_is_not_offered() -> None:
    policy = attrs.evolve(ANYTHING_GOES, rules={})
    decision = quote_adjustment(
        lent_account(paid_count=2), ExtendTerm(2), policy, ON_TIME
    )
    assert codes_of(decision)[0] == "adjust_not_offered"
    assert decision.outcome.outcome is AdjustmentOutcome.REFUSED


def test_a_policy_of_other_days_is_refused_by_name() -> None:
    policy = attrs.evolve(ANYTHING_GOES, effective_from=day(3, 21))
    account = lent_account(paid_count=2)

    with pytest.raises(PolicyError, match="effective_from"):
        quote_adjustment(account, ExtendTerm(2), policy, ON_TIME)
    quote_adjustment(account, ExtendTerm(2), policy, day(3, 21))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("requests", ()),
        ("account", lent_account().terms),
        ("policy", "lenient"),
        ("as_of", at(ON_TIME)),
        ("known_at", ON_TIME),
        ("is_in_difficulty", 1),
        ("caps", ()),
        ("classifications", ["five"]),
        ("concessions", ["eased"]),
        ("concessions", 5),
        ("classifications", 5),
        ("limit", 2000),
    ],
)
def test_an_argument_of_another_kind_is_refused_by_name(
    name: str, wrong: object
) -> None:
    arguments: dict[str, Any] = {
        "account": lent_account(paid_count=2),
        "requests": ExtendTerm(1),
        "policy": ANYTHING_GOES,
        "as_of": ON_TIME,
    }
    with pytest.raises(InvalidValueError, match=name):
        quote_adjustment(**(arguments | {name: wrong}))


def test_what_was_recorded_later_does_not_count_and_the_quote_says_so() -> None:
    account = lent_account(paid_count=2)
    known = day(3, 1)
    earlier = attrs.evolve(
        account, events=[one for one in account.events if one.recorded_at <= at(known)]
    )

    quote = quote_adjustment(
        account, ExtendTerm(2), ANYTHING_GOES, ON_TIME, known_at=at(known)
    ).outcome

    assert quote.basis == earlier.digest != account.digest
    assert quote.before == account.state(ON_TIME, known_at=at(known))
    assert quote.before.days_past_due == 5
    assert quote.after is not None
    assert quote.after.known_at == at(known)


def test_a_day_before_later_events_is_too_early_to_quote_for() -> None:
    account = lent_account(paid_count=2)
    decision = quote_adjustment(account, ExtendTerm(2), ANYTHING_GOES, day(3, 1))
    assert codes_of(decision)[0] == "adjust_later_events"
    assert dict(decision.reasons[0].params) == {
        "count": 1,
        "last_on": day(3, 15),
        "as_of": day(3, 1),
    }


def test_rates_and_pauses_that_are_agreed_for_later_are_no_obstacle() -> None:
    account = lent_account(paid_count=2).with_events(
        [
            attrs.evolve(
                event(RateChanged(Rate.per_year("0.12")), day(5, 1), "cheaper"),
                recorded_at=at(day(3, 16)),
            ),
            attrs.evolve(
                event(InterestPaused(day(6, 20)), day(6, 16), "paused"),
                recorded_at=at(day(3, 16)),
            ),
        ]
    )
    decision = quote_adjustment(account, ExtendTerm(2), ANYTHING_GOES, ON_TIME)
    assert decision.outcome.is_allowed


def test_interest_that_became_principal_is_told_beside_the_interest() -> None:
    # The interest of the third installment is 2 % of 815.72.
    quote = quoted(lent_account(paid_count=2), CapitalizeArrears(), as_of=LATE)

    assert quote.capitalized == money("16.31")
    assert quote.before.overdue.interest == money("16.31")
    assert quote.after is not None
    assert quote.after.overdue.interest.is_zero
    assert quote.interest_delta is not None
    assert quote.total_delta == quote.interest_delta + quote.capitalized


def test_what_became_principal_earlier_is_not_told_again() -> None:
    account = lent_account(paid_count=2).with_events(
        [event(ArrearsCapitalized(), LATE, "earlier")]
    )
    quote = quoted(account, ExtendTerm(2), as_of=day(4, 26))
    assert quote.is_allowed
    assert quote.capitalized.is_zero


def test_days_past_due_do_not_fall_unless_the_rule_lets_them() -> None:
    account = lent_account(paid_count=2)
    rules = {AdjustmentKind.RE_AMORTIZE: AdjustmentRule()}
    policy = attrs.evolve(ANYTHING_GOES, rules=rules)

    refused = quote_adjustment(account, ReAmortize(), policy, LATE)
    granted = quote_adjustment(account, ReAmortize(), ANYTHING_GOES, LATE)

    assert codes_of(refused)[0] == "adjust_lowers_days_past_due"
    for decision, code in (
        (refused, "adjust_lowers_days_past_due"),
        (granted, "adjust_cures_arrears"),
    ):
        reason = next(one for one in decision.reasons if one.code == code)
        assert reason.params["days_before"] == 10
        assert reason.params["days_after"] == 0
    assert granted.outcome.arrears_before.days_past_due == 10
    arrears_after = granted.outcome.arrears_after
    assert arrears_after is not None
    assert arrears_after.days_past_due == 0


def test_a_paid_installment_that_would_change_is_refused() -> None:
    # Fineract's arithmetic makes a whole schedule anew.
    account = lent_account(paid_count=2, conventions=FINERACT_CUMULATIVE)
    decision = quote_adjustment(account, ExtendTerm(2), ANYTHING_GOES, ON_TIME)
    assert codes_of(decision)[0] == "adjust_changes_paid"
    assert decision.reasons[0].params["number"] == 1


def test_an_installment_paid_ahead_is_paid_too() -> None:
    ahead = lent_account(paid_count=2).with_events(
        [event(Repaid(amount=money("214.24")), ON_TIME, "ahead")]
    )

    shifted = quote_adjustment(ahead, ShiftDueDates(10), ANYTHING_GOES, ON_TIME)
    longer = quote_adjustment(ahead, ExtendTerm(2), ANYTHING_GOES, ON_TIME)

    assert codes_of(shifted)[0] == "adjust_changes_paid"
    assert shifted.reasons[0].params["due_on"] == day(4, 15)
    # What was paid ahead stays in its row, so less is left for the others.
    assert longer.outcome.is_allowed
    assert longer.outcome.lines[2].change is LineChange.KEPT


CAP: RateCap = RateCap(
    id="house-limit",
    version="1",
    jurisdiction="CZ",
    measure=RateMeasure.COMPOUND_ANNUAL,
    limit=ShareLimit.of("0.28"),
    source="decision of the board",
    status=SourceStatus.HOUSE,
)


def test_a_broken_cap_refuses_and_a_kept_one_does_not() -> None:
    account = lent_account(paid_count=2)
    asked = CapQuestion(jurisdiction="CZ", caps=(CAP,))
    dear = ChangeRate(Rate.per_year("0.60"))

    broken = quote_adjustment(account, dear, ANYTHING_GOES, ON_TIME, caps=asked)
    kept = quote_adjustment(account, ExtendTerm(2), ANYTHING_GOES, ON_TIME, caps=asked)

    assert codes_of(broken)[0] == "adjust_breaks_cap"
    assert broken.reasons[0].params["limit"] == "28%"
    assert broken.outcome.caps is not None
    assert not broken.outcome.caps.is_kept
    assert kept.outcome.caps is not None
    assert kept.outcome.caps.is_kept
    assert kept.outcome.is_allowed


def test_a_cap_that_cannot_be_judged_is_told_and_does_not_refuse() -> None:
    cap = attrs.evolve(CAP, lender_types=("bank",))
    asked = CapQuestion(jurisdiction="CZ", caps=(cap,))
    decision = quote_adjustment(
        lent_account(paid_count=2), ExtendTerm(2), ANYTHING_GOES, ON_TIME, caps=asked
    )
    assert "adjust_cap_not_judged" in codes_of(decision)
    assert all(": " in text for text in decision.explain() if "be judged" in text)
    assert decision.outcome.is_allowed


@pytest.mark.parametrize(
    ("rule", "given_difficulty", "as_of", "is_forbearance"),
    [
        (ForbearanceRule.NEVER, True, ON_TIME, False),
        (ForbearanceRule.IN_DIFFICULTY, True, ON_TIME, True),
        (ForbearanceRule.IN_DIFFICULTY, False, LATE, False),
        (ForbearanceRule.IN_DIFFICULTY, None, LATE, True),
        (ForbearanceRule.IN_DIFFICULTY, None, ON_TIME, False),
        (ForbearanceRule.ALWAYS, False, ON_TIME, True),
    ],
)
def test_forbearance_follows_the_rule_and_the_difficulty(
    rule: ForbearanceRule,
    given_difficulty: bool | None,
    as_of: dt.date,
    is_forbearance: bool,
) -> None:
    # Ten days past due tell of difficulty here, as LATE is.
    rules = {AdjustmentKind.EXTEND_TERM: AdjustmentRule(forbearance=rule)}
    policy = attrs.evolve(ANYTHING_GOES, rules=rules, difficulty_days=10)

    decision = quote_adjustment(
        lent_account(paid_count=2),
        ExtendTerm(2),
        policy,
        as_of,
        is_in_difficulty=given_difficulty,
    )
    quote = decision.outcome

    assert quote.is_forbearance is is_forbearance
    assert ("adjust_is_forbearance" in codes_of(decision)) is is_forbearance
    next_on = day(4, 15) if as_of == ON_TIME else day(5, 15)
    expected = Concession(granted_on=as_of, is_in_difficulty=True, first_due_on=next_on)
    assert quote.concession == (expected if is_forbearance else None)


@pytest.mark.parametrize("is_in_difficulty", [True, False, None])
@pytest.mark.parametrize("is_offered", [True, False])
def test_what_lowers_days_past_due_is_forbearance_whatever_the_difficulty(
    is_offered: bool, is_in_difficulty: bool | None
) -> None:
    rule = AdjustmentRule(is_offered=is_offered, may_lower_days_past_due=True)
    rules = {AdjustmentKind.RE_AGE: rule}
    policy = attrs.evolve(ANYTHING_GOES, rules=rules, difficulty_days=None)

    decision = quote_adjustment(
        lent_account(paid_count=2),
        request_of(AdjustmentKind.RE_AGE, LATE),
        policy,
        LATE,
        is_in_difficulty=is_in_difficulty,
        classifications=[CN_FIVE_CLASS],
    )

    quote = decision.outcome
    assert quote.before.days_past_due == 10
    assert quote.after is not None
    assert quote.after.days_past_due == 0
    assert quote.is_allowed is is_offered
    assert quote.is_forbearance is True
    assert quote.classes[0].after == "special_mention"


def test_money_that_pays_arrears_is_no_forbearance() -> None:
    account = lent_account(paid_count=2)
    owed = account.state(LATE).overdue.total

    for policy in (ANYTHING_GOES, attrs.evolve(ANYTHING_GOES, rules={})):
        decision = quote_adjustment(
            account, Prepay(owed), policy, LATE, is_in_difficulty=False
        )
        after = decision.outcome.after
        assert after is not None
        assert after.days_past_due == 0
        assert decision.outcome.is_forbearance is False


@pytest.mark.parametrize("arithmetic", [FINERACT, FINERACT_CUMULATIVE])
def test_a_holiday_is_free_of_interest_or_refused_by_name(
    arithmetic: ScheduleConventions,
) -> None:
    account = lent_account(paid_count=2, conventions=arithmetic)
    wanted = PaymentHoliday(count=1, is_interest_free=True)

    decision = quote_adjustment(account, wanted, ANYTHING_GOES, day(3, 20))

    if arithmetic is FINERACT_CUMULATIVE:
        assert codes_of(decision)[0] == "adjust_cannot_pause_interest"
        assert decision.outcome.outcome is AdjustmentOutcome.REFUSED
        text = decision.explain("zh-CN")[0]
        assert text == "延期还款 无法免息：该贷款采用 Fineract 累积算法，不能暂停计息"
        return
    # A month of interest on what is left, about 16, would be charged without a pause.
    delta = decision.outcome.interest_delta
    assert delta is not None
    assert 0 < delta.minor < 100
    (note,) = (
        one for one in decision.reasons if one.code == "adjust_holiday_bears_interest"
    )
    assert note.params["amount"] == str(delta)


def test_what_an_engine_does_not_know_is_refused_in_words() -> None:
    account = lent_account(paid_count=2, conventions=FINERACT_CUMULATIVE)
    decision = quote_adjustment(
        account, ChangeRate(Rate.per_year("0.18")), ANYTHING_GOES, ON_TIME
    )
    assert decision.explain()[0] == (
        "change_rate is not possible: the loan is kept by Fineract's cumulative "
        "engine, which does not know it"
    )
    assert decision.explain("zh-CN")[0] == (
        "无法办理 变更利率：该贷款采用 Fineract 累积算法，不支持此项变更"
    )


def test_that_no_cap_applies_is_told() -> None:
    nowhere = CapQuestion(jurisdiction="XX", caps=CAP_PRESETS)
    decision = quote_adjustment(
        lent_account(paid_count=2), ExtendTerm(2), ANYTHING_GOES, ON_TIME, caps=nowhere
    )
    assert "adjust_no_cap_applies" in codes_of(decision)
    assert decision.outcome.is_allowed


def test_an_unknown_difficulty_is_told_and_not_decided() -> None:
    policy = attrs.evolve(ANYTHING_GOES, difficulty_days=None)
    account = lent_account(paid_count=2)

    unknown = quote_adjustment(account, ExtendTerm(2), policy, LATE)
    known = quote_adjustment(
        account, ExtendTerm(2), policy, LATE, is_in_difficulty=False
    )

    assert unknown.outcome.is_forbearance is None
    assert known.outcome.is_forbearance is False
    assert "adjust_difficulty_unknown" in codes_of(unknown)
    assert unknown.facts["is_in_difficulty"] is None
    assert "adjust_difficulty_unknown" not in codes_of(known)
    assert known.facts["is_in_difficulty"] is False


def test_classes_are_told_before_and_after_with_the_concession_that_it_is() -> None:
    policies: list[ClassificationPolicy] = [
        CN_FIVE_CLASS,
        IFRS9_STAGES,
        EU_DEFAULT_RETAIL,
    ]
    decision = quote_adjustment(
        lent_account(paid_count=2),
        ReAmortize(),
        ANYTHING_GOES,
        day(5, 20),
        is_in_difficulty=True,
        classifications=policies,
    )

    # 35 days past due: more than 30, so stage 2; none after. Restructured, the loan is
    # observed: special mention at least.
    found = [(one.policy.id, one.before, one.after) for one in decision.outcome.classes]
    assert found == [
        (CN_FIVE_CLASS.ref.id, "special_mention", "special_mention"),
        (IFRS9_STAGES.ref.id, "stage_2", "stage_1"),
        (EU_DEFAULT_RETAIL.ref.id, "not_in_default", "not_in_default"),
    ]
    changed = [one for one in decision.reasons if one.code == "adjust_class_changes"]
    assert [one.params["policy"] for one in changed] == [IFRS9_STAGES.ref.id]
    # The other two look at days past due alone, which fell.
    warned = [
        one.params["policy"]
        for one in decision.reasons
        if one.code == "adjust_class_without_concession"
    ]
    assert warned == [IFRS9_STAGES.ref.id, EU_DEFAULT_RETAIL.ref.id]


def test_earlier_concessions_count_before_and_after() -> None:
    account = lent_account(paid_count=2)
    eased = Concession(granted_on=day(2, 20), is_in_difficulty=True)
    quote = quote_adjustment(
        account,
        ExtendTerm(2),
        ANYTHING_GOES,
        ON_TIME,
        classifications=[CN_FIVE_CLASS],
        concessions=[eased],
    ).outcome
    assert quote.classes[0].before == "special_mention"


def test_that_there_is_no_rate_is_a_result_and_is_told() -> None:
    # All is paid back on the day on which it was lent: there is no time, and no rate.
    decision = quote_adjustment(
        lent_account(policy=RECALCULATING_LEDGER), Prepay(), ANYTHING_GOES, day(1, 15)
    )
    cost = decision.outcome.cost
    assert cost is not None
    assert cost.before.rate is not None
    assert (cost.after.rate, cost.delta) == (None, None)
    assert "adjust_cost_unknown" in codes_of(decision)


def test_a_renewal_settles_the_loan_and_is_held_against_caps_and_limit() -> None:
    account = lent_account(paid_count=2)
    request = request_of(AdjustmentKind.RENEW, ON_TIME)
    asked = CapQuestion(jurisdiction="CZ", caps=(CAP,))

    decision = quote_adjustment(account, request, ANYTHING_GOES, ON_TIME, caps=asked)
    quote = decision.outcome

    assert quote.is_allowed
    assert quote.renewal is not None
    # Early payment changes nothing here: four installments of 214.24 and what is less
    # in the last one are the payoff.
    payoff = account.state(ON_TIME).payoff.total
    assert quote.renewal.payoff.total == payoff
    assert quote.renewal.net_disbursement == money("2000.00") - payoff
    assert quote.after is not None
    assert quote.after.status.value == "closed"
    assert quote.caps is not None
    assert quote.caps.is_kept

    # Interest of two loans is no difference.
    assert not [one for one in codes_of(decision) if one.startswith("adjust_interest")]

    classified = quote_adjustment(
        account, request, ANYTHING_GOES, ON_TIME, classifications=[CN_FIVE_CLASS]
    )
    changed = classified.reasons[-1]
    assert changed.code == "adjust_class_changes"
    # The old loan is closed, so it has no class.
    assert (changed.params["before"], changed.params["after"]) == ("normal", "-")

    limited = quote_adjustment(
        account, request, ANYTHING_GOES, ON_TIME, limit=money("1999.99")
    )
    assert codes_of(limited)[0] == "renew_above_limit"


def test_a_renewal_that_pays_arrears_is_no_cure_unless_the_rule_says_so() -> None:
    rules = {AdjustmentKind.RENEW: AdjustmentRule()}
    policy = attrs.evolve(ANYTHING_GOES, rules=rules)
    request = request_of(AdjustmentKind.RENEW, LATE)
    decision = quote_adjustment(lent_account(paid_count=2), request, policy, LATE)
    assert codes_of(decision)[0] == "adjust_lowers_days_past_due"
    assert "renew_pays_arrears" in codes_of(decision)


@pytest.mark.parametrize("is_in_difficulty", [True, False, None])
def test_a_renewal_in_difficulty_says_so(is_in_difficulty: bool | None) -> None:
    account = lent_account(paid_count=2)
    request = request_of(AdjustmentKind.RENEW, ON_TIME)
    policy = attrs.evolve(ANYTHING_GOES, difficulty_days=None)
    decision = quote_adjustment(
        account, request, policy, ON_TIME, is_in_difficulty=is_in_difficulty
    )
    found = "renew_in_difficulty" in codes_of(decision)
    assert found is (is_in_difficulty is True)


@pytest.mark.parametrize("absorbed_by", AbsorbedBy)
def test_a_rate_after_the_last_due_date_is_for_what_is_late(
    absorbed_by: AbsorbedBy,
) -> None:
    late = attrs.evolve(
        RECALCULATING_LEDGER,
        id=PolicyId("late"),
        late_interest=LateInterest.ON_PRINCIPAL_AFTER_MATURITY,
    )
    policy = attrs.evolve(ANYTHING_GOES, absorbed_by=absorbed_by)
    account = lent_account(paid_count=5, policy=late)
    decision = quote_adjustment(
        account, ChangeRate(Rate.per_year("0.12")), policy, day(7, 25)
    )
    assert decision.outcome.is_allowed
    # No installment is to come that could take it.
    assert decision.outcome.absorbed_by == ()
    assert not [code for code in codes_of(decision) if "absorbed" in code]


def test_what_the_ledger_refuses_is_a_refusal_and_no_error() -> None:
    # This arithmetic lets no early payment change anything; a renewal pays early.
    account = lent_account(conventions=FINERACT_CUMULATIVE, policy=RECALCULATING_LEDGER)
    request = request_of(AdjustmentKind.RENEW, day(1, 22))
    decision = quote_adjustment(account, request, ANYTHING_GOES, day(1, 22))
    assert codes_of(decision)[0] == "adjust_ledger_refuses"
    assert decision.outcome.after is None


def test_a_quote_holds_to_the_end_of_the_calendar_at_most() -> None:
    account = lent_account(paid_count=2)
    day_before = dt.date.max - dt.timedelta(days=1)
    quote = quoted(account, ReAmortize(), as_of=day_before)
    assert quote.valid_until == dt.date.max


def test_limits_count_what_the_loan_had_before() -> None:
    policy = attrs.evolve(ANYTHING_GOES, yearly_max=1)
    account = lent_account(paid_count=2)
    longer = event(TermChanged(1), ON_TIME, "longer")
    had = account.with_events([longer])

    same_day = quote_adjustment(had, ShiftDueDates(1), policy, ON_TIME)
    next_day = quote_adjustment(had, ShiftDueDates(1), policy, day(3, 21))
    undone = quote_adjustment(
        had.with_events([event(Reversed(longer.id), day(3, 21), "undone")]),
        ShiftDueDates(1),
        policy,
        day(3, 21),
    )

    assert same_day.outcome.is_allowed
    assert codes_of(next_day)[0] == "adjust_yearly_max"
    assert undone.outcome.is_allowed


def test_a_loan_that_is_not_paid_out_can_be_quoted_for() -> None:
    account = attrs.evolve(lent_account(), events=[])
    quote = quoted(account, ExtendTerm(2), as_of=day(1, 10))
    assert quote.is_allowed
    assert quote.before.status.value == "approved"
    assert quote.cost is not None
    assert quote.cost.delta is not None


METHOD = st.sampled_from(list(METHOD_CASES.values()))


@st.composite
def several_requests(draw: st.DrawFn, as_of: dt.date) -> list[AdjustmentRequest]:
    """Return one to three requests that may or may not fit the loan."""
    kinds: list[st.SearchStrategy[AdjustmentRequest]] = [
        st.builds(ChangeDueDay, day=st.integers(1, 31)),
        st.builds(ShiftDueDates, st.integers(-20, 40).filter(bool)),
        st.builds(
            PaymentHoliday, count=st.integers(1, 3), is_interest_free=st.booleans()
        ),
        st.builds(ExtendTerm, st.integers(-2, 6).filter(bool)),
        st.builds(Prepay, st.integers(1, 30_000).map(lambda one: Money(one, EUR))),
        st.builds(
            ChangeRate,
            st.integers(0, 500_000).map(Rate.of_ppm),
        ),
        st.just(CapitalizeArrears()),
        st.just(ReAmortize()),
        st.builds(
            ReAge,
            start_on=st.integers(1, 40).map(lambda n: as_of + dt.timedelta(days=n)),
            frequency=st.sampled_from([Frequency.WEEKLY, Frequency.MONTHLY]),
            installment_count=st.integers(1, 8),
        ),
        st.builds(
            ChangeFrequency,
            frequency=st.sampled_from([Frequency.WEEKLY, Frequency.BIWEEKLY]),
        ),
        st.just(SeasonalPlan((1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3))),
    ]
    return draw(st.lists(st.one_of(kinds), min_size=1, max_size=3))


@given(data=st.data(), method=METHOD, paid_count=st.integers(0, 5))
def test_combined_requests_keep_every_law(
    data: st.DataObject, method: RepaymentMethod, paid_count: int
) -> None:
    account = lent_account(
        method,
        paid_count=paid_count,
        part_paid=data.draw(st.booleans()),
        conventions=data.draw(st.sampled_from([STRICT, STRICT_30_360])),
        policy=data.draw(st.sampled_from([PLAIN_LEDGER, RECALCULATING_LEDGER])),
    )
    as_of = data.draw(
        st.dates(
            max((one.value_on for one in account.events), default=day(1, 15)),
            day(8, 1),
        )
    )
    requests = data.draw(several_requests(as_of))
    decision = quote_adjustment(account, requests, ANYTHING_GOES, as_of)
    quote, digest = decision.outcome, account.digest

    if quote.outcome is AdjustmentOutcome.REFUSED:
        with pytest.raises(InvalidValueError, match="must not be refused"):
            accept(decision, account, recorded_at=at(as_of, 20), idempotency_key="k")
        return
    before, after = quote.before, quote.after
    assert after is not None
    moved = sum(after.charged_minor[0]) - sum(before.charged_minor[0])
    assert moved == quote.capitalized.minor
    rows_after = [(row.due_on, row.charged, row.waived) for row in after.rows]
    for row in before.rows:
        if row.paid_minor and not row.open_minor:
            assert (row.due_on, row.charged, row.waived) in rows_after
    interest = [sum(state.charged_minor[1]) for state in (before, after)]
    assert quote.interest_delta == Money(interest[1] - interest[0], EUR)
    accepted = accept(decision, account, recorded_at=at(as_of, 20), idempotency_key="k")
    assert accepted.account.state(as_of) == accepted.state == after
    assert account.digest == digest
    codes = codes_of(decision)
    is_lower = after.days_past_due < before.days_past_due
    assert not is_lower or "adjust_cures_arrears" in codes


@pytest.mark.parametrize("conventions", [FINERACT, FINERACT_CUMULATIVE])
@pytest.mark.parametrize(
    "request_",
    [
        ChangeDueDay(day=25),
        ShiftDueDates(10),
        PaymentHoliday(count=1),
        ExtendTerm(2),
        Prepay(money("50.00")),
        ChangeRate(Rate.per_year("0.18")),
        ChangeFrequency(frequency=Frequency.WEEKLY),
        SeasonalPlan((1, 1, 1, 3, 3, 3, 2, 2, 2, 1, 1, 1)),
        ReAmortize(),
        CapitalizeArrears(),
    ],
    ids=lambda one: type(one).__name__,
)
def test_other_arithmetic_gives_a_quote_whose_laws_hold_or_a_named_refusal(
    conventions: ScheduleConventions, request_: AdjustmentRequest
) -> None:
    account = lent_account(paid_count=2, conventions=conventions)
    decision = quote_adjustment(account, request_, ANYTHING_GOES, LATE)
    quote = decision.outcome
    if quote.outcome is AdjustmentOutcome.REFUSED:
        assert decision.explain()[0]
        return
    accepted = accept(decision, account, recorded_at=at(LATE, 20), idempotency_key="k")
    assert accepted.account.state(LATE) == quote.after
    for line in quote.lines[:2]:
        assert line.change is LineChange.KEPT


def test_a_limit_that_is_reached_is_allowed() -> None:
    rule = AdjustmentRule(
        yearly_max=1, days_past_due_max=10, move_days_max=10, paid_count_min=2
    )
    policy = attrs.evolve(ANYTHING_GOES, rules={AdjustmentKind.SHIFT_DUE_DATES: rule})
    decision = quote_adjustment(
        lent_account(paid_count=2), ShiftDueDates(10), policy, LATE
    )
    assert decision.outcome.is_allowed


def test_a_renewal_takes_its_settlement_account_no_further_than_the_request() -> None:
    account = lent_account(paid_count=2)
    request = request_of(AdjustmentKind.RENEW, ON_TIME)
    assert isinstance(request, Renew)
    decision = quote_adjustment(account, request, ADJUSTMENTS_LENIENT, ON_TIME)
    assert request.settlement_account not in repr(decision)
    assert request.settlement_account not in str(decision.outcome)
    assert request.settlement_account not in " ".join(decision.explain())
