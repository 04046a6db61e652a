"""Interest on principal that is overdue, in the progressive model of Apache Fineract.

Principal that is not paid on its due date stays in the balance that bears interest
until it is paid. The model knows no payments to come, so overdue principal is put back
into the balance from its due date on and taken out at the day of the next event, which
rolls it forward from there.

Quirks that are kept on purpose, each with the words that the documentation uses:

- **Late interest falls in the running period**: the row in whose days it accrues asks
  for it, not the row that is late.
- **Nothing after maturity**: once the last row is overdue, nothing more accrues.
- **To the due date**: where one who pays early owes interest to the due date, overdue
  principal bears it up to there too.

Example:
    >>> from microcrm_core.ledger.late_principal import LatePrincipal
    >>> LatePrincipal().until_on is None
    True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import attrs

from microcrm_core.ledger.row_accounts import RowAccount
from microcrm_core.loans.fineract_events import CorrectBalance
from microcrm_core.loans.fineract_sessions import FineractSession

__all__ = ["LatePrincipal"]


@attrs.define(kw_only=True)
class LatePrincipal:
    """To which day overdue principal of one loan has borne interest.

    Attributes:
        until_on: The day; None: none was overdue yet.

    Example:
        See `microcrm_core.ledger.late_principal`.
    """

    until_on: dt.date | None = None

    def accrue(
        self,
        session: FineractSession,
        accounts: Sequence[RowAccount],
        owed_minor: Callable[[int], int],
        on: dt.date,
        *,
        is_to_due: bool,
    ) -> None:
        """Let overdue principal bear interest up to a day.

        Args:
            session: The model.
            accounts: The account of each of its rows.
            owed_minor: What is owed of the principal of a row, by its place.
            on: The day.
            is_to_due: Whether it bears interest to the due date that follows.

        Example:
            See `microcrm_core.ledger.model_engine`.
        """
        late = [
            place
            for place, row in enumerate(accounts)
            if row.due_on < on and row.open_minor
        ]
        if not late:
            return
        last = len(accounts) - 1
        running = next(
            (n for n, row in enumerate(accounts) if row.from_on < on <= row.due_on),
            last,
        )
        one_minor = whole_minor = 0
        for place in late:
            if one_minor:
                self._roll(
                    session, accounts[place], on, one_minor, whole_minor, is_to_due
                )
            one_minor = owed_minor(place)
            whole_minor += one_minor
        if running != last or late[-1] != last:
            self._roll(
                session, accounts[running], on, one_minor, whole_minor, is_to_due
            )
        if whole_minor > 0 and (self.until_on is None or self.until_on < on):
            self.until_on = on

    def run_to_due(
        self,
        session: FineractSession,
        accounts: Sequence[RowAccount],
        owed_minor: Callable[[int], int],
        on: dt.date,
    ) -> None:
        """Let principal that bore interest to a day bear it to the next due date.

        Args:
            session: The model.
            accounts: The account of each of its rows.
            owed_minor: What is owed of the principal of a row, by its place.
            on: The day.

        Example:
            See `microcrm_core.ledger.model_engine`.
        """
        running = next((row for row in accounts if row.from_on < on < row.due_on), None)
        if running is None or self.until_on != on:
            return
        late_minor = sum(
            owed_minor(place)
            for place, row in enumerate(accounts)
            if row.due_on < on and row.open_minor
        )
        if late_minor:
            self.until_on = running.due_on
            session.apply(
                CorrectBalance(on, late_minor),
                CorrectBalance(running.due_on, -late_minor),
            )

    def _roll(
        self,
        session: FineractSession,
        row: RowAccount,
        on: dt.date,
        one_minor: int,
        whole_minor: int,
        is_to_due: bool,
    ) -> None:
        until_on = self.until_on
        if until_on is not None and on <= until_on:
            return
        from_on = row.from_on if until_on is None else max(row.from_on, until_on)
        rolled = [CorrectBalance(from_on, one_minor)]
        is_running = row.from_on < on <= row.due_on
        if is_running and (until_on is None or until_on < row.due_on):
            self.until_on = row.due_on if is_to_due else on
            rolled.append(CorrectBalance(self.until_on, -whole_minor))
        maturity_on = session.rows[-1].due_on
        session.apply(
            *(one for one in rolled if one.amount_minor and one.on <= maturity_on)
        )
