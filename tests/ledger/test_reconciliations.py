from __future__ import annotations

import datetime as dt
from collections import Counter

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger.happenings import (
    ChargedBack,
    CreditRefunded,
    Happening,
    Renewed,
    Repaid,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.reconciliation_lines import (
    BankMovement,
    Receipt,
    Reconciliation,
    ReconciliationLine,
    ReconciliationOutcome,
    ReconciliationPolicy,
)
from microcrm_core.ledger.reconciliations import receipts_of, reconcile
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.money import Currency, Money

EUR = Currency.of("EUR")
POLICY = ReconciliationPolicy(id="house", version="1", days_max=3)
NAMELESS = attrs.evolve(POLICY, may_match_without_reference=True)

MATCHED = ReconciliationOutcome.MATCHED
DIFFERS = ReconciliationOutcome.AMOUNT_DIFFERS
NOT_HERE = ReconciliationOutcome.MISSING_IN_LEDGER
NOT_THERE = ReconciliationOutcome.MISSING_AT_BANK
TWICE_THERE = ReconciliationOutcome.DOUBLE_AT_BANK
TWICE_HERE = ReconciliationOutcome.DOUBLE_IN_LEDGER


def march(day: int) -> dt.date:
    return dt.date(2025, 3, day)


def here(name: str, day: int, minor: int, reference: str | None = "loan-7") -> Receipt:
    return Receipt(
        id=name, value_on=march(day), amount=Money(minor, EUR), reference=reference
    )


def there(
    name: str, day: int, minor: int, reference: str | None = "loan-7"
) -> BankMovement:
    return BankMovement(
        id=name, booked_on=march(day), amount=Money(minor, EUR), reference=reference
    )


def reconciled(
    receipts: list[Receipt],
    movements: list[BankMovement],
    policy: ReconciliationPolicy = POLICY,
) -> Reconciliation:
    return reconcile(receipts, movements, policy=policy, currency=EUR)


def told(
    result: Reconciliation,
) -> list[tuple[ReconciliationOutcome, str | None, str | None]]:
    return [
        (
            line.outcome,
            None if line.receipt is None else line.receipt.id,
            None if line.movement is None else line.movement.id,
        )
        for line in result.lines
    ]


def test_one_reference_and_one_amount_match() -> None:
    result = reconciled([here("e-1", 3, 500)], [there("b-1", 3, 500)])

    assert told(result) == [(MATCHED, "e-1", "b-1")]
    assert result.is_clean
    assert result.difference.is_zero


@pytest.mark.parametrize(("day", "is_matched"), [(6, True), (7, False)])
@pytest.mark.parametrize("is_bank_late", [True, False])
def test_days_lie_apart_at_most_as_the_policy_says(
    day: int, *, is_matched: bool, is_bank_late: bool
) -> None:
    days = (3, day) if is_bank_late else (day, 3)
    result = reconciled([here("e-1", days[0], 500)], [there("b-1", days[1], 500)])

    assert result.is_clean is is_matched
    assert len(result.lines) == (1 if is_matched else 2)


def test_what_one_side_has_alone_is_missing_on_the_other() -> None:
    result = reconciled(
        [here("e-1", 3, 500)], [there("b-1", 3, 500, reference="loan-8")]
    )

    assert told(result) == [(NOT_THERE, "e-1", None), (NOT_HERE, None, "b-1")]


def test_what_the_bank_has_once_more_is_double_there() -> None:
    result = reconciled(
        [here("e-1", 3, 500)], [there("b-1", 3, 500), there("b-2", 4, 500)]
    )

    assert told(result) == [(MATCHED, "e-1", "b-1"), (TWICE_THERE, None, "b-2")]
    assert result.difference.minor == 500


def test_what_the_ledger_has_once_more_is_double_here() -> None:
    result = reconciled(
        [here("e-1", 3, 500), here("e-2", 4, 500)], [there("b-1", 3, 500)]
    )

    assert told(result) == [(MATCHED, "e-1", "b-1"), (TWICE_HERE, "e-2", None)]


def test_two_of_each_side_are_two_matches_and_no_double() -> None:
    result = reconciled(
        [here("e-1", 3, 500), here("e-2", 3, 500)],
        [there("b-1", 3, 500), there("b-2", 3, 500)],
    )

    assert result.is_clean


def test_the_same_amount_a_month_later_is_missing_and_not_double() -> None:
    result = reconciled(
        [here("e-1", 1, 500)], [there("b-1", 1, 500), there("b-2", 31, 500)]
    )

    assert told(result)[1] == (NOT_HERE, None, "b-2")


def test_how_near_a_double_lies_may_be_a_rule_of_its_own() -> None:
    same_day = attrs.evolve(POLICY, double_days_max=0)
    receipts, movements = (
        [here("e-1", 3, 500)],
        [there("b-1", 3, 500), there("b-2", 4, 500)],
    )

    assert told(reconciled(receipts, movements, same_day))[1][0] is NOT_HERE
    assert told(reconciled(receipts, movements))[1][0] is TWICE_THERE


def test_one_reference_with_two_amounts_differs() -> None:
    result = reconciled([here("e-1", 3, 500)], [there("b-1", 5, 480)])

    assert told(result) == [(DIFFERS, "e-1", "b-1")]
    assert result.lines[0].difference_minor == -20
    assert result.lines[0].reason.params == {"difference_minor": -20}


def test_money_in_is_never_paired_with_money_back() -> None:
    result = reconciled([here("e-1", 3, 500)], [there("b-1", 3, -500)])

    assert {outcome for outcome, _, _ in told(result)} == {NOT_THERE, NOT_HERE}


def test_equal_amounts_go_before_different_ones() -> None:
    result = reconciled(
        [here("e-1", 3, 500), here("e-2", 4, 700)],
        [there("b-1", 4, 500), there("b-2", 3, 650)],
    )

    assert told(result) == [(MATCHED, "e-1", "b-1"), (DIFFERS, "e-2", "b-2")]


def test_as_many_as_can_are_matched() -> None:
    # Each to its nearest would leave two alone: 4 with 4, and 1 and 7 too far apart.
    result = reconciled(
        [here("e-1", 1, 500), here("e-2", 4, 500)],
        [there("b-1", 4, 500), there("b-2", 7, 500)],
    )

    assert told(result) == [(MATCHED, "e-1", "b-1"), (MATCHED, "e-2", "b-2")]


def test_without_a_reference_only_a_policy_that_says_so_matches() -> None:
    receipts = [here("e-1", 3, 500), here("e-2", 3, 700, reference=None)]
    movements = [there("b-1", 3, 500, reference=None), there("b-2", 3, 700)]

    strict = reconciled(receipts, movements)
    lenient = reconciled(receipts, movements, NAMELESS)

    assert not strict.of(MATCHED)
    assert told(lenient) == [(MATCHED, "e-1", "b-1"), (MATCHED, "e-2", "b-2")]


def test_a_reference_is_matched_before_none() -> None:
    result = reconciled(
        [here("e-1", 3, 500)],
        [there("b-1", 2, 500, reference=None), there("b-2", 3, 500)],
        NAMELESS,
    )

    assert told(result) == [(NOT_HERE, None, "b-1"), (MATCHED, "e-1", "b-2")]


def test_two_references_are_never_matched_by_amount() -> None:
    result = reconciled(
        [here("e-1", 3, 500, reference="loan-7")],
        [there("b-1", 3, 500, reference="loan-8")],
        NAMELESS,
    )

    assert not result.of(MATCHED)


def test_an_empty_reconciliation_is_clean() -> None:
    result = reconciled([], [])

    assert result.is_clean
    assert result.ledger_total.is_zero


@pytest.mark.parametrize("outcome", ReconciliationOutcome)
def test_every_outcome_has_a_reason_of_its_name(outcome: ReconciliationOutcome) -> None:
    line = ReconciliationLine(
        outcome=outcome, receipt=here("e-1", 3, 500), movement=None
    )

    assert line.reason.code == f"reconciliation_{outcome.value}"


def test_the_result_shows_as_a_table_with_its_totals() -> None:
    page = reconciled([here("e-1", 3, 500)], [there("b-1", 3, 480)])._repr_html_()

    assert "amount_differs" in page
    assert "-0.20" in page


def test_the_printed_result_counts_the_lines_by_outcome() -> None:
    result = reconciled([here("e-1", 3, 500)], [there("b-1", 3, 480)])

    lines = str(result).splitlines()

    assert len(lines) == 2 + len(ReconciliationOutcome)
    assert lines[0].split()[:2] == ["outcome", "lines"]
    assert ["amount_differs", "1", "EUR", "-0.20"] in [line.split() for line in lines]
    assert lines[-1].split() == ["all", "1", "EUR", "-0.20"]


references = st.sampled_from(["loan-7", "loan-8", None])
minors = st.sampled_from([100, 200, -100])
days = st.integers(1, 12)
sides = st.tuples(days, minors, references)
policies = st.builds(
    ReconciliationPolicy,
    id=st.just("house"),
    version=st.just("1"),
    days_max=st.integers(0, 4),
    double_days_max=st.none() | st.integers(0, 4),
    may_match_without_reference=st.booleans(),
)


@given(
    mine=st.lists(sides, max_size=8),
    theirs=st.lists(sides, max_size=8),
    policy=policies,
    data=st.data(),
)
def test_everything_is_in_one_line_and_the_order_never_matters(
    mine: list[tuple[int, int, str | None]],
    theirs: list[tuple[int, int, str | None]],
    policy: ReconciliationPolicy,
    data: st.DataObject,
) -> None:
    receipts = [here(f"e-{n}", *one) for n, one in enumerate(mine)]
    movements = [there(f"b-{n}", *one) for n, one in enumerate(theirs)]

    result = reconciled(receipts, movements, policy)

    shuffled = reconciled(
        data.draw(st.permutations(receipts)),
        data.draw(st.permutations(movements)),
        policy,
    )
    assert result == shuffled
    in_lines = Counter(one.receipt for one in result.lines if one.receipt)
    assert in_lines == Counter(receipts)
    on_lines = Counter(one.movement for one in result.lines if one.movement)
    assert on_lines == Counter(movements)
    total = sum(line.difference_minor for line in result.lines)
    assert total == result.difference.minor
    for line in result.lines:
        has_both = line.receipt is not None and line.movement is not None
        assert has_both == (line.outcome in (MATCHED, DIFFERS))
        if line.receipt is not None and line.movement is not None:
            apart = abs((line.movement.booked_on - line.receipt.value_on).days)
            assert apart <= policy.days_max
            assert (line.difference_minor == 0) == (line.outcome is MATCHED)


@given(
    mine=st.lists(days, max_size=5),
    theirs=st.lists(days, max_size=5),
    days_max=st.integers(0, 4),
)
def test_no_way_of_matching_finds_more(
    mine: list[int], theirs: list[int], days_max: int
) -> None:
    def most(left: list[int], right: list[int]) -> int:
        if not left:
            return 0
        first, rest = left[0], left[1:]
        taken = [
            1 + most(rest, [*right[:place], *right[place + 1 :]])
            for place, day in enumerate(right)
            if abs(day - first) <= days_max
        ]
        return max([most(rest, right), *taken])

    result = reconciled(
        [here(f"e-{n}", day, 500) for n, day in enumerate(mine)],
        [there(f"b-{n}", day, 500) for n, day in enumerate(theirs)],
        attrs.evolve(POLICY, days_max=days_max),
    )

    assert len(result.of(MATCHED)) == most(mine, theirs)


def test_an_id_that_repeats_and_another_currency_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="movements must not repeat an id"):
        reconciled([], [there("b-1", 3, 500), there("b-1", 3, 500)])
    with pytest.raises(InvalidValueError, match="receipts must not repeat an id"):
        reconciled([here("e-1", 3, 500), here("e-1", 4, 500)], [])
    yuan = attrs.evolve(here("e-1", 3, 1), amount=Money(5, Currency.of("CNY")))
    with pytest.raises(CurrencyMismatchError, match="must be EUR, got 'CNY'"):
        reconciled([yuan], [])


def test_events_of_the_ledger_are_no_receipts_yet() -> None:
    paid = event(Repaid(amount=Money(500, EUR)), "paid")

    with pytest.raises(InvalidValueError, match=r"nothing but Receipt.*receipts_of"):
        reconciled([paid], [])  # type: ignore[list-item] # wrong on purpose
    with pytest.raises(InvalidValueError, match="movements must hold nothing but Bank"):
        reconciled([], [here("e-1", 3, 500)])  # type: ignore[list-item] # wrong on purpose


def test_an_amount_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="amount must not be zero"):
        there("b-1", 3, 0)


def event(what: Happening, key: str) -> LedgerEvent:
    return LedgerEvent.of(
        what,
        loan_id=LoanId("loan-7"),
        value_on=march(3),
        recorded_at=dt.datetime(2025, 3, 4, tzinfo=dt.UTC),
        idempotency_key=key,
    )


def test_receipts_are_the_events_that_move_money() -> None:
    money = Money(500, EUR)
    events = [
        event(Repaid(amount=money), "paid"),
        event(Repaid(amount=money, kind=RepaymentKind.GOODWILL), "given"),
        event(Repaid(amount=money, kind=RepaymentKind.INTEREST_WAIVER), "waived"),
        event(Repaid(amount=money, kind=RepaymentKind.INTEREST_REFUND), "interest"),
        event(Repaid(amount=money, kind=RepaymentKind.MERCHANT_REFUND), "merchant"),
        event(CreditRefunded(money), "back"),
        event(ChargedBack(EventId("event-1"), money), "charged-back"),
        event(Renewed(LoanId("loan-8"), money), "renewed"),
    ]

    found = receipts_of(events)

    assert [one.amount.minor for one in found] == [500, 500, -500, -500]
    assert {one.reference for one in found} == {"loan-7"}
    assert [one.id for one in found] == [events[n].id for n in (0, 4, 5, 6)]
    named = receipts_of(events[:1], reference_of=lambda one: one.idempotency_key)
    assert named[0].reference == "paid"
