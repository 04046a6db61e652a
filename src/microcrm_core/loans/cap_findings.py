"""What came of holding a credit against caps: findings, and the table of them.

A finding on one cap has the limit, the value, what is left, and the charge with which
the limit is passed. `CapCheck` holds one for every cap, each as a decision with its
reasons, and shows as a table. `cap_checks` makes them.

Example:
    >>> from microcrm_core.loans.cap_findings import CapOutcome
    >>> [outcome.value for outcome in CapOutcome]
    ['kept', 'broken', 'not_judged', 'not_applying']
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeAlias

import attrs

from microcrm_core.decisions import Decision, Language
from microcrm_core.html import html_table
from microcrm_core.loans.caps import RateCap
from microcrm_core.loans.plain_values import fraction_text
from microcrm_core.loans.rate_solving import SolvedRate
from microcrm_core.loans.table_texts import text_table
from microcrm_core.money import Money
from microcrm_core.rounding import Rounding, round_fraction

__all__ = [
    "CapCheck",
    "CapFinding",
    "CapOutcome",
    "CapSize",
    "headroom_text",
    "limit_text",
    "value_text",
]

CapSize: TypeAlias = Fraction | Money
"""A share, exact, or an amount of money."""

_HEADINGS: Final = (
    "cap", "outcome", "value", "limit", "headroom", "breaks with", "status", "why",
)  # fmt: skip
_PERCENT_DECIMALS: Final = (4, 8, 16, 32)


class CapOutcome(StrEnum):
    """What came of holding a credit against a cap.

    Attributes:
        KEPT: The credit costs no more than the limit.
        BROKEN: It costs more.
        NOT_JUDGED: It cannot be told, because something is not known.
        NOT_APPLYING: The cap is for another day, place, lender or kind of loan.

    Example:
        >>> from microcrm_core.loans.cap_findings import CapOutcome
        >>> CapOutcome("not_judged").name
        'NOT_JUDGED'
    """

    KEPT = "kept"
    BROKEN = "broken"
    NOT_JUDGED = "not_judged"
    NOT_APPLYING = "not_applying"


@attrs.frozen(kw_only=True)
class CapFinding:
    """One cap, and where a credit stands against it.

    Attributes:
        cap: The cap.
        outcome: Whether it is kept.
        limit: What is allowed; None: the cap does not apply, or the reference rate is
            not known.
        value: What the credit comes to. Exact for shares and amounts; a yearly rate is
            right within the tolerance of its solver. None: not judged.
        headroom: The limit less the value. Its sign is always exact: zero at the limit,
            below zero where the cap is broken. None: not judged.
        breaking_charge: The charge with which the limit is passed; None: it is not.
        solved: The rate with its working; None: the measure is no rate.

    Example:
        >>> from microcrm_core.loans.cap_presets import UK_DEFAULT_FEES
        >>> from microcrm_core.loans.cap_findings import CapFinding, CapOutcome
        >>> found = CapFinding(cap=UK_DEFAULT_FEES, outcome=CapOutcome.NOT_APPLYING)
        >>> found.headroom is None
        True
    """

    cap: RateCap
    outcome: CapOutcome
    limit: CapSize | None = None
    value: CapSize | None = None
    headroom: CapSize | None = None
    breaking_charge: str | None = None
    solved: SolvedRate | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class CapCheck:
    """A credit held against every cap, in the order in which they were given.

    Where no cap applies, nothing was judged: that is no error, and no pass either. A
    text that no cap has, such as `UK` for `GB`, has the same look as a country
    without caps; only the caller can tell them apart.

    Attributes:
        decisions: One for each cap; the outcome is the finding.
        as_of: The day of the contract.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.cap_checks import check_caps
        >>> from microcrm_core.loans.cap_presets import CAP_PRESETS
        >>> from microcrm_core.loans.credit_facts import CreditFacts
        >>> credit = CreditFacts(jurisdiction="UK")
        >>> check = check_caps(credit, CAP_PRESETS, as_of=dt.date(2025, 11, 1))
        >>> check.outcome.value, check.has_applicable, check.is_kept
        ('not_applying', False, False)
        >>> check.summary
        'as of 2025-11-01: not_applying; none of 10 caps applies, nothing was judged'
    """

    decisions: tuple[Decision[CapFinding], ...]
    as_of: dt.date

    @property
    def findings(self) -> tuple[CapFinding, ...]:
        """The finding on each cap."""
        return tuple(decision.outcome for decision in self.decisions)

    @property
    def outcome(self) -> CapOutcome:
        """What came of all caps together.

        Broken where some cap is; else not judged where some cap is not; else kept
        where some cap applies. Not applying: there is no cap that does.
        """
        found = {one.outcome for one in self.findings}
        for outcome in (CapOutcome.BROKEN, CapOutcome.NOT_JUDGED, CapOutcome.KEPT):
            if outcome in found:
                return outcome
        return CapOutcome.NOT_APPLYING

    @property
    def is_kept(self) -> bool:
        """Whether some cap applies, all that do were judged, and none is broken."""
        return self.outcome is CapOutcome.KEPT

    @property
    def has_applicable(self) -> bool:
        """Whether some cap applies, or may apply and cannot be judged."""
        return self.outcome is not CapOutcome.NOT_APPLYING

    @property
    def summary(self) -> str:
        """The outcome of all caps together, and how many of them apply."""
        given = len(self.decisions)
        applying = given - len(self._of(CapOutcome.NOT_APPLYING))
        told = f"{applying} of {given} caps apply or may apply"
        if not applying:
            told = f"none of {given} caps applies, nothing was judged"
        return f"as of {self.as_of}: {self.outcome}; {told}"

    @property
    def broken(self) -> tuple[CapFinding, ...]:
        """The caps that the credit breaks."""
        return self._of(CapOutcome.BROKEN)

    @property
    def not_judged(self) -> tuple[CapFinding, ...]:
        """The caps of which it cannot be told."""
        return self._of(CapOutcome.NOT_JUDGED)

    def to_columns(
        self, language: Language | str = Language.EN
    ) -> dict[str, list[object]]:
        """Return the findings by name, one value a cap, for a data frame or a file.

        The names are cap, outcome, value, limit, headroom, breaking_charge, status and
        why. Sizes are text: a share in percent, its headroom in points; why holds the
        reasons as sentences in *language*.
        """
        found = self.findings
        return {
            "cap": [one.cap.id for one in found],
            "outcome": [one.outcome.value for one in found],
            "value": [value_text(one) for one in found],
            "limit": [limit_text(one) for one in found],
            "headroom": [headroom_text(one) for one in found],
            "breaking_charge": [one.breaking_charge for one in found],
            "status": [one.cap.status.value for one in found],
            "why": ["; ".join(one.explain(language)) for one in self.decisions],
        }

    def __str__(self) -> str:
        """Return the findings as a plain-text table, with the summary below it."""
        return f"{text_table(_HEADINGS, self._shown)}\n{self.summary}"

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        return html_table(_HEADINGS, self._shown, caption=self.summary)

    @property
    def _shown(self) -> list[tuple[str, ...]]:
        rows = zip(*self.to_columns().values(), strict=True)
        return [
            tuple("" if value is None else str(value) for value in row) for row in rows
        ]

    def _of(self, outcome: CapOutcome) -> tuple[CapFinding, ...]:
        return tuple(one for one in self.findings if one.outcome is outcome)


def limit_text(finding: CapFinding) -> str | None:
    """Return the limit as text; a share is a percentage. None: it is not known.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.loans.cap_findings import CapFinding, CapOutcome
        >>> from microcrm_core.loans.cap_findings import limit_text
        >>> from microcrm_core.loans.cap_presets import UK_DAILY_CHARGES
        >>> limit_text(
        ...     CapFinding(
        ...         cap=UK_DAILY_CHARGES,
        ...         outcome=CapOutcome.NOT_JUDGED,
        ...         limit=Fraction("0.008"),
        ...     )
        ... )
        '0.8%'
    """
    limit = finding.limit
    if isinstance(limit, Fraction):
        return f"{fraction_text(limit * 100)}%"
    return None if limit is None else str(limit)


def value_text(finding: CapFinding) -> str | None:
    """Return the value as text, with so many decimals that it tells from the limit.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.loans.cap_findings import CapFinding, CapOutcome
        >>> from microcrm_core.loans.cap_findings import value_text
        >>> from microcrm_core.loans.cap_presets import CN_ASSISTED_LENDING
        >>> value_text(
        ...     CapFinding(
        ...         cap=CN_ASSISTED_LENDING,
        ...         outcome=CapOutcome.BROKEN,
        ...         limit=Fraction("0.24"),
        ...         value=Fraction("0.2400000001"),
        ...         headroom=Fraction("-0.0000000001"),
        ...     )
        ... )
        '24.00000001%'
    """
    value, headroom = finding.value, finding.headroom
    if isinstance(value, Fraction) and isinstance(headroom, Fraction):
        # With so many decimals that it does not look like the limit unless it is.
        for decimals in _PERCENT_DECIMALS:
            shown = round_fraction(value * 100 * 10**decimals, Rounding.HALF_EVEN)
            away = finding.limit != Fraction(shown, 100 * 10**decimals)
            if away or headroom == 0:
                return f"{fraction_text(Fraction(shown, 10**decimals))}%"
        return f"{fraction_text(value * 100)}%"
    return None if value is None else str(value)


def headroom_text(finding: CapFinding) -> str | None:
    """Return the headroom as text; that of a share is in percentage points.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.loans.cap_findings import CapFinding, CapOutcome
        >>> from microcrm_core.loans.cap_findings import headroom_text
        >>> from microcrm_core.loans.cap_presets import CN_ASSISTED_LENDING
        >>> headroom_text(
        ...     CapFinding(
        ...         cap=CN_ASSISTED_LENDING,
        ...         outcome=CapOutcome.KEPT,
        ...         headroom=Fraction("0.0125"),
        ...     )
        ... )
        '1.25 points'
    """
    headroom = finding.headroom
    if isinstance(headroom, Fraction):
        for decimals in _PERCENT_DECIMALS:
            shown = round_fraction(headroom * 100 * 10**decimals, Rounding.HALF_EVEN)
            if shown or headroom == 0:
                return f"{fraction_text(Fraction(shown, 10**decimals))} points"
        return f"{fraction_text(headroom * 100)} points"
    return None if headroom is None else str(headroom)
