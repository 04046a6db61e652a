"""A loan as a lender keeps it: the agreement, the log, and the rules of replay.

`LoanAccount` binds together what every question about a loan needs, so that a quote, a
state and the path of arrears are sure to speak of the same loan. It is a value: new
events make another account. Its `digest` tells whether two accounts say the same, in
whatever order their events arrived.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
    >>> from microcrm_core.ledger import LoanAccount
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> lent = LedgerEvent.of(
    ...     Disbursed(amount=terms.principal),
    ...     loan_id=LoanId("loan-7"),
    ...     value_on=terms.disbursed_on,
    ...     recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
    ...     idempotency_key="lent",
    ... )
    >>> account = LoanAccount(
    ...     loan_id=LoanId("loan-7"),
    ...     terms=terms,
    ...     events=[lent],
    ...     conventions=STRICT,
    ...     policy=PLAIN_LEDGER,
    ... )
    >>> str(account.state(dt.date(2025, 2, 20)).overdue.total)
    'EUR 346.57'
    >>> account.arrears(dt.date(2025, 2, 28)).days_past_due(dt.date(2025, 2, 20))
    5
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import cast

import attrs

from microcrm_core.checks import kind_field, name_text_field
from microcrm_core.decisions import canonical_json
from microcrm_core.errors import InvalidValueError, LedgerError
from microcrm_core.ids import LoanId
from microcrm_core.ledger.arrears_history import ArrearsPath
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_events_plain import ledger_event_to_json
from microcrm_core.ledger.ledger_policies import LedgerPolicy
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.replayed_arrears import replay_arrears
from microcrm_core.ledger.replaying import replay
from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.conventions_plain import conventions_to_plain
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.loans.terms_plain import terms_to_plain

__all__ = ["LoanAccount"]


def _events(value: object) -> tuple[LedgerEvent, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        rule, hint = "must be LedgerEvents", "use a list of LedgerEvent.of(...)"
        raise InvalidValueError("events", rule, value, hint=hint)
    events = tuple(cast("Iterable[object]", value))
    for place, event in enumerate(events):
        if not isinstance(event, LedgerEvent):
            hint = "use LedgerEvent.of(...)"
            field = f"events[{place}]"
            raise InvalidValueError(field, "must be LedgerEvent", event, hint=hint)
    return cast("tuple[LedgerEvent, ...]", events)


@attrs.frozen(kw_only=True)
class LoanAccount:
    """A loan as it is kept: what was agreed, what happened, and by which rules.

    Attributes:
        loan_id: The loan.
        terms: What was agreed, before any event.
        events: The whole log, in any order; all of this loan.
        conventions: How amounts are made.
        policy: How the loan is kept.

    Raises:
        LedgerError: An event is of another loan.
        InvalidValueError: A field is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, LoanAccount
        >>> account = LoanAccount(
        ...     loan_id=LoanId("loan-7"),
        ...     terms=LoanTerms(
        ...         principal=Money.of("1000.00", Currency.of("EUR")),
        ...         nominal_rate=Rate.per_year("0.24"),
        ...         installment_count=3,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 1, 15),
        ...         first_due_on=dt.date(2025, 2, 15),
        ...     ),
        ...     events=(),
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ... )
        >>> account.state(dt.date(2025, 1, 1)).status.value
        'approved'
    """

    loan_id: LoanId = attrs.field(validator=name_text_field)
    terms: LoanTerms = attrs.field(validator=kind_field(LoanTerms))
    events: tuple[LedgerEvent, ...] = attrs.field(converter=_events)
    conventions: ScheduleConventions = attrs.field(
        validator=kind_field(ScheduleConventions)
    )
    policy: LedgerPolicy = attrs.field(validator=kind_field(LedgerPolicy))

    def __attrs_post_init__(self) -> None:
        """Refuse events of another loan."""
        for event in self.events:
            if event.loan_id != self.loan_id:
                rule = f"must be that of the account, {self.loan_id!r}"
                hint = "keep the events of each loan in an account of its own"
                raise LedgerError(event.id, "loan_id", rule, event.loan_id, hint=hint)

    def as_known(self, known_at: dt.datetime) -> LoanAccount:
        """Return the account with what was recorded up to a moment, inclusive."""
        events = [event for event in self.events if event.recorded_at <= known_at]
        return attrs.evolve(self, events=events)

    def state(
        self, as_of: dt.date, *, known_at: dt.datetime | None = None
    ) -> LoanState:
        """Return the state of the loan as of a day, as `replay` does.

        Args:
            as_of: Last day that counts, inclusive.
            known_at: Last moment of recording that counts, inclusive; None: all is
                known.

        Raises:
            LedgerError: The events that are known contradict each other.
            ScheduleError: The terms, with their changes, allow no schedule.
            InvalidValueError: An argument is of another kind.
        """
        return replay(
            self.terms,
            self.events,
            conventions=self.conventions,
            policy=self.policy,
            as_of=as_of,
            known_at=known_at,
        )

    def arrears(
        self, until_on: dt.date, *, known_at: dt.datetime | None = None
    ) -> ArrearsPath:
        """Return the arrears on every day up to one, as `replay_arrears` does.

        Args:
            until_on: The last day of the path.
            known_at: Last moment of recording that counts, inclusive; None: all is
                known.

        Raises:
            LedgerError: The events that are known contradict each other.
            ScheduleError: The terms, with their changes, allow no schedule.
            InvalidValueError: An argument is of another kind.
        """
        return replay_arrears(
            self.terms,
            self.events,
            conventions=self.conventions,
            policy=self.policy,
            until_on=until_on,
            known_at=known_at,
        )

    def with_events(self, events: Iterable[LedgerEvent]) -> LoanAccount:
        """Return the account with more events; one that it holds is not added again.

        Raises:
            LedgerError: An event is of another loan.
            InvalidValueError: One of *events* is no `LedgerEvent`.
        """
        known = set(self.events)
        added: list[LedgerEvent] = []
        for event in _events(events):
            if event not in known:
                known.add(event)
                added.append(event)
        return attrs.evolve(self, events=(*self.events, *added))

    @property
    def digest(self) -> str:
        """SHA-256 of terms, conventions, policy and events, as hexadecimal text.

        The order in which events arrived never changes it, nor does an event that is
        held twice.
        """
        # Two events may claim one id; which is at fault is for a replay to say.
        events = sorted(
            (*event.sort_key, ledger_event_to_json(event)) for event in set(self.events)
        )
        text = canonical_json(
            {
                "loan_id": self.loan_id,
                "terms": terms_to_plain(self.terms),
                "conventions": conventions_to_plain(self.conventions),
                "policy": self.policy.ref,
                "events": [text for *_, text in events],
            }
        )
        return hashlib.sha256(text.encode()).hexdigest()
