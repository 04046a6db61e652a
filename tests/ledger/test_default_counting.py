from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import add_months
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ledger.arrears_history import ArrearsPath
from microcrm_core.ledger.classification_presets import (
    EU_DEFAULT_OTHER,
    EU_DEFAULT_RETAIL,
)
from microcrm_core.ledger.default_counting import (
    DefaultState,
    DefaultStatus,
    default_status,
)
from microcrm_core.money import Currency
from tests.ledger.path_cases import EUR, after, closed, due_late, on_time, path_of

DUE_ON = dt.date(2024, 1, 31)
START = dt.date(2023, 12, 1)


def status_on(path: ArrearsPath, as_of: dt.date) -> DefaultStatus:
    return default_status(path, policy=EU_DEFAULT_RETAIL, as_of=as_of).outcome


def test_more_than_90_days_in_a_row_make_a_default() -> None:
    # Due on 31 January 2024, so 1 February is the first day: 90 on 30 April, 91 on
    # 1 May; a leap year.
    path = path_of(on_time(START), due_late(DUE_ON))

    assert status_on(path, dt.date(2024, 4, 30)) == DefaultStatus(
        state=DefaultState.NOT_IN_DEFAULT, counted_days=90
    )
    assert status_on(path, dt.date(2024, 5, 1)) == DefaultStatus(
        state=DefaultState.IN_DEFAULT,
        counted_days=91,
        default_on=dt.date(2024, 5, 1),
    )


@pytest.mark.parametrize(
    ("overdue_minor", "principal_minor", "is_in_default"),
    [
        # EUR 100 exactly is not exceeded, 100.01 is; 1 % of 20,000 is EUR 200.
        (10_000, 20_000, False),
        (10_001, 20_000, True),
        (20_000, 2_000_000, False),
        (20_001, 2_000_000, True),
    ],
)
def test_both_limits_must_be_exceeded(
    overdue_minor: int, principal_minor: int, *, is_in_default: bool
) -> None:
    late = due_late(
        DUE_ON, overdue_minor=overdue_minor, principal_minor=principal_minor
    )

    found = status_on(path_of(late), after(DUE_ON, 91))

    assert found.is_in_default is is_in_default
    assert found.counted_days == (91 if is_in_default else 0)


def test_a_single_day_below_a_limit_starts_the_counter_again() -> None:
    # On 20 March arrears fall to EUR 100 for one day; days past due run on.
    dip_on = dt.date(2024, 3, 20)
    path = path_of(
        on_time(START),
        due_late(DUE_ON),
        due_late(DUE_ON, from_on=dip_on, overdue_minor=10_000),
        due_late(DUE_ON, from_on=after(dip_on, 1)),
    )

    assert status_on(path, dt.date(2024, 3, 19)).counted_days == 48
    assert status_on(path, dip_on).counted_days == 0
    assert status_on(path, after(dip_on, 1)).counted_days == 1
    assert path.days_past_due(dt.date(2024, 5, 1)) == 91
    assert not status_on(path, dt.date(2024, 5, 1)).is_in_default
    assert status_on(path, after(dip_on, 91)).default_on == after(dip_on, 91)


def test_a_change_of_amounts_above_the_limits_does_not_stop_the_counter() -> None:
    path = path_of(
        due_late(DUE_ON),
        due_late(dt.date(2024, 2, 29), from_on=dt.date(2024, 3, 5)),
        due_late(dt.date(2024, 3, 31), from_on=dt.date(2024, 4, 10)),
    )

    assert path.days_past_due(dt.date(2024, 5, 1)) == 31
    assert status_on(path, dt.date(2024, 5, 1)).default_on == dt.date(2024, 5, 1)


def test_a_default_goes_on_for_a_year_of_probation() -> None:
    # Material arrears end on 29 February 2024; a year later is 28 February 2025.
    paid_on = dt.date(2024, 2, 29)
    path = path_of(due_late(dt.date(2023, 10, 31)), on_time(paid_on))

    assert status_on(path, paid_on) == DefaultStatus(
        state=DefaultState.IN_PROBATION,
        counted_days=0,
        default_on=dt.date(2024, 1, 30),
        probation_from=paid_on,
        probation_until=dt.date(2025, 2, 28),
    )
    assert status_on(path, dt.date(2025, 2, 27)).is_in_default
    assert not status_on(path, dt.date(2025, 2, 28)).is_in_default


def test_material_arrears_in_probation_start_it_again() -> None:
    # Paid on 1 June 2024; material again from 1 to 4 March 2025.
    path = path_of(
        due_late(DUE_ON),
        on_time(dt.date(2024, 6, 1)),
        due_late(dt.date(2025, 2, 28)),
        on_time(dt.date(2025, 3, 5)),
    )

    again = status_on(path, dt.date(2025, 3, 4))
    assert (again.state, again.counted_days) == (DefaultState.IN_DEFAULT, 4)
    assert status_on(path, dt.date(2026, 3, 4)).is_in_default
    assert not status_on(path, dt.date(2026, 3, 5)).is_in_default
    assert status_on(path, dt.date(2025, 6, 1)).default_on == dt.date(2024, 5, 1)


def test_immaterial_arrears_in_probation_do_not_start_it_again() -> None:
    path = path_of(
        due_late(DUE_ON),
        on_time(dt.date(2024, 6, 1)),
        due_late(dt.date(2025, 2, 28), overdue_minor=10_000),
    )

    assert not status_on(path, dt.date(2025, 6, 1)).is_in_default


def test_after_probation_a_new_default_needs_all_its_days_again() -> None:
    # Probation ends on 1 June 2025; material arrears begin on that very day.
    path = path_of(
        due_late(DUE_ON),
        on_time(dt.date(2024, 6, 1)),
        due_late(dt.date(2025, 5, 31)),
    )

    assert not status_on(path, dt.date(2025, 6, 1)).is_in_default
    assert not status_on(path, after(dt.date(2025, 5, 31), 90)).is_in_default
    assert status_on(path, after(dt.date(2025, 5, 31), 91)).is_in_default


def test_a_loan_that_was_written_off_stays_in_default() -> None:
    gone = closed(dt.date(2024, 6, 1), is_written_off=True)
    path = path_of(due_late(DUE_ON), gone)

    assert status_on(path, dt.date(2027, 6, 1)).state is DefaultState.IN_DEFAULT


def test_a_larger_sum_is_asked_for_of_others_than_retail() -> None:
    late = due_late(DUE_ON, overdue_minor=50_000, principal_minor=60_000)
    decision = default_status(
        path_of(late), policy=EU_DEFAULT_OTHER, as_of=after(DUE_ON, 200)
    )

    assert not decision.outcome.is_in_default
    assert decision.reasons[0].code == "default_immaterial"


@pytest.mark.parametrize(
    ("as_of", "code"),
    [
        (DUE_ON, "default_immaterial"),
        (dt.date(2024, 3, 1), "default_counting"),
        (dt.date(2024, 5, 1), "default_since"),
        (dt.date(2024, 7, 1), "default_probation"),
    ],
)
def test_the_reason_tells_where_the_counter_stands(as_of: dt.date, code: str) -> None:
    path = path_of(on_time(START), due_late(DUE_ON), on_time(dt.date(2024, 6, 1)))
    decision = default_status(path, policy=EU_DEFAULT_RETAIL, as_of=as_of)

    assert decision.reasons[0].code == code
    assert decision.policy == EU_DEFAULT_RETAIL.ref


def test_a_limit_in_another_currency_is_refused() -> None:
    yuan = attrs.evolve(path_of(due_late(DUE_ON)), currency=Currency.of("CNY"))
    with pytest.raises(CurrencyMismatchError, match="must be EUR, as the limit"):
        default_status(yuan, policy=EU_DEFAULT_RETAIL, as_of=after(DUE_ON, 5))


def test_a_day_that_is_not_known_yet_is_refused() -> None:
    path = path_of(due_late(DUE_ON), until_on=after(DUE_ON, 5))
    with pytest.raises(InvalidValueError, match="the last day that is known"):
        status_on(path, after(DUE_ON, 6))


def by_the_day(is_material: list[bool], months: int) -> list[bool]:
    """Return whether each day is in default, told one day after the other."""
    found: list[bool] = []
    counted, ends_on = 0, None
    is_in_default = False
    for number, is_day_material in enumerate(is_material):
        on = after(START, number)
        if is_in_default and ends_on is not None and on >= ends_on:
            is_in_default = False
        counted = counted + 1 if is_day_material else 0
        if counted > 90:
            is_in_default = True
        if is_day_material:
            ends_on = None
        elif ends_on is None:
            ends_on = add_months(on, months)
        found.append(is_in_default)
    return found


@given(
    runs=st.lists(
        st.tuples(st.booleans(), st.sampled_from([1, 30, 59, 60, 89, 90, 91, 120])),
        min_size=1,
        max_size=7,
    ),
    data=st.data(),
)
def test_runs_of_days_give_what_one_day_after_the_other_gives(
    runs: list[tuple[bool, int]], data: st.DataObject
) -> None:
    is_material = [state for state, length in runs for _ in range(length)]
    points = []
    for number, state in enumerate(is_material):
        on = after(START, number)
        points.append(due_late(after(on, -1), from_on=on) if state else on_time(on))
    path = ArrearsPath(points=tuple(points), until_on=points[-1].from_on, currency=EUR)
    policy = attrs.evolve(EU_DEFAULT_RETAIL, probation_months=2)
    expected = by_the_day(is_material, 2)

    number = data.draw(st.integers(0, len(is_material) - 1))
    found = default_status(path, policy=policy, as_of=after(START, number)).outcome

    assert found.is_in_default == expected[number]


def test_before_there_is_a_loan_there_is_no_default() -> None:
    path = path_of(on_time(START))

    assert status_on(path, after(START, -1)) == DefaultStatus(
        state=DefaultState.NOT_IN_DEFAULT, counted_days=0
    )
