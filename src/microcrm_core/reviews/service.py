"""Keeping reviews: what is stored, and what changed since the review before.

A review is kept as one record a customer and one for the review as a whole, all in
one write: whoever reads the store sees the review whole or not at all. The records
hold ids, figures and decisions, no names and no free text. Keeping the same review
twice changes nothing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from microcrm_core.decisions import canonical_json
from microcrm_core.errors import StorageError, StorageProblem
from microcrm_core.ids import CustomerId
from microcrm_core.reviews.batch import Review
from microcrm_core.reviews.policies import review_policies_to_plain
from microcrm_core.storage import Change, Record, RecordStore
from microcrm_core.tiers import Tier

__all__ = ["KeptReview", "PreparedReview", "TierMove", "keep_review", "prepare_review"]

_REVIEW: Final = "review"
_CUSTOMER: Final = "customer-review"
_SCHEMA_VERSION: Final = 1


@attrs.frozen
class TierMove:
    """A customer whose tier is another than in the review before.

    Attributes:
        customer_id: Who.
        before: The tier then.
        after: The tier now.

    Example:
        >>> from microcrm_core.reviews.service import TierMove
        >>> from microcrm_core.tiers import Tier
        >>> TierMove("c-1", Tier.ORDINARY, Tier.POTENTIAL).after.value
        'potential'
    """

    customer_id: CustomerId
    before: Tier
    after: Tier


@attrs.frozen(kw_only=True)
class KeptReview:
    """What keeping a review did, and how it compares with the one before.

    Attributes:
        previous_as_of: Day of the latest kept review of an earlier day; None: none.
        moves: Customers whose tier changed since, in the order of the review.
        tier_before: The tier then, by customer; customers who are new are not in it.
        gone_count: Customers of that review who are not in this one.
        changed_count: Records that were written or deleted; 0: the store knew all.

    Example:
        See `keep_review`.
    """

    previous_as_of: dt.date | None
    moves: tuple[TierMove, ...]
    tier_before: Mapping[CustomerId, Tier]
    gone_count: int
    changed_count: int

    def move_counts(self) -> dict[tuple[Tier, Tier], int]:
        """Return how many customers went from which tier to which.

        Example:
            See `keep_review`.
        """
        return dict(Counter((move.before, move.after) for move in self.moves))


def keep_review(
    review: Review,
    store: RecordStore,
    *,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> KeptReview:
    """Keep *review* in *store* in one write, and compare it with the one before.

    A review of the same day is replaced, record by record where they differ.

    Args:
        review: What to keep.
        store: Where.
        columns: `review.to_columns()`, if the caller has it already.

    Raises:
        ConflictError: Someone else kept a review of this day at the same time.
        StorageError: The store could not write; it is as it was before.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import REVIEW_BASIC
        >>> from microcrm_core.reviews.batch import review_portfolio
        >>> from microcrm_core.samples import sample_portfolio
        >>> from microcrm_core.reviews.service import keep_review
        >>> from microcrm_core.storage import MemoryRecordStore
        >>> portfolio = sample_portfolio(customers=20, seed=1)
        >>> store = MemoryRecordStore()
        >>> june = review_portfolio(portfolio, REVIEW_BASIC, dt.date(2025, 6, 30))
        >>> keep_review(june, store).changed_count
        21
        >>> keep_review(june, store).changed_count
        0
    """
    prepared = prepare_review(review, store, columns=columns)
    prepared.write(store)
    return prepared.kept


@attrs.frozen(eq=False)
class PreparedReview:
    """A review that is compared with the one before, and not yet written.

    Attributes:
        kept: How it compares.
        changes: What is to be written.

    Example:
        See `prepare_review`.
    """

    kept: KeptReview
    changes: tuple[Change, ...] = attrs.field(repr=False)

    def write(self, store: RecordStore) -> None:
        """Write all changes at once.

        Raises:
            ConflictError: Someone else kept a review of this day since.
            StorageError: The store could not write; it is as it was before.
        """
        if self.changes:
            store.put_many(self.changes)


def prepare_review(
    review: Review,
    store: RecordStore,
    *,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> PreparedReview:
    """Return what keeping *review* would write, and compare it with the one before.

    For those who have more to finish before the store may change.

    Args:
        review: What to keep.
        store: Where; it is only read.
        columns: `review.to_columns()`, if the caller has it already.

    Raises:
        StorageError: The store could not be read, or holds a review that this
            version does not understand.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import REVIEW_BASIC
        >>> from microcrm_core.reviews.batch import review_portfolio
        >>> from microcrm_core.reviews.service import prepare_review
        >>> from microcrm_core.samples import sample_portfolio
        >>> from microcrm_core.storage import MemoryRecordStore
        >>> portfolio = sample_portfolio(customers=20, seed=1)
        >>> june = review_portfolio(portfolio, REVIEW_BASIC, dt.date(2025, 6, 30))
        >>> prepare_review(june, MemoryRecordStore()).kept.changed_count
        21
    """
    if columns is None:
        columns = review.to_columns()
    changes = _changes(store, dict(_records(review, columns)), review.as_of)
    previous = _previous_day(store, review.as_of)
    before = {} if previous is None else dict(_kept_tiers(store, previous))
    tiers = dict(zip(columns["customer_id"], columns["tier"], strict=True))
    moves = tuple(
        TierMove(CustomerId(customer_id), before[customer_id], Tier(tier))
        for customer_id, tier in tiers.items()
        if customer_id in before and before[customer_id] != tier
    )
    kept = KeptReview(
        previous_as_of=previous,
        moves=moves,
        tier_before=before,
        gone_count=sum(customer_id not in tiers for customer_id in before),
        changed_count=len(changes),
    )
    return PreparedReview(kept, tuple(changes))


def _customer_key(as_of: dt.date, customer_id: str) -> str:
    return f"{_CUSTOMER}/{as_of}/{customer_id}"


def _records(
    review: Review, columns: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[str, Record]]:
    whole = {
        "as_of": review.as_of,
        "customer_count": len(review),
        "policies": review_policies_to_plain(review.policies),
        "policy_digests": {
            name: ref.digest for name, ref in review.policies.refs.items()
        },
        "tier_counts": {
            tier.value: count for tier, count in review.tier_counts().items()
        },
    }
    yield f"{_REVIEW}/{review.as_of}", _record(_REVIEW, canonical_json(whole))
    for customer_id, body in zip(columns["customer_id"], _bodies(columns), strict=True):
        yield _customer_key(review.as_of, customer_id), _record(_CUSTOMER, body)


def _record(kind: str, body: str) -> Record:
    return Record(type=kind, schema_version=_SCHEMA_VERSION, body=body)


def _bodies(columns: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """The canonical JSON of every row: texts, whole numbers and null only."""
    names = sorted(columns)
    parts = [_json_texts(columns[name]) for name in names]
    # One pattern for all rows is several times faster than one encoder call a row.
    pattern = ",".join(f"{json.dumps(name)}:%s" for name in names)
    for row in zip(*parts, strict=True):
        yield "{" + pattern % row + "}"


def _json_texts(values: Sequence[Any]) -> list[str]:
    known: dict[Any, str] = {}
    texts: list[str] = []
    for value in values:
        text = known.get(value)
        if text is None:
            text = known[value] = canonical_json(value)
        texts.append(text)
    return texts


def _changes(
    store: RecordStore, records: Mapping[str, Record], as_of: dt.date
) -> list[Change]:
    kept = {
        stored.key: stored
        for prefix in (f"{_REVIEW}/{as_of}", f"{_CUSTOMER}/{as_of}/")
        for stored in store.scan(prefix)
    }
    changes: list[Change] = []
    for key, record in records.items():
        stored = kept.pop(key, None)
        if stored is None or stored.record != record:
            version = 0 if stored is None else stored.version
            changes.append(Change(key=key, record=record, expected_version=version))
    changes += [
        Change(key=key, record=None, expected_version=stored.version)
        for key, stored in kept.items()
    ]
    return changes


def _previous_day(store: RecordStore, as_of: dt.date) -> dt.date | None:
    days: list[dt.date] = []
    for stored in store.scan(f"{_REVIEW}/"):
        try:
            days.append(dt.date.fromisoformat(stored.key.removeprefix(f"{_REVIEW}/")))
        except ValueError:
            raise _not_understood(stored.key) from None
    return max((day for day in days if day < as_of), default=None)


def _kept_tiers(
    store: RecordStore, as_of: dt.date
) -> Iterator[tuple[CustomerId, Tier]]:
    prefix = _customer_key(as_of, "")
    for stored in store.scan(prefix):
        record = stored.record
        if (record.type, record.schema_version) != (_CUSTOMER, _SCHEMA_VERSION):
            raise _not_understood(stored.key)
        try:
            tier = Tier(json.loads(record.body)["tier"])
        except (ValueError, KeyError, TypeError):
            raise _not_understood(stored.key) from None
        yield CustomerId(stored.key.removeprefix(prefix)), tier


def _not_understood(key: str) -> StorageError:
    rule = f"must hold reviews of schema version {_SCHEMA_VERSION} under such a key"
    hint = "read it with the version of this library that wrote it"
    return StorageError(key, StorageProblem.NEWER, rule=rule, hint=hint)
