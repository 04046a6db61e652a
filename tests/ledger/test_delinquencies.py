from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.ledger.arrears import OpenInstallment, days_past_due
from microcrm_core.ledger.arrears_history import ArrearsPath, ArrearsPoint
from microcrm_core.ledger.delinquencies import (
    FINERACT_RANGES,
    BucketSpan,
    DelinquencyBuckets,
    DelinquencyRange,
    bucket_history,
    delinquent_days,
    installment_delinquency,
    loan_delinquency,
)
from microcrm_core.ledger.late_day_pauses import DelinquencyPause
from microcrm_core.money import Currency

EUR = Currency.of("EUR")


def of_250(*due_days: tuple[int, int]) -> list[OpenInstallment]:
    return [
        OpenInstallment(due_on=dt.date(2023, month, day), principal_minor=25_000)
        for month, day in due_days
    ]


@pytest.mark.parametrize(
    ("as_of", "bucket", "days", "late_days"),
    [
        (dt.date(2023, 10, 26), None, 0, 10),
        (dt.date(2023, 10, 28), None, 0, 12),
        (dt.date(2023, 10, 29), "range_1", 1, 13),
    ],
)
def test_a_loan_is_delinquent_after_grace_and_pause(
    as_of: dt.date, bucket: str | None, days: int, late_days: int
) -> None:
    # Apache Fineract, scenario C3016: due 16 October, 3 days of grace, a pause from
    # 16 to 25 October.
    found = loan_delinquency(
        of_250((10, 16)),
        as_of=as_of,
        currency=EUR,
        buckets=FINERACT_RANGES,
        grace_days=3,
        pauses=[DelinquencyPause(dt.date(2023, 10, 16), dt.date(2023, 10, 25))],
    )

    assert (found.bucket, found.delinquent_days, found.days_past_due) == (
        bucket,
        days,
        late_days,
    )
    assert found.delinquent_on == dt.date(2023, 10, 19)
    assert found.overdue.minor == 25_000


def test_days_stand_still_while_a_pause_runs() -> None:
    # Apache Fineract, scenario C3015: 21 days on 25 and on 27 October.
    rows = of_250((10, 1), (10, 16))
    pause = DelinquencyPause(dt.date(2023, 10, 25), dt.date(2023, 11, 15))

    counted = [
        delinquent_days(
            rows, as_of=dt.date(2023, 10, day), grace_days=3, pauses=[pause]
        )
        for day in (25, 26, 27)
    ]

    assert counted == [21, 21, 21]
    assert days_past_due(rows, dt.date(2023, 10, 27)) == 26


@pytest.mark.parametrize(
    "as_of", [dt.date(2023, 11, 16), dt.date(2023, 11, 17), dt.date(2023, 12, 1)]
)
def test_installments_count_from_their_own_due_dates_without_grace(
    as_of: dt.date,
) -> None:
    # Apache Fineract, scenario C2988: a pause from 17 November, resumed 1 December.
    found = installment_delinquency(
        of_250((10, 1), (10, 16), (10, 31), (11, 15)),
        as_of=as_of,
        currency=EUR,
        buckets=FINERACT_RANGES,
        pauses=[DelinquencyPause(dt.date(2023, 11, 17), dt.date(2023, 12, 1))],
    )

    assert [(name, amount.minor) for name, amount in found] == [
        ("range_1", 25_000),
        ("range_3", 25_000),
        ("range_30", 50_000),
    ]


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (0, None), (1, "range_1"), (3, "range_1"), (4, "range_3"), (30, "range_3"),
        (31, "range_30"), (60, "range_30"), (61, "range_60"), (90, "range_60"),
        (91, "range_90"), (120, "range_90"), (121, "range_120"), (150, "range_120"),
        (151, "range_150"), (180, "range_150"), (181, "range_180"), (240, "range_180"),
        (241, "range_240"), (9999, "range_240"),
    ],
)  # fmt: skip
def test_the_ranges_of_fineract_begin_and_end_as_its_readme_says(
    days: int, bucket: str | None
) -> None:
    assert FINERACT_RANGES.bucket_of(days) == bucket


def test_a_loan_without_arrears_has_no_bucket_and_no_day() -> None:
    found = loan_delinquency(
        [],
        as_of=dt.date(2023, 10, 1),
        currency=EUR,
        buckets=FINERACT_RANGES,
        grace_days=3,
    )

    assert (found.bucket, found.delinquent_on, found.delinquent_days) == (None, None, 0)


def test_days_between_two_ranges_have_no_bucket() -> None:
    buckets = DelinquencyBuckets(
        id="gap",
        version="1",
        ranges=(DelinquencyRange("few", 1, 5), DelinquencyRange("many", 11)),
    )

    assert [buckets.bucket_of(days) for days in (5, 6, 10, 11)] == [
        "few",
        None,
        None,
        "many",
    ]


@pytest.mark.parametrize(
    "ranges",
    [
        (DelinquencyRange("a", 1, 5), DelinquencyRange("b", 5, 9)),
        (DelinquencyRange("a", 6, 9), DelinquencyRange("b", 1, 5)),
        (DelinquencyRange("a", 1), DelinquencyRange("b", 5, 9)),
    ],
)
def test_ranges_that_overlap_or_do_not_ascend_are_refused(
    ranges: tuple[DelinquencyRange, ...],
) -> None:
    with pytest.raises(PolicyError, match="must ascend without overlap"):
        DelinquencyBuckets(id="x", version="1", ranges=ranges)


def test_two_ranges_of_one_name_are_refused() -> None:
    ranges = (DelinquencyRange("a", 1, 5), DelinquencyRange("a", 6, 9))
    with pytest.raises(PolicyError, match="a name of its own"):
        DelinquencyBuckets(id="x", version="1", ranges=ranges)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="days_max must be 6 or more"):
        DelinquencyRange("a", 6, 5)


def test_negative_grace_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="grace_days must not be negative"):
        delinquent_days([], as_of=dt.date(2023, 10, 1), grace_days=-1)


def path_of(*points: ArrearsPoint, until_on: dt.date) -> ArrearsPath:
    return ArrearsPath(points=points, until_on=until_on, currency=EUR)


def late(from_on: dt.date, due_on: dt.date) -> ArrearsPoint:
    return ArrearsPoint.of(
        from_on, principal_minor=500, oldest_due_on=due_on, overdue_minor=500
    )


def test_the_history_of_buckets_is_told_in_spans_of_days() -> None:
    # Due 31 January, 3 days of grace: 1 delinquent day on 4 February, 4 on 7 February.
    paid = ArrearsPoint.of(dt.date(2024, 2, 10), principal_minor=500)
    path = path_of(
        late(dt.date(2024, 2, 1), dt.date(2024, 1, 31)),
        paid,
        late(dt.date(2024, 3, 1), dt.date(2024, 2, 29)),
        until_on=dt.date(2024, 3, 5),
    )

    found = bucket_history(path, buckets=FINERACT_RANGES, grace_days=3)

    assert found == (
        BucketSpan(
            bucket="range_1",
            from_on=dt.date(2024, 2, 4),
            until_on=dt.date(2024, 2, 7),
        ),
        BucketSpan(
            bucket="range_3",
            from_on=dt.date(2024, 2, 7),
            until_on=dt.date(2024, 2, 10),
        ),
        BucketSpan(bucket="range_1", from_on=dt.date(2024, 3, 4)),
    )


def test_a_pause_keeps_a_loan_in_its_bucket() -> None:
    path = path_of(
        late(dt.date(2024, 2, 1), dt.date(2024, 1, 31)), until_on=dt.date(2024, 2, 10)
    )
    pause = DelinquencyPause(dt.date(2024, 2, 2), dt.date(2024, 2, 8))

    found = bucket_history(path, buckets=FINERACT_RANGES, pauses=[pause])

    # 2 days on 2 February, 2 still on 8 February, 3 on 9 February, 4 on 10 February.
    assert [(span.bucket, span.from_on.day) for span in found] == [
        ("range_1", 1),
        ("range_3", 10),
    ]


def test_a_path_without_a_loan_has_no_history_of_buckets() -> None:
    path = path_of(until_on=dt.date(2024, 2, 10))

    assert bucket_history(path, buckets=FINERACT_RANGES) == ()


@given(
    due_days=st.lists(st.integers(0, 60), max_size=4),
    as_of_day=st.integers(0, 120),
    grace_days=st.integers(0, 10),
    pause=st.tuples(st.integers(0, 90), st.integers(0, 30)),
)
def test_grace_and_pauses_only_ever_take_days_off(
    due_days: list[int], as_of_day: int, grace_days: int, pause: tuple[int, int]
) -> None:
    def on(day: int) -> dt.date:
        return dt.date(2024, 1, 1) + dt.timedelta(days=day)

    rows = [OpenInstallment(due_on=on(day), fees_minor=1) for day in due_days]
    pauses = [DelinquencyPause(on(pause[0]), on(sum(pause)))]

    counted = delinquent_days(
        rows, as_of=on(as_of_day), grace_days=grace_days, pauses=pauses
    )
    plain = delinquent_days(rows, as_of=on(as_of_day))

    assert plain == days_past_due(rows, on(as_of_day))
    assert max(0, plain - grace_days - pause[1]) <= counted <= plain
    assert counted <= max(0, plain - grace_days)


def test_an_installment_that_grew_late_in_a_pause_alone_is_in_no_bucket() -> None:
    pause = DelinquencyPause(dt.date(2023, 10, 16), dt.date(2023, 10, 25))

    found = installment_delinquency(
        of_250((10, 16)),
        as_of=dt.date(2023, 10, 20),
        currency=EUR,
        buckets=FINERACT_RANGES,
        pauses=[pause],
    )

    assert found == ()
