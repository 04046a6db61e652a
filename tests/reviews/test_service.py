"""What keeping a review leaves in a store, and how it compares with the one before."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs
import numpy as np
import pytest

from microcrm_core import canonical_json
from microcrm_core.adjustments import DueDayConfidence
from microcrm_core.adjustments.due_day_batch import DueDayOutcome
from microcrm_core.customers import CustomerKind
from microcrm_core.errors import ConflictError, StorageError, StorageProblem
from microcrm_core.ids import CustomerId
from microcrm_core.loyalty import QuoteBasis
from microcrm_core.reviews import REVIEW_BASIC, review_policies_from_plain
from microcrm_core.reviews.batch import Review, review_portfolio
from microcrm_core.reviews.portfolio_batch import Portfolio
from microcrm_core.reviews.service import TierMove, keep_review
from microcrm_core.reviews.table_batch import (
    NO_LOAN,
    NOT_MONTHLY,
    REVIEW_COLUMNS,
)
from microcrm_core.rules import compare
from microcrm_core.samples import sample_portfolio
from microcrm_core.storage import (
    Change,
    MemoryRecordStore,
    Record,
    RecordStore,
    SqliteRecordStore,
)
from microcrm_core.tiers import Tier, TierPolicy, TierRule
from tests.reviews.review_cases import (
    make_customer,
    make_loan,
    make_repayment,
    on,
    portfolio_of,
    tied_records,
    with_conventions,
)

FEBRUARY, MARCH, APRIL = on("2025-02-28"), on("2025-03-31"), on("2025-04-30")
JUNE: Final = on("2025-06-30")
SIMPLE: Final = attrs.evolve(
    REVIEW_BASIC,
    tiers=TierPolicy(
        id="simple",
        version="1",
        rules=[
            TierRule(
                id="overdue",
                tier=Tier.RISK,
                condition=compare("days_past_due", ">", 30),
            ),
            TierRule(
                id="repaid",
                tier=Tier.HIGH_VALUE,
                condition=compare("repaid_loan_count", ">=", 1),
            ),
        ],
        default=Tier.ORDINARY,
    ),
)
"""Thirty days late is a risk, one repaid loan is of high value."""


@pytest.fixture(params=["memory", "sqlite"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[MemoryRecordStore | SqliteRecordStore]:
    if request.param == "memory":
        yield MemoryRecordStore()
    else:
        with SqliteRecordStore(tmp_path / "crm.db") as sqlite:
            yield sqlite


def content(store: RecordStore) -> dict[str, tuple[Record, int]]:
    return {one.key: (one.record, one.version) for one in store.scan()}


def bodies(store: RecordStore) -> dict[str, Record]:
    return {key: record for key, (record, _) in content(store).items()}


def movers(*, is_paid: bool = False, names: str = "stays moves new") -> Portfolio:
    """`stays` has no loan; `moves` was to pay on 2025-02-10; `new` came in March."""
    customers = [make_customer("stays"), make_customer("moves"), make_customer("gone")]
    customers.append(make_customer("new", "2025-03-15"))
    loan = make_loan(
        "l-1", "moves", "2025-01-10", "2025-02-10", annual_ppm=0, installment_count=1
    )
    paid = [make_repayment("r-1", loan, "2025-02-20", 60_000)] if is_paid else []
    kept = [one for one in customers if one.id in names.split()]
    return portfolio_of((kept, [], [loan], paid))


def sampled(customers: int = 25) -> Review:
    return review_portfolio(sample_portfolio(customers, 4), REVIEW_BASIC, JUNE)


def test_the_first_review_is_kept_whole(store: RecordStore) -> None:
    review = sampled()
    kept = keep_review(review, store)
    assert kept.previous_as_of is None
    assert kept.moves == ()
    assert kept.tier_before == {}
    assert (kept.gone_count, kept.changed_count) == (0, 26)
    ids = review.to_columns()["customer_id"]
    assert set(content(store)) == {
        "review/2025-06-30",
        *(f"customer-review/2025-06-30/{customer_id}" for customer_id in ids),
    }
    rows = review.to_columns()
    for row, customer_id in enumerate(ids):
        stored = store.get(f"customer-review/2025-06-30/{customer_id}")
        assert json.loads(stored.record.body) == {
            name: rows[name][row] for name in REVIEW_COLUMNS
        }


def test_keeping_the_same_review_again_changes_nothing(store: RecordStore) -> None:
    keep_review(sampled(), store)
    before = content(store)
    again = keep_review(sampled(), store)
    assert again.changed_count == 0
    assert again.previous_as_of is None
    assert content(store) == before


def test_columns_of_the_caller_give_the_same_records(store: RecordStore) -> None:
    review = sampled()
    keep_review(review, store, columns=review.to_columns())
    assert keep_review(review, store).changed_count == 0


def test_only_records_that_differ_are_written(store: RecordStore) -> None:
    keep_review(
        review_portfolio(movers(names="stays moves gone"), SIMPLE, FEBRUARY), store
    )
    # The loan was repaid after all, and one customer is no longer in the tables.
    again = review_portfolio(
        movers(is_paid=True, names="stays moves"), SIMPLE, FEBRUARY
    )
    kept = keep_review(again, store)
    found = content(store)
    # The review as a whole, the one who paid, the one who is gone.
    assert kept.changed_count == 3
    assert kept.previous_as_of is None
    prefix = "customer-review/2025-02-28"
    assert set(found) == {"review/2025-02-28", f"{prefix}/stays", f"{prefix}/moves"}
    assert found[f"{prefix}/stays"][1] == 1
    assert found[f"{prefix}/moves"][1] == 2
    assert found["review/2025-02-28"][1] == 2
    fresh = MemoryRecordStore()
    keep_review(again, fresh)
    assert bodies(store) == bodies(fresh)


def test_a_review_without_a_changed_count_leaves_the_whole_alone(
    store: RecordStore,
) -> None:
    loan = make_loan("l-1", "c-1", "2025-01-10", "2025-02-10")
    customers = [make_customer("c-1"), make_customer("c-2")]
    first = portfolio_of((customers, [], [loan], []))
    paid = [make_repayment("r-1", loan, "2025-02-10", 100)]
    second = portfolio_of((customers, [], [loan], paid))
    keep_review(review_portfolio(first, SIMPLE, FEBRUARY), store)
    kept = keep_review(review_portfolio(second, SIMPLE, FEBRUARY), store)
    assert kept.changed_count == 1
    assert store.get("customer-review/2025-02-28/c-1").version == 2


def test_other_policies_change_the_review_as_a_whole(store: RecordStore) -> None:
    keep_review(review_portfolio(movers(), SIMPLE, FEBRUARY), store)
    renamed = attrs.evolve(SIMPLE, tiers=attrs.evolve(SIMPLE.tiers, version="2"))
    kept = keep_review(review_portfolio(movers(), renamed, FEBRUARY), store)
    assert kept.changed_count == 1
    assert store.get("review/2025-02-28").version == 2


def test_moves_new_and_gone_customers_are_told(store: RecordStore) -> None:
    first = review_portfolio(movers(names="stays moves gone"), SIMPLE, FEBRUARY)
    keep_review(first, store)
    # On 31 March 10 February is 49 days ago, on 28 February 18 days.
    second = review_portfolio(movers(names="stays moves new"), SIMPLE, MARCH)
    kept = keep_review(second, store)
    assert kept.previous_as_of == FEBRUARY
    assert kept.moves == (TierMove(CustomerId("moves"), Tier.ORDINARY, Tier.RISK),)
    assert kept.move_counts() == {(Tier.ORDINARY, Tier.RISK): 1}
    assert kept.gone_count == 1
    assert dict(kept.tier_before) == dict.fromkeys(
        ("stays", "moves", "gone"), Tier.ORDINARY
    )
    assert kept.changed_count == 4
    # The earlier review is as it was.
    alone = MemoryRecordStore()
    keep_review(first, alone)
    assert {k: v for k, v in content(store).items() if "2025-02-28" in k} == content(
        alone
    )


def test_a_review_is_compared_with_the_latest_of_an_earlier_day(
    store: RecordStore,
) -> None:
    keep_review(review_portfolio(movers(), SIMPLE, APRIL), store)
    early = keep_review(review_portfolio(movers(), SIMPLE, FEBRUARY), store)
    assert early.previous_as_of is None
    # March comes in last; it is compared with February and not with April.
    middle = keep_review(review_portfolio(movers(), SIMPLE, MARCH), store)
    assert middle.previous_as_of == FEBRUARY
    assert [move.customer_id for move in middle.moves] == ["moves"]
    again = keep_review(review_portfolio(movers(), SIMPLE, APRIL), store)
    assert again.previous_as_of == MARCH
    assert (again.moves, again.changed_count) == ((), 0)


def test_other_records_in_the_store_are_left_alone(store: RecordStore) -> None:
    other = Record(type="note", schema_version=1, body="{}")
    keys = ("reviews", "customer-review", "review-notes/2025-02-28", "a", "z")
    for key in keys:
        store.put(key, other, expected_version=0)
    keep_review(review_portfolio(movers(), SIMPLE, FEBRUARY), store)
    kept = keep_review(review_portfolio(movers(), SIMPLE, MARCH), store)
    assert kept.previous_as_of == FEBRUARY
    assert all(store.get(key).record == other for key in keys)


def test_ids_that_look_like_paths_or_patterns_stay_apart(store: RecordStore) -> None:
    names = ["a", "a/b", "a%", "_", "é", "中文", "2025-02-28/a", "'", '"\\']
    portfolio = portfolio_of(([make_customer(name) for name in names], [], [], []))
    review = review_portfolio(portfolio, SIMPLE, FEBRUARY)
    assert keep_review(review, store).changed_count == len(names) + 1
    assert keep_review(review, store).changed_count == 0
    kept = keep_review(review_portfolio(portfolio, SIMPLE, MARCH), store)
    assert set(kept.tier_before) == set(names)
    assert kept.moves == ()


def test_bodies_are_canonical_and_say_nothing_but_ids_figures_and_choices(
    store: RecordStore,
) -> None:
    customers, transactions, loans, repayments = tied_records()
    private = [
        attrs.evolve(
            one,
            industry="Zwiebelring",
            region="Hintertupfing",
            channel="Brieftaube",
            birthday=on("1981-03-14"),
            referred_by=CustomerId("Erika-Mustermann"),
        )
        for one in customers
    ]
    portfolio = portfolio_of((private, transactions, loans, repayments))
    rules = with_conventions()
    keep_review(review_portfolio(portfolio, rules, JUNE), store)
    choices = {
        *(one.value for one in (*Tier, *CustomerKind, *QuoteBasis)),
        *(one.value for one in (*DueDayConfidence, *DueDayOutcome)),
        *(NO_LOAN, NOT_MONTHLY, "EUR", "JPY", "2025-06-30"),
        *(rule.id for rule in rules.tiers.rules),
        *(str(loan.terms.frequency) for loan in loans),
        *(loan.id for loan in loans),
        *(one.id for one in customers),
    }
    for key, record in bodies(store).items():
        body = json.loads(record.body)
        assert canonical_json(body) == record.body
        text = key + record.body
        for word in ("Zwiebel", "Hinter", "Brief", "1981", "Erika"):
            assert word not in text
        if key.startswith("customer-review/"):
            assert sorted(body) == sorted(REVIEW_COLUMNS)
            for value in body.values():
                assert value is None or type(value) is int or value in choices


def test_the_policies_come_back_from_the_store(store: RecordStore) -> None:
    rules = with_conventions(grace_days=2)
    review = review_portfolio(movers(), rules, FEBRUARY)
    keep_review(review, store)
    body = json.loads(store.get("review/2025-02-28").record.body)
    read = review_policies_from_plain(body["policies"])
    assert read == rules
    assert {name: ref.digest for name, ref in read.refs.items()} == body[
        "policy_digests"
    ]
    assert body["as_of"] == "2025-02-28"
    assert body["customer_count"] == 2
    assert body["tier_counts"] == {
        tier.value: count for tier, count in review.tier_counts().items()
    }


class Overtaken(MemoryRecordStore):
    """A store to which somebody else writes just before each batch."""

    def put_many(self, changes: Iterable[Change]) -> int:
        theirs = Record(type="customer-review", schema_version=1, body='"theirs"')
        self.put("customer-review/2025-02-28/moves", theirs, expected_version=0)
        return super().put_many(changes)


def test_a_writer_who_was_faster_is_not_overwritten() -> None:
    store = Overtaken()
    with pytest.raises(ConflictError):
        keep_review(review_portfolio(movers(), SIMPLE, FEBRUARY), store)
    assert [one.key for one in store.scan()] == ["customer-review/2025-02-28/moves"]
    assert store.get("customer-review/2025-02-28/moves").record.body == '"theirs"'


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Let no file grow past what the store's log has now, and a page."""
    log = path.with_name(f"{path.name}-wal")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = log.stat().st_size + 8192
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_in_the_middle_leaves_the_store_as_it_was(
    tmp_path: Path,
) -> None:
    path = tmp_path / "crm.db"
    may = review_portfolio(sample_portfolio(60, 4), REVIEW_BASIC, on("2025-05-31"))
    june = sampled(60)
    with SqliteRecordStore(path) as store:
        keep_review(may, store)
        before = content(store)
        with full_disk(path), pytest.raises(StorageError):
            keep_review(june, store)
        assert content(store) == before
    with SqliteRecordStore(path) as store:
        assert content(store) == before
        kept = keep_review(june, store)
        assert (kept.previous_as_of, kept.changed_count) == (may.as_of, 61)


def test_an_empty_review_is_kept_too(store: RecordStore) -> None:
    empty = movers().take_customers(np.empty(0, np.int64))
    kept = keep_review(review_portfolio(empty, SIMPLE, FEBRUARY), store)
    assert kept.changed_count == 1
    later = keep_review(review_portfolio(movers(), SIMPLE, MARCH), store)
    assert later.previous_as_of == FEBRUARY
    assert (later.tier_before, later.gone_count) == ({}, 0)


def test_the_records_of_a_review_are_one_batch() -> None:
    batches: list[list[Change]] = []

    class Recording(MemoryRecordStore):
        def put_many(self, changes: Iterable[Change]) -> int:
            batches.append(list(changes))
            return super().put_many(batches[-1])

    store = Recording()
    keep_review(review_portfolio(movers(), SIMPLE, FEBRUARY), store)
    (batch,) = batches
    assert {change.key for change in batch} == set(content(store))


def test_records_of_a_later_schema_are_not_guessed_at() -> None:
    store = MemoryRecordStore()
    store.put_many(
        [
            Change(
                key="review/2025-03-31",
                record=Record(type="review", schema_version=1, body="{}"),
                expected_version=0,
            ),
            Change(
                key="customer-review/2025-03-31/c000001",
                record=Record(type="customer-review", schema_version=2, body="{}"),
                expected_version=0,
            ),
        ]
    )
    portfolio = sample_portfolio(customers=1, seed=1)
    review = review_portfolio(portfolio, REVIEW_BASIC, on("2025-06-30"))

    with pytest.raises(StorageError, match="schema version 1") as caught:
        keep_review(review, store)
    assert caught.value.problem is StorageProblem.NEWER


@pytest.mark.parametrize(
    ("key", "record"),
    [
        ("review/notes", Record(type="review", schema_version=1, body="{}")),
        (
            "customer-review/2025-03-31/c000001",
            Record(type="customer-review", schema_version=1, body='{"tier":"gold"}'),
        ),
        (
            "customer-review/2025-03-31/c000001",
            Record(type="customer-review", schema_version=1, body="{}"),
        ),
        (
            "customer-review/2025-03-31/c000001",
            Record(type="note", schema_version=1, body='{"tier":"risk"}'),
        ),
    ],
)
def test_what_is_no_review_is_named_and_left_alone(key: str, record: Record) -> None:
    store = MemoryRecordStore()
    march = Record(type="review", schema_version=1, body="{}")
    store.put("review/2025-03-31", march, expected_version=0)
    store.put(key, record, expected_version=0)
    portfolio = sample_portfolio(customers=1, seed=1)
    review = review_portfolio(portfolio, REVIEW_BASIC, on("2025-06-30"))

    with pytest.raises(StorageError) as caught:
        keep_review(review, store)
    assert caught.value.store == key
    assert [stored.key for stored in store.scan()] == sorted(["review/2025-03-31", key])
