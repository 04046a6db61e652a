"""Due dates and term after events: by hand, refused, and whatever the order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microcrm_core import LedgerError, Rate
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    Frequency,
    RollRule,
)
from microcrm_core.ids import EventId
from microcrm_core.ledger.happenings import (
    DueDateChanged,
    HolidayGranted,
    TermChanged,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.term_changes import changed_terms
from microcrm_core.loans import (
    FINERACT,
    STRICT,
    BusinessDays,
    Collision,
    InterestDate,
    InterestPause,
    LoanTerms,
    RateChange,
    build_schedule,
)
from tests.ledger.exact_cases import LENT_ON, TERMS, at, day, paid, policy, state_of

FIVE = attrs.evolve(TERMS, installment_count=5)
"""Due on the 15th of February to June."""


def moved(from_on: dt.date, to_on: dt.date, on: dt.date = LENT_ON) -> LedgerEvent:
    return at(on, DueDateChanged(from_on, to_on), f"{from_on} {to_on}")


def holiday(from_on: dt.date, count: int, on: dt.date = LENT_ON) -> LedgerEvent:
    return at(on, HolidayGranted(from_on, count), f"{from_on} {count}")


def longer(added_count: int, on: dt.date = LENT_ON) -> LedgerEvent:
    return at(on, TermChanged(added_count), str(added_count))


def dates(events: Sequence[LedgerEvent], terms: LoanTerms = FIVE) -> list[str]:
    """Return due dates of 2025 after events, as month and day."""
    due_on = changed_terms(terms, events, STRICT).due_on
    assert all(on.year == 2025 for on in due_on)
    return [f"{on:%m-%d}" for on in due_on]


def test_terms_without_such_events_stay_the_same() -> None:
    assert changed_terms(FIVE, [paid(day(2, 15), "1.00")], STRICT) is FIVE


def test_later_due_dates_are_counted_from_the_new_one() -> None:
    assert dates([moved(day(3, 15), day(3, 31))]) == [
        "02-15",
        "03-31",
        "04-30",
        "05-31",
        "06-30",
    ]


def test_a_due_date_may_move_back() -> None:
    assert dates([moved(day(3, 15), day(2, 16))])[:3] == ["02-15", "02-16", "03-16"]


def test_changes_apply_one_after_the_other() -> None:
    first = moved(day(3, 15), day(3, 20))
    second = moved(day(4, 20), day(4, 25), day(3, 1))

    assert dates([second, first]) == ["02-15", "03-20", "04-25", "05-25", "06-25"]


def test_a_holiday_skips_installments() -> None:
    assert dates([holiday(day(3, 15), 2)]) == [
        "02-15",
        "05-15",
        "06-15",
        "07-15",
        "08-15",
    ]


def test_a_holiday_keeps_the_day_of_the_month_through_a_short_one() -> None:
    terms = attrs.evolve(FIVE, first_due_on=day(1, 31))

    assert dates([holiday(day(2, 28), 1)], terms) == [
        "01-31",
        "03-31",
        "04-30",
        "05-31",
        "06-30",
    ]


def test_a_holiday_on_agreed_dates_takes_the_later_ones_and_goes_on() -> None:
    due_on = (day(2, 1), day(2, 20), day(4, 7))
    terms = attrs.evolve(
        TERMS, installment_count=3, first_due_on=due_on[0], due_on=due_on
    )

    assert dates([holiday(day(2, 20), 1)], terms) == ["02-01", "04-07", "05-07"]


def test_more_installments_go_on_and_fewer_end_sooner() -> None:
    assert dates([longer(2)])[-2:] == ["07-15", "08-15"]
    assert dates([longer(-2)]) == ["02-15", "03-15", "04-15"]


def test_more_installments_go_on_from_a_date_that_moved() -> None:
    events = [moved(day(5, 15), day(5, 31)), longer(1, day(2, 1))]

    assert dates(events)[-3:] == ["05-31", "06-30", "07-31"]


def test_a_last_date_of_its_own_stays_until_it_moves_itself() -> None:
    terms = attrs.evolve(FIVE, last_due_on=day(7, 1))

    assert dates([moved(day(3, 15), day(3, 20))], terms)[-2:] == ["05-20", "07-01"]
    assert dates([moved(day(7, 1), day(7, 9))], terms)[-2:] == ["05-15", "07-09"]
    assert dates([holiday(day(7, 1), 1)], terms)[-2:] == ["05-15", "08-01"]


def test_a_due_date_may_be_named_by_its_business_day() -> None:
    # 15 February and 15 March 2025 are Saturdays.
    following = attrs.evolve(
        STRICT,
        business_days=BusinessDays(
            rule=BusinessDayRule.FOLLOWING,
            calendar=BusinessCalendar(name="weekends"),
            interest_to=InterestDate.ORIGINAL,
            collision=Collision.KEPT,
        ),
    )

    terms = changed_terms(FIVE, [moved(day(3, 17), day(3, 20))], following)

    assert terms.due_on[:3] == (day(2, 15), day(3, 20), day(4, 20))


def test_changes_after_the_last_due_date_are_left_out() -> None:
    terms = attrs.evolve(
        FIVE,
        rate_changes=(
            RateChange(from_on=day(3, 1), nominal_rate=Rate.per_year("0.12")),
            RateChange(from_on=day(6, 1), nominal_rate=Rate.per_year("0.06")),
        ),
        interest_pauses=(InterestPause(day(6, 1), day(6, 5)),),
    )

    shorter = changed_terms(terms, [longer(-2)], STRICT)

    assert [one.from_on for one in shorter.rate_changes] == [day(3, 1)]
    assert shorter.interest_pauses == ()
    assert build_schedule(shorter, STRICT).outstanding_minor[-1] == 0


@pytest.mark.parametrize(
    ("events", "field", "rule"),
    [
        ([moved(day(3, 14), day(3, 20))], "from_on", "must be a due date"),
        (
            [moved(day(2, 15), day(2, 20), on=day(2, 15))],
            "from_on",
            "must be due after the day of the event",
        ),
        (
            [moved(day(3, 15), day(3, 1), on=day(3, 2))],
            "to_on",
            "must be 2025-03-03 or later",
        ),
        (
            [moved(day(3, 15), day(2, 15))],
            "to_on",
            "must be 2025-02-16 or later",
        ),
        (
            [moved(day(2, 15), LENT_ON)],
            "to_on",
            "must be 2025-01-16 or later",
        ),
        ([holiday(day(3, 14), 1)], "from_on", "must be a due date"),
        ([holiday(day(3, 15), 1200)], "count", "must leave the series below"),
        ([longer(-5)], "added_count", "must leave from 1 to 1200 installments"),
        ([longer(1196)], "added_count", "must leave from 1 to 1200 installments"),
        (
            [longer(-3, on=day(3, 15))],
            "added_count",
            "must leave an installment due after 2025-03-15",
        ),
        (
            [longer(2, on=day(6, 15))],
            "value_on",
            "must be before the last due date, 2025-06-15",
        ),
    ],
)
def test_an_event_that_fits_no_due_date_is_refused(
    events: list[LedgerEvent], field: str, rule: str
) -> None:
    with pytest.raises(LedgerError) as caught:
        changed_terms(FIVE, events, STRICT)

    assert (caught.value.field, caught.value.event_id) == (field, events[0].id)
    assert caught.value.rule.startswith(rule)


@pytest.mark.parametrize(
    ("events", "field", "rule"),
    [
        (
            [moved(day(2, 15), day(2, 20), on=day(2, 16))],
            "from_on",
            "must not be before the day of the event",
        ),
        (
            [moved(day(3, 15), day(3, 1), on=day(3, 2))],
            "to_on",
            "must be 2025-03-02 or later",
        ),
        (
            [longer(-3, on=day(3, 16))],
            "added_count",
            "must leave an installment due on 2025-03-16 or later",
        ),
    ],
)
def test_where_all_changes_count_from_the_start_one_may_name_its_own_day(
    events: list[LedgerEvent], field: str, rule: str
) -> None:
    with pytest.raises(LedgerError) as caught:
        changed_terms(FIVE, events, FINERACT)

    assert caught.value.field == field
    assert caught.value.rule.startswith(rule)
    [event] = events
    day_before = attrs.evolve(event, value_on=event.value_on - dt.timedelta(days=1))
    assert changed_terms(FIVE, [day_before], FINERACT) != FIVE


def test_a_business_day_may_not_fall_on_the_day_of_the_event() -> None:
    # 15 March 2025 is a Saturday: due on the Friday before it.
    preceding = attrs.evolve(
        STRICT,
        business_days=BusinessDays(
            rule=BusinessDayRule.PRECEDING,
            calendar=BusinessCalendar(name="weekends"),
            interest_to=InterestDate.ORIGINAL,
            collision=Collision.KEPT,
        ),
    )
    terms = attrs.evolve(FIVE, first_due_on=day(3, 3), installment_count=2)
    to_saturday = moved(day(4, 3), day(3, 15), on=day(3, 14))

    with pytest.raises(LedgerError, match="must be due after the day of the event"):
        changed_terms(terms, [to_saturday], preceding)


def test_a_longer_term_may_not_bring_back_a_date_that_is_past() -> None:
    # The last one stands apart, so that 15 June is no due date until there are six.
    terms = attrs.evolve(FIVE, last_due_on=day(8, 1))

    with pytest.raises(LedgerError, match="must leave the due dates to come after"):
        changed_terms(terms, [longer(1, on=day(6, 20))], STRICT)


@pytest.mark.parametrize(
    "made",
    [moved(day(5, 15), day(7, 2)), holiday(day(3, 15), 2), longer(3)],
)
def test_dates_that_would_pass_a_last_one_of_its_own_are_refused(
    made: LedgerEvent,
) -> None:
    terms = attrs.evolve(FIVE, last_due_on=day(7, 1))

    with pytest.raises(LedgerError, match="must leave due dates before the last one"):
        changed_terms(terms, [made], STRICT)


@st.composite
def logs(draw: st.DrawFn) -> list[LedgerEvent]:
    """Draw changes that name a due date of the series, mostly."""
    made: list[LedgerEvent] = []
    for number in range(draw(st.integers(1, 5))):
        from_on = day(draw(st.integers(2, 6)), 15)
        on = LENT_ON + dt.timedelta(days=draw(st.integers(0, 20)))
        kind = draw(st.sampled_from(("move", "holiday", "term")))
        if kind == "move":
            days = draw(st.integers(-10, 40))
            what = moved(from_on, from_on + dt.timedelta(days=days), on)
        elif kind == "holiday":
            what = holiday(from_on, draw(st.integers(1, 3)), on)
        else:
            what = longer(draw(st.sampled_from((-2, -1, 1, 3))), on)
        made.append(attrs.evolve(what, id=EventId(f"event-{number}")))
    return made


def changed(events: Sequence[LedgerEvent]) -> tuple[dt.date, ...] | None:
    """Return the due dates; None: the events are refused."""
    try:
        return changed_terms(FIVE, events, STRICT).due_on
    except LedgerError:
        return None


@given(events=logs(), data=st.data())
def test_the_order_of_arrival_never_matters(
    events: list[LedgerEvent], data: st.DataObject
) -> None:
    assert changed(data.draw(st.permutations(events))) == changed(events)


@given(events=logs())
def test_due_dates_stay_in_order_and_their_count_is_that_of_the_terms(
    events: list[LedgerEvent],
) -> None:
    due_on = changed(events)
    assume(due_on is not None)
    assert due_on is not None

    added = sum(
        one.what.added_count for one in events if isinstance(one.what, TermChanged)
    )
    assert len(due_on) == FIVE.installment_count + added
    assert all(one < two for one, two in pairwise((LENT_ON, *due_on)))


@given(count=st.integers(1, 40), first=st.integers(0, 4))
def test_a_holiday_is_as_if_the_series_had_begun_later(count: int, first: int) -> None:
    series = build_schedule(attrs.evolve(FIVE, installment_count=5 + count), STRICT)
    due_on = series.due_on

    skipped = changed([holiday(due_on[first], count)])

    assert skipped == (*due_on[:first], *due_on[first + count :])


@given(
    weeks=st.integers(1, 60),
    frequency=st.sampled_from(
        (Frequency.MONTHLY, Frequency.SEMIMONTHLY, Frequency.WEEKLY)
    ),
)
def test_a_longer_term_is_that_of_terms_that_were_so_from_the_start(
    weeks: int, frequency: Frequency
) -> None:
    terms = attrs.evolve(FIVE, frequency=frequency, nominal_rate=Rate.of_ppm(0))
    rules = attrs.evolve(STRICT, roll=RollRule.DAY_OF_MONTH)
    whole = attrs.evolve(terms, installment_count=5 + weeks)

    longer_terms = changed_terms(terms, [longer(weeks)], rules)

    assert longer_terms.due_on == build_schedule(whole, rules).due_on


def test_a_schedule_of_moved_dates_counts_the_days_between_them() -> None:
    # 44 days of 673.81 are 19.49 in the second installment instead of 12.41.
    state = state_of(
        [moved(day(3, 15), day(3, 31)), paid(day(2, 15), "344.05")],
        policy(),
        day(2, 15),
    )

    assert [row.due_on for row in state.rows] == [
        day(2, 15),
        day(3, 31),
        day(4, 30),
    ]
    left_minor = 1000_00 - state.charged_minor[0][0]
    assert state.charged_minor[1][1] == round(left_minor * 24 * 44 / 36500)
