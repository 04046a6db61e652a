"""The rows of Apache Fineract's progressive model and the accounts that follow them.

The model says what each installment asks for; an account in the book keeps what was
paid. Here the one is copied to the other, and only where something changed.

Rows together always ask for the principal that the model says. Where one of them asks
for more, because that was paid, or for another amount, because it is settled, rows that
are open take the difference, the last one first.

Changes that are known but still to come, such as a rate that was agreed for next year,
are not applied to the model before their day: nobody pays by them. They are shown, in
rows that are open and due on their first day or later.

Example:
    >>> from microcrm_core.ledger.model_rows import ModelRows
    >>> ModelRows.__name__
    'ModelRows'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Self

import attrs

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.row_accounts import RowAccount
from microcrm_core.loans.fineract_events import (
    ChangeRate,
    ModelEvent,
    PauseInterest,
)
from microcrm_core.loans.fineract_rows import Row
from microcrm_core.loans.fineract_sessions import FineractSession

__all__ = ["ModelRows"]


@attrs.define(eq=False)
class ModelRows:
    """A model, and an account for each of its rows.

    Attributes:
        session: The model.
        accounts: An account for each row.
        to_come: New rates and pauses that begin later, in order.

    Example:
        See `microcrm_core.ledger.model_engine`.
    """

    session: FineractSession
    accounts: list[RowAccount]
    to_come: list[ChangeRate | PauseInterest] = attrs.field(
        factory=list[ChangeRate | PauseInterest]
    )
    _places: dict[RowAccount, int] = attrs.field(init=False)
    # Principal and interest that a row asks for beside what the model says.
    _beside: list[list[int]] = attrs.field(init=False)
    # Rows that changed where that was no payment: not known yet whether settled.
    _unstamped: set[int] = attrs.field(factory=set[int], init=False)
    _asked: RowAccount | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        """Start with nothing beside the model."""
        self._places = {account: place for place, account in enumerate(self.accounts)}
        self._beside = [[0, 0] for _ in self.accounts]

    def copy(self, copies: Mapping[RowAccount, RowAccount]) -> Self:
        """Return the same for copied accounts, without what is still to come."""
        made = type(self)(
            self.session.copy(), [copies[account] for account in self.accounts]
        )
        made._beside = [list(amounts) for amounts in self._beside]
        if self.to_come or self._asked is not None:
            for place in range(len(made.accounts)):
                made._copy(place)
            made._level_out(made.session)
        return made

    def place(self, account: RowAccount) -> int | None:
        """Return the place of an account; None: the model does not know it."""
        return self._places.get(account)

    def owed_minor(self, place: int) -> int:
        """Return what is owed of the principal of a row."""
        owed_minor = self.session.rows[place].principal_minor + self._beside[place][0]
        return owed_minor - self.accounts[place].paid[Bucket.PRINCIPAL]

    def running(self, on: dt.date) -> RowAccount | None:
        """Return the account in whose period a day lies."""
        for place, account in enumerate(self.accounts):
            is_first = place == 0 and account.from_on == on
            if account.from_on < on <= account.due_on or is_first:
                return account
        return None

    def whole_minor(self, on: dt.date) -> int:
        """Return all principal that is not paid, and interest that is open on a day."""
        total_minor = 0
        for row in self.session.rows:
            due_minor = self.session.due_on(row.due_on, on)[1]
            total_minor += max(0, due_minor - row.paid_interest_minor)
        return total_minor + self.left_minor()

    def left_minor(self) -> int:
        """Return all principal that is not paid."""
        total_minor = 0
        for row in self.session.rows:
            total_minor += row.disbursed_minor - row.paid_principal_minor
            total_minor += sum(part.credited_principal_minor for part in row.slices)
        return total_minor

    def interest_minor(self, account: RowAccount, on: dt.date) -> int:
        """Return the interest that a row asks for if it is paid on a day."""
        place = self._places[account]
        due_minor = self.session.due_on(account.due_on, on)[1]
        return due_minor + self._beside[place][1]

    def borne_minor(self, account: RowAccount, on: dt.date) -> int:
        """Return the interest that the period of a row has borne by a day."""
        borne_minor = self.session.interest_to(account.due_on, on)
        return borne_minor + self._beside[self._places[account]][1]

    def ask(self, account: RowAccount, on: dt.date) -> None:
        """Let a row ask for what it would if it is paid on a day, until it is paid."""
        if self._asked is not account:
            self.settle_asked()
        self._asked = account
        place = self._places[account]
        beside = self._beside[place]
        principal_minor, interest_minor = self.session.due_on(account.due_on, on)
        # A level amount may be more than is left, once later rows were paid first.
        paid_minor = self.session.rows[place].paid_principal_minor
        principal_minor = min(principal_minor, paid_minor + self.left_minor())
        account.charged[Bucket.PRINCIPAL] = principal_minor + beside[0]
        account.charged[Bucket.INTEREST] = interest_minor + beside[1]

    def settle_asked(self) -> None:
        """Let a row that was asked and got nothing be as it was."""
        account, self._asked = self._asked, None
        if account is not None:
            self._copy(self._places[account])
            self.show(self.to_come)

    def apply(self, *events: ModelEvent, on: dt.date | None = None) -> None:
        """Let events happen, and copy what they changed.

        Args:
            events: What happens, in order.
            on: A day on which rows that ask for nothing more are settled; None: that is
                to be found out later.
        """
        self.session.apply(*events)
        self.copy_changed(on)

    def copy_changed(self, on: dt.date | None = None) -> None:
        """Copy rows that have changed; *on*: on that day they are settled, or not."""
        self._asked = None
        changed = self.session.take_changed()
        for place in changed:
            self._copy(place)
        if changed or self.to_come:
            self.show(self.to_come)
        self._unstamped.update(changed)
        if on is not None:
            for place in self._unstamped:
                self.accounts[place].restamp(on)
            self._unstamped.clear()

    def apply_rate(
        self, event: ChangeRate | PauseInterest, *, is_recalculated: bool
    ) -> None:
        """Let a new rate or a pause begin: settled rows do not ask for more by it.

        Args:
            event: What begins.
            is_recalculated: Whether the model knows what was paid, so that it may ask
                for more in settled rows once something else happens.
        """
        self.session.apply(event)
        self._copy_open(self.session, event.on)
        if not is_recalculated:
            self.session.take_changed()

    def add(
        self, account: RowAccount, principal_minor: int, interest_minor: int
    ) -> None:
        """Let a row ask for amounts that the model does not know."""
        beside = self._beside[self._places[account]]
        beside[0] += principal_minor
        beside[1] += interest_minor
        self._copy(self._places[account])
        self.show(self.to_come)

    def taken_minor(self, account: RowAccount) -> int:
        """Return what was taken out of the interest of a row beside the model."""
        place = self._places[account]
        asked_minor = self.session.rows[place].interest_minor + self._beside[place][1]
        return asked_minor - account.charged[Bucket.INTEREST]

    def show(self, to_come: Sequence[ChangeRate | PauseInterest]) -> None:
        """Let open rows ask for what they will once these changes have begun."""
        if not self.to_come:
            self._level_out(self.session)
            return
        shown = self.session.copy()
        shown.apply(*to_come)
        self._copy_open(shown, self.to_come[0].on)

    def _copy(self, place: int) -> None:
        _copy(self.accounts[place], self.session.rows[place], self._beside[place])

    def _copy_open(self, session: FineractSession, from_on: dt.date) -> None:
        rows = session.rows
        for account, row, beside in zip(self.accounts, rows, self._beside, strict=True):
            if account.due_on >= from_on and not _is_settled(account):
                _copy(account, row, beside)
        self._level_out(session)

    def _level_out(self, session: FineractSession) -> None:
        """Let the principal of all accounts come to what the customer was given.

        Rows may ask for less: one whose interest was paid before a new rate took it
        away has less room for principal.
        """
        missing_minor = session.given_minor
        for account, beside in zip(self.accounts, self._beside, strict=True):
            missing_minor += beside[0] - account.charged[Bucket.PRINCIPAL]
        if not missing_minor:
            return
        for place in range(len(self.accounts) - 1, -1, -1):
            account = self.accounts[place]
            if account.settled_on is not None and not account.open_minor:
                continue
            # What is paid stays asked for.
            least_minor = -account.open_in(Bucket.PRINCIPAL)
            taken_minor = max(missing_minor, least_minor)
            account.charged[Bucket.PRINCIPAL] += taken_minor
            missing_minor -= taken_minor
            self._unstamped.add(place)
            if not missing_minor:
                return


def _is_settled(account: RowAccount) -> bool:
    """Return whether principal and interest are settled, whatever else is open."""
    if account.settled_on is not None:
        return True
    asked_minor = account.charged[Bucket.PRINCIPAL] + account.charged[Bucket.INTEREST]
    return asked_minor > 0 and not (
        account.open_in(Bucket.PRINCIPAL) or account.open_in(Bucket.INTEREST)
    )


def _copy(account: RowAccount, row: Row, beside: Sequence[int]) -> None:
    asked_minor = (row.principal_minor + beside[0], row.interest_minor + beside[1])
    for bucket in (Bucket.PRINCIPAL, Bucket.INTEREST):
        # Of fixed amounts the model does not know what was paid, which stays asked for.
        settled_minor = account.paid[bucket] + account.waived[bucket]
        account.charged[bucket] = max(asked_minor[bucket], settled_minor)
    account.credited_minor = max(0, beside[0])
    for part in row.slices:
        account.credited_minor += part.credited_principal_minor
