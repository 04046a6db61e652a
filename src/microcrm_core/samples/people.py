"""The customers of the sample: who they are, and how they really behave.

What a lender cannot see, the habit of paying and the margin of the business, is
drawn here once and drives both the loans and the account.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Floats, Int64s
from microcrm_core.customers.columns_batch import CustomerColumns
from microcrm_core.money import Currency

__all__ = ["BAD", "GOOD", "LATE", "SAMPLE_CURRENCY", "People", "draw_people"]

SAMPLE_CURRENCY: Final = Currency.of("CNY")
GOOD, LATE, BAD = 0, 1, 2
"""Paying habits: on time; often some days late; stops paying one day."""

INDUSTRIES: Final = (
    "clothing",
    "food",
    "online_shop",
    "repair",
    "salaried",
    "transport",
    "workshop",
)
REGIONS: Final = ("east", "north", "south", "west")
CHANNELS: Final = ("branch", "partner", "referral", "web")

_SALARIED: Final = INDUSTRIES.index("salaried")
# In the order of CustomerKind: small business, sole trader, wage earner.
_KIND_SHARES: Final = (0.30, 0.45, 0.25)
_HABIT_SHARES: Final = ((0.82, 0.13, 0.05), (0.76, 0.16, 0.08), (0.86, 0.10, 0.04))
_TURNOVER_MEDIAN_MINOR: Final = np.array([6_000_000, 1_800_000, 750_000])
_TURNOVER_SPREAD: Final = np.array([0.6, 0.6, 0.35])
_JOINED_DAYS_MAX: Final = 5 * 365


@attrs.frozen(kw_only=True, eq=False)
class People:
    """The customers, and what drives them; every array has one row a customer.

    Attributes:
        columns: What the lender knows of them.
        habit: `GOOD`, `LATE` or `BAD`.
        turnover_minor: Usual money in a month, minor units.
        margin: Share of the turnover that is left after costs.
        season_swing: How far turnover swings around its mean over the year.
        season_month: The month of the year in which it is highest, 0 to 11.
    """

    columns: CustomerColumns
    habit: Int64s
    turnover_minor: Int64s
    margin: Floats
    season_swing: Floats
    season_month: Int64s

    @property
    def count(self) -> int:
        """The number of customers."""
        return int(self.habit.size)


def draw_people(rng: np.random.Generator, count: int, as_of_day: int) -> People:
    """Return *count* customers who joined in the five years before the day.

    Args:
        rng: The only source of chance.
        count: Number of customers.
        as_of_day: Days since 1970-01-01.
    """
    kind = rng.choice(3, size=count, p=_KIND_SHARES)
    habit_limits = np.cumsum(np.array(_HABIT_SHARES), axis=1)[kind]
    habit = (rng.random(count)[:, None] >= habit_limits[:, :2]).sum(axis=1)
    industry = rng.integers(0, len(INDUSTRIES) - 1, size=count)
    industry = np.where(industry >= _SALARIED, industry + 1, industry)
    industry = np.where(kind == 2, _SALARIED, industry)
    scale = np.exp(rng.standard_normal(count) * _TURNOVER_SPREAD[kind])
    turnover = (_TURNOVER_MEDIAN_MINOR[kind] * scale).astype(np.int64)
    margin_low = np.array([0.14, 0.08, -0.03])[habit]
    swing = np.where(kind == 2, 0.0, rng.uniform(0.05, 0.35, size=count))
    online = industry == INDUSTRIES.index("online_shop")
    return People(
        columns=_columns(rng, kind, industry, as_of_day),
        habit=habit.astype(np.int64),
        turnover_minor=turnover,
        margin=margin_low + rng.uniform(0.0, 0.10, size=count),
        season_swing=np.where(online, swing + 0.2, swing),
        season_month=rng.integers(0, 12, size=count),
    )


def _columns(
    rng: np.random.Generator, kind: Int64s, industry: Int64s, as_of_day: int
) -> CustomerColumns:
    count = kind.size
    ids = numbered_ids(b"c", np.arange(1, count + 1))
    known_day = as_of_day - rng.integers(1, _JOINED_DAYS_MAX, size=count)
    channel = rng.integers(0, len(CHANNELS), size=count)
    # A referral names a customer who was there before.
    referrer = np.argsort(known_day, kind="stable")
    earlier = rng.integers(0, np.maximum(np.argsort(referrer, kind="stable"), 1))
    is_referred = (channel == CHANNELS.index("referral")) & (
        known_day[referrer[earlier]] < known_day
    )
    channel = np.where(
        (channel == CHANNELS.index("referral")) & ~is_referred, 0, channel
    )
    return CustomerColumns(
        ids=ids,
        kind_index=kind.astype(np.int64),
        currency_index=np.zeros(count, np.int64),
        currencies=(SAMPLE_CURRENCY,),
        industry_index=industry.astype(np.int64),
        industries=INDUSTRIES,
        region_index=rng.integers(0, len(REGIONS), size=count),
        regions=REGIONS,
        channel_index=channel.astype(np.int64),
        channels=CHANNELS,
        birthday_day=as_of_day - rng.integers(20 * 365, 65 * 365, size=count),
        referred_by=np.where(is_referred, ids[referrer[earlier]], b""),
        known_day=known_day.astype(np.int64),
    )


def numbered_ids(prefix: bytes, numbers: Int64s) -> np.ndarray[tuple[int], np.dtype]:
    """Return *prefix* and each number with leading zeros, all of one width."""
    digits = max(6, len(str(int(numbers.max(initial=0)))))
    text = np.empty((numbers.size, len(prefix) + digits), np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    rest = numbers.copy()
    for position in range(digits - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        text[:, len(prefix) + position] = digit + ord("0")
    return text.reshape(-1).view(f"S{text.shape[1]}")
