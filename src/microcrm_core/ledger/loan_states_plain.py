"""Loan states as plain JSON values: what a service hands out and an archive keeps.

A state is worked out from terms and events, so it is written and never read back: to
have it again, replay the log. Money is whole minor units of one currency, days are ISO
text, and totals by bucket stand beside the rows, so that a reader can check them.

Example:
    >>> from microcrm_core.ledger.loan_states_plain import LOAN_STATE_FORM_VERSION
    >>> LOAN_STATE_FORM_VERSION
    1
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.postings import LoanPosting
from microcrm_core.ledger.state_rows import BucketAmounts, LoanStateRow
from microcrm_core.loans.conventions_plain import conventions_to_plain
from microcrm_core.loans.plain_values import currency_to_plain
from microcrm_core.loans.terms_plain import terms_to_plain
from microcrm_core.rules.plain import Plain

if TYPE_CHECKING:
    from microcrm_core.ledger.loan_states import LoanState

__all__ = ["LOAN_STATE_FORM_VERSION", "loan_state_to_plain"]

LOAN_STATE_FORM_VERSION: Final = 1
"""Version of the form: it changes when a reader of the form must change."""


def loan_state_to_plain(state: LoanState) -> Plain:
    """Return *state* as a JSON object with every row and every posting.

    Units:
        Names that end in `_minor` hold whole minor units of `currency`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ledger import PLAIN_LEDGER
        >>> from microcrm_core.ledger.loan_states_plain import loan_state_to_plain
        >>> from microcrm_core.ledger.replaying import replay
        >>> terms = LoanTerms(
        ...     principal=Money.of("10.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=2,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> plain = loan_state_to_plain(
        ...     replay(
        ...         terms,
        ...         [],
        ...         conventions=STRICT,
        ...         policy=PLAIN_LEDGER,
        ...         as_of=dt.date(2025, 1, 10),
        ...     )
        ... )
        >>> plain["status"], [row["due_on"] for row in plain["rows"]]
        ('approved', ['2025-02-15', '2025-03-15'])
    """
    next_due = state.next_due
    return {
        "version": LOAN_STATE_FORM_VERSION,
        "currency": currency_to_plain(state.terms.principal.currency),
        "terms": terms_to_plain(state.terms),
        "conventions": conventions_to_plain(state.conventions),
        "policy": {"id": state.policy_id, "version": state.policy_version},
        "as_of": state.as_of.isoformat(),
        "known_at": None if state.known_at is None else state.known_at.isoformat(),
        "status": state.status.value,
        "outstanding_minor": _amounts(state.outstanding),
        "due_minor": _amounts(state.due),
        "overdue_minor": _amounts(state.overdue),
        "payoff_minor": _amounts(state.payoff),
        "credit_minor": state.credit_minor,
        "recovered_minor": state.recovered_minor,
        "accrued_interest_minor": state.accrued_interest.minor,
        "days_past_due": state.days_past_due,
        "next_due": None
        if next_due is None
        else {
            "due_on": next_due.due_on.isoformat(),
            "amount_minor": next_due.amount.minor,
        },
        "disbursements": [
            {"value_on": on.isoformat(), "amount_minor": amount_minor}
            for on, amount_minor in state.disbursements
        ],
        "rows": [_row(row) for row in state.rows],
        "postings": [_posting(posting) for posting in state.postings],
    }


def _amounts(amounts: BucketAmounts) -> dict[str, int]:
    return {bucket.name.lower(): amounts.amount_in(bucket).minor for bucket in Bucket}


def _by_bucket(minor: Sequence[int]) -> dict[str, int]:
    return {bucket.name.lower(): minor[bucket] for bucket in Bucket}


def _row(row: LoanStateRow) -> Plain:
    return {
        "number": row.number,
        "kind": row.kind.value,
        "from_on": row.from_on.isoformat(),
        "due_on": row.due_on.isoformat(),
        "charged_minor": _by_bucket(row.charged),
        "paid_minor": _by_bucket(row.paid),
        "waived_minor": _by_bucket(row.waived),
        "outstanding_minor": row.open_minor,
        "paid_early_minor": row.paid_early_minor,
        "paid_late_minor": row.paid_late_minor,
        "credited_minor": row.credited_minor,
        "settled_on": None if row.settled_on is None else row.settled_on.isoformat(),
    }


def _posting(posting: LoanPosting) -> Plain:
    return {
        "event_id": posting.event_id,
        "type": posting.type,
        "value_on": posting.value_on.isoformat(),
        "amount_minor": posting.amount_minor,
        "parts_minor": _by_bucket(posting.parts_minor),
        "credit_minor": posting.credit_minor,
        "recovered_minor": posting.recovered_minor,
        "balance_minor": posting.balance_minor,
        "is_reversed": posting.is_reversed,
        "parts": [
            {
                "row_number": None if row is None else row + 1,
                "bucket": bucket.name.lower(),
                "amount_minor": amount_minor,
                "state": state.value,
            }
            for row, bucket, amount_minor, state in posting.parts
        ],
    }
