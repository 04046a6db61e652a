"""Caps and reference rates as plain JSON values, and back: strict, with the path.

A lender keeps the caps of its country in a file and changes them when the law does; the
program stays as it is.

Example:
    >>> from microcrm_core.loans.cap_presets import UK_DEFAULT_FEES
    >>> from microcrm_core.loans.caps_plain import (
    ...     rate_cap_from_plain, rate_cap_to_plain
    ... )
    >>> plain = rate_cap_to_plain(UK_DEFAULT_FEES)
    >>> plain["limit"]
    {'amount': {'currency': 'GBP', 'minor': 1500}}
    >>> rate_cap_from_plain(plain) == UK_DEFAULT_FEES
    True
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from microcrm_core.errors import PolicyError
from microcrm_core.loans.caps import (
    AmountLimit,
    CapLimit,
    CapMeasure,
    CostMeasure,
    DatedRate,
    RateCap,
    ReferenceLimit,
    ReferenceRate,
    ShareLimit,
    SourceStatus,
)
from microcrm_core.loans.plain_values import (
    money_from_plain,
    plain_fraction,
    plain_items,
    plain_rate,
    rate_text,
)
from microcrm_core.loans.rate_measures import RateMeasure
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_choice,
    plain_day,
    plain_mapping,
    plain_text,
)

__all__ = [
    "rate_cap_from_plain",
    "rate_cap_to_plain",
    "reference_rate_from_plain",
    "reference_rate_to_plain",
]

_NEEDED: Final = (
    "id", "version", "jurisdiction", "measure", "limit", "source", "status",
)  # fmt: skip
_OPTIONAL: Final = (
    "lender_types", "loan_types", "effective_from", "effective_until", "reading",
)  # fmt: skip
_MEASURES: Final[dict[str, CapMeasure]] = {
    **{measure.value: measure for measure in RateMeasure},
    **{measure.value: measure for measure in CostMeasure},
}


def rate_cap_to_plain(cap: RateCap) -> Plain:
    """Return *cap* as a JSON object with every part.

    Example:
        >>> from microcrm_core.loans.cap_presets import CN_PRIVATE_LENDING
        >>> from microcrm_core.loans.caps_plain import rate_cap_to_plain
        >>> rate_cap_to_plain(CN_PRIVATE_LENDING)["limit"]
        {'series_id': 'cn-lpr-1y', 'multiple': '4'}
    """
    return cap.to_plain()


def rate_cap_from_plain(plain: object, *, path: str = "cap") -> RateCap:
    """Return the cap that a JSON object stands for.

    Parts that have a default in `RateCap` may be left out.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, or no valid cap comes of it; the error's
            `field` is the path to the fault.

    Example:
        >>> from microcrm_core.loans.caps_plain import rate_cap_from_plain
        >>> rate_cap_from_plain(
        ...     {
        ...         "id": "house-limit",
        ...         "version": "1",
        ...         "jurisdiction": "CZ",
        ...         "measure": "eu_aprc",
        ...         "limit": {"share": "0.30"},
        ...         "source": "decision of the board, January 2025",
        ...         "status": "house",
        ...     }
        ... ).loan_types
        ()
    """
    parts = plain_mapping(plain, path, needed=_NEEDED, optional=_OPTIONAL)
    reading = parts.get("reading")
    lender_types = _texts(parts.get("lender_types", ()), f"{path}.lender_types")
    loan_types = _texts(parts.get("loan_types", ()), f"{path}.loan_types")
    with faults_below(path):
        return RateCap(
            id=plain_text(parts["id"], f"{path}.id"),
            version=plain_text(parts["version"], f"{path}.version"),
            jurisdiction=plain_text(parts["jurisdiction"], f"{path}.jurisdiction"),
            lender_types=lender_types,
            loan_types=loan_types,
            measure=_measure(parts["measure"], f"{path}.measure"),
            limit=_limit(parts["limit"], f"{path}.limit"),
            effective_from=_day_or_none(
                parts.get("effective_from"), f"{path}.effective_from"
            ),
            effective_until=_day_or_none(
                parts.get("effective_until"), f"{path}.effective_until"
            ),
            source=plain_text(parts["source"], f"{path}.source"),
            status=plain_choice(SourceStatus, parts["status"], f"{path}.status"),
            reading=None if reading is None else plain_text(reading, f"{path}.reading"),
        )


def reference_rate_to_plain(series: ReferenceRate) -> Plain:
    """Return *series* as a JSON object with every value.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Rate
        >>> from microcrm_core.loans.caps import DatedRate, ReferenceRate
        >>> from microcrm_core.loans.caps_plain import reference_rate_to_plain
        >>> lpr = ReferenceRate(
        ...     id="cn-lpr-1y",
        ...     values=(DatedRate(dt.date(2025, 5, 20), Rate.of_percent(3)),),
        ...     known_until_on=dt.date(2025, 10, 19),
        ... )
        >>> reference_rate_to_plain(lpr)["values"]
        [{'from_on': '2025-05-20', 'rate': '0.03'}]
    """
    return {
        "id": series.id,
        "values": [
            {"from_on": value.from_on.isoformat(), "rate": rate_text(value.rate)}
            for value in series.values
        ],
        "known_until_on": series.known_until_on.isoformat(),
    }


def reference_rate_from_plain(
    plain: object, *, path: str = "reference_rate"
) -> ReferenceRate:
    """Return the reference rate that a JSON object stands for; every key must be there.

    Raises:
        PolicyError: It has another shape, or no valid series comes of it; the error's
            `field` is the path to the fault.

    Example:
        >>> from microcrm_core.loans.caps_plain import reference_rate_from_plain
        >>> reference_rate_from_plain(
        ...     {
        ...         "id": "cn-lpr-1y",
        ...         "values": [{"from_on": "2025-05-20", "rate": "0.03"}],
        ...         "known_until_on": "2025-10-19",
        ...     }
        ... ).values[0].rate.annual_ppm
        30000
    """
    parts = plain_mapping(plain, path, needed=("id", "values", "known_until_on"))
    items = plain_items(parts["values"], f"{path}.values")
    with faults_below(path):
        return ReferenceRate(
            id=plain_text(parts["id"], f"{path}.id"),
            values=tuple(
                _dated_rate(item, f"{path}.values[{i}]") for i, item in enumerate(items)
            ),
            known_until_on=plain_day(parts["known_until_on"], f"{path}.known_until_on"),
        )


def _dated_rate(plain: object, path: str) -> DatedRate:
    parts = plain_mapping(plain, path, needed=("from_on", "rate"))
    return DatedRate(
        plain_day(parts["from_on"], f"{path}.from_on"),
        plain_rate(parts["rate"], f"{path}.rate"),
    )


def _measure(value: object, path: str) -> CapMeasure:
    found = _MEASURES.get(value) if isinstance(value, str) else None
    if found is None:
        raise PolicyError(path, f"must be one of {', '.join(_MEASURES)}", value)
    return found


def _limit(plain: object, path: str) -> CapLimit:
    keys = ("share", "amount", "series_id", "multiple")
    parts = plain_mapping(plain, path, needed=(), optional=keys)
    if sorted(parts) not in (["share"], ["amount"], ["multiple", "series_id"]):
        rule = "must be {share}, {amount} or {series_id, multiple}"
        raise PolicyError(path, rule, sorted(parts))
    with faults_below(path):
        if "share" in parts:
            return ShareLimit(plain_fraction(parts["share"], f"{path}.share"))
        if "amount" in parts:
            return AmountLimit(money_from_plain(parts["amount"], f"{path}.amount"))
        return ReferenceLimit(
            series_id=plain_text(parts["series_id"], f"{path}.series_id"),
            multiple=plain_fraction(parts["multiple"], f"{path}.multiple"),
        )


def _texts(plain: object, path: str) -> tuple[str, ...]:
    items = plain_items(plain, path)
    return tuple(plain_text(item, f"{path}[{i}]") for i, item in enumerate(items))


def _day_or_none(value: object, path: str) -> dt.date | None:
    return None if value is None else plain_day(value, path)
