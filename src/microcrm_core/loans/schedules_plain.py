"""Schedules as plain JSON values, and back: strict, with the path to a fault.

What a service hands out and archives: terms, conventions, every row with ISO dates and
whole minor units of one currency, and control totals. Reading computes no schedule
anew, so one that was stored stays readable and keeps its cents, whatever a later
version would make of the same terms. It does check that the figures belong together:
each amount is part of a sum that is stored beside it, so none can change alone. The
shape as a JSON Schema is in `schemas`.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT, build_schedule
    >>> from microcrm_core.loans.schedules_plain import (
    ...     schedule_from_plain, schedule_to_plain
    ... )
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> schedule = build_schedule(terms, STRICT)
    >>> schedule_from_plain(schedule_to_plain(schedule)) == schedule
    True
"""

from __future__ import annotations

from itertools import accumulate
from typing import Final

import attrs

from microcrm_core.errors import PolicyError
from microcrm_core.loans.conventions_plain import (
    conventions_from_plain,
    conventions_to_plain,
)
from microcrm_core.loans.plain_values import (
    currency_from_plain,
    currency_to_plain,
    plain_flag,
    plain_items,
    plain_whole,
)
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.loans.schedule import Schedule
from microcrm_core.loans.terms_plain import terms_from_plain, terms_to_plain
from microcrm_core.rules.plain import Plain, faults_below, plain_day, plain_mapping

__all__ = ["SCHEDULE_FORM_VERSION", "schedule_from_plain", "schedule_to_plain"]

SCHEDULE_FORM_VERSION: Final = 1
"""Version of the form: it changes when a reader of the form must change."""

_PARTS: Final = (
    "version", "currency", "terms", "conventions", "installments", "totals"
)  # fmt: skip
_ROW_PARTS: Final = (
    "number", "due_on", "unadjusted_on", "is_down_payment", "principal_minor",
    "interest_minor", "fees_minor", "total_minor", "capitalized_minor",
    "outstanding_minor",
)  # fmt: skip
_TOTALS: Final = (
    "principal_minor", "interest_minor", "fees_minor", "total_minor",
    "capitalized_minor", "upfront_fees_minor", "financed_fees_minor",
)  # fmt: skip


def schedule_to_plain(schedule: Schedule) -> Plain:
    """Return *schedule* as a JSON object with every row and the totals.

    Fees that are paid upfront are in no row, only in the totals.

    Units:
        Names that end in `_minor` hold whole minor units of `currency`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.loans import STRICT, build_schedule
        >>> from microcrm_core.loans.schedules_plain import schedule_to_plain
        >>> terms = LoanTerms(
        ...     principal=Money.of("10.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> plain = schedule_to_plain(build_schedule(terms, STRICT))
        >>> plain["version"], plain["currency"], plain["totals"]["total_minor"]
        (1, 'EUR', 1000)
        >>> [row["total_minor"] for row in plain["installments"]]
        [334, 334, 332]
    """
    columns = zip(
        range(1, len(schedule) + 1),
        (on.isoformat() for on in schedule.due_on),
        (on.isoformat() for on in schedule.unadjusted_on),
        schedule.is_down_payment,
        schedule.principal_minor,
        schedule.interest_minor,
        schedule.fees_minor,
        schedule.total_minor,
        schedule.capitalized_minor,
        schedule.outstanding_minor,
        strict=True,
    )
    return {
        "version": SCHEDULE_FORM_VERSION,
        "currency": currency_to_plain(schedule.terms.principal.currency),
        "terms": terms_to_plain(schedule.terms),
        "conventions": conventions_to_plain(schedule.conventions),
        "installments": [dict(zip(_ROW_PARTS, row, strict=True)) for row in columns],
        "totals": _totals(schedule),
    }


def schedule_from_plain(plain: object, *, path: str = "schedule") -> Schedule:
    """Return the schedule that a JSON object stands for, as it was stored.

    Amounts are not computed anew; to learn whether the terms still give the same,
    compare with `build_schedule(schedule.terms, schedule.conventions)`.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape or version, its amounts or dates contradict
            each other, or no valid schedule comes of it; the error's `field` is the
            path to the fault.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.loans import STRICT, build_schedule
        >>> from microcrm_core.loans.schedules_plain import (
        ...     schedule_from_plain, schedule_to_plain
        ... )
        >>> terms = LoanTerms(
        ...     principal=Money.of("10.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> plain = schedule_to_plain(build_schedule(terms, STRICT))
        >>> plain["installments"][0]["outstanding_minor"] = 600
        >>> schedule_from_plain(plain)
        Traceback (most recent call last):
        ...
        microcrm_core.errors.PolicyError:
            schedule.installments[0].outstanding_minor must be 666,
            what is left after the row, got 600
    """
    parts = plain_mapping(plain, path, needed=_PARTS)
    version = plain_whole(parts["version"], f"{path}.version")
    if version != SCHEDULE_FORM_VERSION:
        rule = f"must be {SCHEDULE_FORM_VERSION}"
        raise PolicyError(f"{path}.version", rule, version)
    terms = terms_from_plain(parts["terms"], path=f"{path}.terms")
    currency = currency_from_plain(parts["currency"], f"{path}.currency")
    if currency != terms.principal.currency:
        rule = f"must be that of the principal, {terms.principal.currency.code}"
        raise PolicyError(f"{path}.currency", rule, currency.code)
    where = f"{path}.installments"
    items = plain_items(parts["installments"], where, at_least=1)
    rows = [
        _Row.from_plain(item, f"{where}[{i}]", number=i + 1)
        for i, item in enumerate(items)
    ]
    with faults_below(path):
        schedule = Schedule(
            terms=terms,
            conventions=conventions_from_plain(
                parts["conventions"], path=f"{path}.conventions"
            ),
            due_day=tuple(row.due_day for row in rows),
            unadjusted_day=tuple(row.unadjusted_day for row in rows),
            principal_minor=tuple(row.principal_minor for row in rows),
            interest_minor=tuple(row.interest_minor for row in rows),
            fees_minor=tuple(row.fees_minor for row in rows),
            capitalized_minor=tuple(row.capitalized_minor for row in rows),
            outstanding_minor=tuple(row.outstanding_minor for row in rows),
            is_down_payment=tuple(row.is_down_payment for row in rows),
        )
        totals = _totals(schedule)
    _require_days(schedule, where)
    _require_outstanding(schedule, where)
    _require_totals(parts["totals"], totals, f"{path}.totals")
    return schedule


def _totals(schedule: Schedule) -> dict[str, int]:
    sums = (
        sum(schedule.principal_minor),
        sum(schedule.interest_minor),
        schedule.total_fees.minor,
        schedule.total.minor,
        sum(schedule.capitalized_minor),
        schedule.upfront_fees.minor,
        schedule.financed_fees.minor,
    )
    return dict(zip(_TOTALS, sums, strict=True))


@attrs.frozen(kw_only=True)
class _Row:
    """The row of a schedule, its own figures in agreement."""

    due_day: int
    unadjusted_day: int
    is_down_payment: bool
    principal_minor: int
    interest_minor: int
    fees_minor: int
    capitalized_minor: int
    outstanding_minor: int

    @classmethod
    def from_plain(cls, plain: object, path: str, *, number: int) -> _Row:
        parts = plain_mapping(plain, path, needed=_ROW_PARTS)
        if plain_whole(parts["number"], f"{path}.number") != number:
            rule = f"must be its position from 1, {number}"
            raise PolicyError(f"{path}.number", rule, parts["number"])
        row = cls(
            due_day=_day(parts["due_on"], f"{path}.due_on"),
            unadjusted_day=_day(parts["unadjusted_on"], f"{path}.unadjusted_on"),
            is_down_payment=plain_flag(
                parts["is_down_payment"], f"{path}.is_down_payment"
            ),
            principal_minor=_minor(parts["principal_minor"], f"{path}.principal_minor"),
            interest_minor=_minor(parts["interest_minor"], f"{path}.interest_minor"),
            fees_minor=_minor(parts["fees_minor"], f"{path}.fees_minor"),
            capitalized_minor=_minor(
                parts["capitalized_minor"], f"{path}.capitalized_minor"
            ),
            outstanding_minor=_minor(
                parts["outstanding_minor"], f"{path}.outstanding_minor"
            ),
        )
        total_minor = _minor(parts["total_minor"], f"{path}.total_minor")
        due_minor = row.principal_minor + row.interest_minor + row.fees_minor
        if total_minor != due_minor:
            rule = f"must be {due_minor}, principal, interest and fees together"
            raise PolicyError(f"{path}.total_minor", rule, total_minor)
        return row


def _minor(value: object, path: str) -> int:
    return plain_whole(value, path, at_least=0)


def _day(value: object, path: str) -> int:
    return plain_day(value, path).toordinal() - EPOCH_ORDINAL


def _require_days(schedule: Schedule, path: str) -> None:
    before_on = schedule.terms.disbursed_on
    for row, on in enumerate(schedule.due_on):
        if on < before_on:
            rule = f"must not be before {before_on}"
            raise PolicyError(f"{path}[{row}].due_on", rule, on.isoformat())
        before_on = on


def _require_outstanding(schedule: Schedule, path: str) -> None:
    """Refuse a row after which something else is left than its figures say."""
    repaid = accumulate(schedule.principal_minor)
    added = accumulate(schedule.capitalized_minor)
    financed_minor = schedule.financed_fees.minor
    for row, (repaid_minor, added_minor) in enumerate(zip(repaid, added, strict=True)):
        owed_minor = financed_minor + added_minor - repaid_minor
        left = [owed_minor + paid_minor for paid_minor in _paid_out(schedule, row)]
        given_minor = schedule.outstanding_minor[row]
        if given_minor not in left:
            known = " or ".join(map(str, left))
            rule = f"must be {known}, what is left after the row"
            raise PolicyError(f"{path}[{row}].outstanding_minor", rule, given_minor)


def _paid_out(schedule: Schedule, row: int) -> list[int]:
    """Return what may have been paid out when a row was due.

    The first disbursement always was. Of tranches on the day itself the conventions
    say whether they come before the row; where the day was moved, between its two days.
    """
    days = (schedule.due_on[row], schedule.unadjusted_on[row])
    first, *tranches = schedule.terms.disbursements
    minor = first[1].minor
    paid = [minor]
    for on, amount in tranches:
        minor += amount.minor
        if on < min(days):
            paid = [minor]
        elif on <= max(days):
            paid.append(minor)
    return paid


def _require_totals(plain: object, totals: dict[str, int], path: str) -> None:
    parts = plain_mapping(plain, path, needed=_TOTALS)
    for name, minor in totals.items():
        given = _minor(parts[name], f"{path}.{name}")
        if given != minor:
            raise PolicyError(f"{path}.{name}", f"must be {minor}, the sum", given)
