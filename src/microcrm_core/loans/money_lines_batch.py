"""The money of many schedules of one length, installment by installment.

A line holds one installment of some thousand loans, so that a schedule is worked out
line by line. `kernel_batch` and `plan_kernel_batch` write them; `layout_batch` says
where they stand.

Example:
    See `MoneyLines`.
"""

from __future__ import annotations

import attrs
import numpy as np

from microcrm_core.batch import Int64s

__all__ = ["MoneyLines"]


@attrs.frozen(kw_only=True, eq=False)
class MoneyLines:
    """The money of some schedules: matrices of shape (installments, loans).

    Attributes:
        principal_minor: Principal parts.
        interest_minor: Interest parts.
        outstanding_minor: Principal that is left after each installment.
        total_minor: What each installment comes to.
        fees_minor: Fees; None: there are none.
        capitalized_minor: Interest that is added to the debt; None: there is none.

    Example:
        >>> from microcrm_core.loans.money_lines_batch import MoneyLines
        >>> MoneyLines.of_shape(12, 3).total_minor.shape
        (12, 3)
    """

    principal_minor: Int64s
    interest_minor: Int64s
    outstanding_minor: Int64s
    total_minor: Int64s
    fees_minor: Int64s | None = None
    capitalized_minor: Int64s | None = None

    @classmethod
    def of_shape(cls, line_count: int, loan_count: int) -> MoneyLines:
        """Return matrices that are not yet filled."""
        shape = (line_count, loan_count)
        return cls(
            principal_minor=np.empty(shape, np.int64),
            interest_minor=np.empty(shape, np.int64),
            outstanding_minor=np.empty(shape, np.int64),
            total_minor=np.empty(shape, np.int64),
        )

    def of_same_kind(self, loan_count: int) -> MoneyLines:
        """Return matrices of as many rows, for other loans, not yet filled."""
        shape = (len(self.total_minor), loan_count)
        made = MoneyLines.of_shape(*shape)
        has_fees = self.fees_minor is not None
        has_capitalized = self.capitalized_minor is not None
        return attrs.evolve(
            made,
            fees_minor=np.empty(shape, np.int64) if has_fees else None,
            capitalized_minor=np.empty(shape, np.int64) if has_capitalized else None,
        )

    def put(self, loans: Int64s, lines: MoneyLines) -> None:
        """Overwrite the schedules of these loans."""
        for mine, other in zip(self._matrices, lines._matrices, strict=True):
            mine[:, loans] = other

    def first_totals(self, level_minor: Int64s) -> None:
        """Set levels to what the first rows that repay principal come to.

        That is the level already, but where so little is owed that the first rows
        repay nothing, or all of it.
        """
        is_other = self.principal_minor[0] == 0
        is_other |= self.total_minor[0] != level_minor
        loans = np.flatnonzero(is_other)
        if loans.size:
            row = (self.principal_minor[:, loans] > 0).argmax(axis=0)
            level_minor[loans] = self.total_minor[row, loans]

    def write_down_payment(self, down_minor: Int64s, base_minor: Int64s) -> None:
        """Write the first rows, which are down payments.

        Args:
            down_minor: What is paid down.
            base_minor: What is outstanding then.
        """
        for matrix in self._matrices:
            matrix[0] = 0
        self.principal_minor[0] = down_minor
        self.total_minor[0] = down_minor
        self.outstanding_minor[0] = base_minor

    @property
    def _matrices(self) -> list[Int64s]:
        given = (
            self.principal_minor,
            self.interest_minor,
            self.outstanding_minor,
            self.total_minor,
            self.fees_minor,
            self.capitalized_minor,
        )
        return [matrix for matrix in given if matrix is not None]
