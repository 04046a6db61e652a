"""Loans of Apache Fineract, replayed by the ledger and compared cell by cell.

At each expectation the ledger is asked for the state as of the business date of the
last operation. Compared is everything that the case states: rows of the schedule and
their sums, transactions with what they paid and the balance after them, status,
amounts, delinquency and due dates. What a case leaves out, or writes as null, is not
stated.

Four columns are the peer's way to show things and are made here from what the ledger
says: the balance of a schedule (what was paid out less the principal of the rows so
far), the days of a row, the rows of disbursements among those of installments, and the
balance of 0.00 that a few transactions have in the list.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

import attrs

from microcrm_core.ledger import (
    FINERACT_RANGES,
    Disbursed,
    InstallmentAccount,
    LoanDelinquency,
    LoanState,
    LoanStateRow,
    LoanStatus,
    delinquency_pauses,
    delinquency_rows,
    installment_delinquency,
    loan_delinquency,
)
from tests.golden.fineract_logs import CaseLog, Shown, Transaction, lent_minor
from tests.golden.fineract_policies import is_cumulative
from tests.golden.fineract_steps import log_of, take_step
from tests.golden.fineract_terms import CURRENCY, minor_of, product_of
from tests.golden.outcomes import PASSED, Failed, NotSupportedError, Outcome
from tests.golden.reading import (
    Json,
    MalformedError,
    Record,
    date_at,
    dates_at,
    flag_at,
    items_at,
    record_at,
    text_at,
    whole_at,
)

__all__ = ["check"]

_SHOWN_MAX: Final = 6
_SUMMED: Final = (
    "principal", "interest", "fees", "penalties", "due", "paid", "in_advance", "late",
    "outstanding",
)  # fmt: skip
_WORDS: Final = frozenset({"nr", "days", "due_date", "paid_date", "date", "type"})
_WITHOUT_BALANCE: Final = frozenset(
    {"Re-age", "Re-amortize", "Charge-off", "Contract Termination"}
)
_STATUS: Final = {
    "approved": LoanStatus.APPROVED,
    "active": LoanStatus.ACTIVE,
    "overpaid": LoanStatus.OVERPAID,
    "closed_obligations_met": LoanStatus.CLOSED,
    "closed (obligations met)": LoanStatus.CLOSED,
}
_NO_RANGE: Final = "NO_DELINQUENCY"

Line: TypeAlias = dict[str, Json]
"""A row as the peer shows it: money in minor units, dates and words as text."""


def check(case: Record, document: Record) -> Outcome:
    """Check one case of a family of loans."""
    log = log_of(product_of(case, document), record_at(case, "loan"))
    checked = _Checked(
        log=log,
        schedule_columns=_names(document, "schedule_columns"),
        transaction_columns=_names(document, "transaction_columns"),
    )
    expected_count = 0
    for position, step in enumerate(items_at(case, "timeline")):
        if not isinstance(step, dict):
            raise MalformedError(f"a step must be an object, got {step!r}")
        if "expect" not in step:
            take_step(log, step)
            continue
        expected_count += 1
        wrong = checked.differences(step)
        if wrong:
            shown = "; ".join(wrong[:_SHOWN_MAX])
            return Failed(f"step {position} {step['expect']}: {shown}")
    return PASSED if expected_count else Failed("the case expects nothing")


def _names(document: Record, key: str) -> list[str]:
    return [str(name) for name in items_at(document, key)]


@attrs.define(kw_only=True)
class _Checked:
    log: CaseLog
    schedule_columns: list[str]
    transaction_columns: list[str]

    def differences(self, step: Record) -> list[str]:
        """Return what differs from what the step expects."""
        kind = text_at(step, "expect")
        if kind not in _EXPECTED:
            raise NotSupportedError(f"expect {kind}")
        return _EXPECTED[kind](self, step, self.log.state())

    def schedule(self, step: Record, state: LoanState) -> list[str]:
        found = _schedule_lines(self.log, state)
        expected = _lines(step, self.schedule_columns)
        wrong = _count_differences(expected, found)
        for line, ours in zip(expected, found, strict=False):
            wrong += _line_differences(f"row {ours['nr']}", line, ours)
        return wrong

    def totals(self, step: Record, state: LoanState) -> list[str]:
        lines = [line for line in _schedule_lines(self.log, state) if line["nr"]]
        wrong = []
        for name, value in record_at(step, "values").items():
            if name not in _SUMMED:
                raise NotSupportedError(f"total {name}")
            found = sum(_whole(line[name]) for line in lines)
            if value is not None and minor_of(value) != found:
                wrong.append(f"total {name} expected {value}, found {found}")
        return wrong

    def transactions(self, step: Record, state: LoanState) -> list[str]:
        found = _transaction_lines(self.log, state)
        expected = _lines(step, self.transaction_columns)
        if not flag_at(step, "complete"):
            return _part_differences(expected, found)
        wrong = _count_differences(expected, found)
        for line, ours in zip(expected, found, strict=False):
            name = f"transaction {ours['date']} {ours['type']}"
            wrong += _line_differences(name, line, ours)
        return wrong

    def status(self, step: Record, state: LoanState) -> list[str]:
        word = text_at(step, "value")
        if word not in _STATUS:
            raise NotSupportedError(f"status {word}")
        return _difference("status", _STATUS[word], state.status)

    def outstanding(self, step: Record, state: LoanState) -> list[str]:
        found = state.outstanding.total.minor
        return _difference("outstanding", minor_of(step.get("value")), found)

    def overpaid(self, step: Record, state: LoanState) -> list[str]:
        return _difference("credit", minor_of(step.get("value")), state.credit.minor)

    def overdue(self, step: Record, state: LoanState) -> list[str]:
        found = state.overdue.total.minor
        return _difference("overdue", minor_of(step.get("value")), found)

    def due_dates(self, step: Record, state: LoanState) -> list[str]:
        found = tuple(row.due_on for row in state.rows if row.kind != "down_payment")
        return _difference("due dates", dates_at(step, "dates"), found)

    def delinquency_range(self, step: Record, state: LoanState) -> list[str]:
        found = self.delinquency(step, state)
        bucket = _range_name(found.bucket)
        # The peer shows the day only together with a range.
        found_on = found.delinquent_on if found.bucket else None
        on = None if step.get("date") is None else date_at(step, "date")
        return [
            *_difference("range", text_at(step, "bucket"), bucket),
            *_difference("delinquent since", on, found_on),
        ]

    def loan_delinquency(self, step: Record, state: LoanState) -> list[str]:
        found = self.delinquency(step, state)
        bucket = _range_name(found.bucket)
        on = None if step.get("date") is None else date_at(step, "date")
        days, past_due = "delinquent_days", "past_due_days"
        return [
            *_difference("range", text_at(step, "bucket"), bucket),
            *_difference("overdue", minor_of(step.get("amount")), found.overdue.minor),
            *_difference("delinquent since", on, found.delinquent_on),
            *_difference(days, whole_at(step, days), found.delinquent_days),
            *_difference(past_due, whole_at(step, past_due), found.days_past_due),
        ]

    def installment_delinquency(self, step: Record, state: LoanState) -> list[str]:
        expected: list[tuple[str, int]] = []
        for row in items_at(step, "rows"):
            if not isinstance(row, list) or len(row) != len(("range", "amount")):
                raise MalformedError(f"a row must have 2 values, got {row!r}")
            expected.append((str(row[0]), minor_of(row[1])))
        found = installment_delinquency(
            self.counted_rows(state),
            as_of=date_at(step, "business_date"),
            currency=CURRENCY,
            buckets=FINERACT_RANGES,
            pauses=delinquency_pauses(self.log.events),
        )
        amounts = [(_range_name(name), amount.minor) for name, amount in found]
        return _difference("ranges", expected, amounts)

    def delinquency(self, step: Record, state: LoanState) -> LoanDelinquency:
        """Return the delinquency of the loan on the business date of the step."""
        grace = self.log.product.get("grace_on_arrears_ageing_days") or 0
        if not isinstance(grace, int):
            raise MalformedError(f"grace must be whole days, got {grace!r}")
        return loan_delinquency(
            self.counted_rows(state),
            as_of=date_at(step, "business_date"),
            currency=CURRENCY,
            buckets=FINERACT_RANGES,
            grace_days=grace,
            pauses=delinquency_pauses(self.log.events),
        )

    def counted_rows(self, state: LoanState) -> tuple[InstallmentAccount, ...]:
        """Return the rows by which lateness is counted; none before money is lent."""
        return delinquency_rows(state) if self.log.paid_out else ()

    def history(self, _step: Record, _state: LoanState) -> list[str]:
        # The peer changes a bucket only when it closes a day, and the cases do not say
        # on which days it did.
        raise NotSupportedError("a history of delinquency by days of closing")


_Expected: TypeAlias = Callable[[_Checked, Record, LoanState], list[str]]
_EXPECTED: Final[dict[str, _Expected]] = {
    "delinquency_history": _Checked.history,
    "delinquency_range": _Checked.delinquency_range,
    "instalment_delinquency": _Checked.installment_delinquency,
    "loan_delinquency": _Checked.loan_delinquency,
    "due_dates": _Checked.due_dates,
    "outstanding_amount": _Checked.outstanding,
    "overpaid_amount": _Checked.overpaid,
    "schedule": _Checked.schedule,
    "status": _Checked.status,
    "total_overdue_amount": _Checked.overdue,
    "totals": _Checked.totals,
    "transactions": _Checked.transactions,
}


# What the case states.


def _range_name(bucket: str | None) -> str:
    """Return a range by the peer's name."""
    return _NO_RANGE if bucket is None else bucket.upper()


def _lines(step: Record, columns: Sequence[str]) -> list[Line]:
    lines: list[Line] = []
    for row in items_at(step, "rows"):
        if not isinstance(row, list) or len(row) != len(columns):
            raise MalformedError(f"a row must have {len(columns)} values")
        lines.append(dict(zip(columns, row, strict=True)))
    return lines


def _is_met(name: str, stated: Json, found: Json) -> bool:
    if name in _WORDS:
        return stated == found
    if stated is None:
        return True
    if name == "reverted":
        return stated is found
    return minor_of(stated) == found


def _is_line(expected: Line, found: Line) -> bool:
    return all(_is_met(name, stated, found[name]) for name, stated in expected.items())


def _line_differences(name: str, expected: Line, found: Line) -> list[str]:
    return [
        f"{name} {column} expected {stated}, found {found[column]}"
        for column, stated in expected.items()
        if not _is_met(column, stated, found[column])
    ]


def _count_differences(expected: Sequence[Line], found: Sequence[Line]) -> list[str]:
    if len(expected) == len(found):
        return []
    return [f"{len(expected)} lines expected, found {len(found)}"]


def _difference(name: str, expected: object, found: object) -> list[str]:
    return [] if expected == found else [f"{name} expected {expected}, found {found}"]


def _part_differences(expected: Iterable[Line], found: Sequence[Line]) -> list[str]:
    """Return what an incomplete list has that is not found, or not in its order."""
    left = iter(found)
    for line in expected:
        if any(_is_line(line, ours) for ours in left):
            continue
        name = f"transaction {line['date']} {line['type']}"
        alike = [
            ours
            for ours in found
            if (ours["date"], ours["type"]) == (line["date"], line["type"])
        ]
        wrong = [_line_differences(name, line, ours) for ours in alike]
        # An equal one is there, but before another that comes first in the list.
        return min(wrong, key=len, default=[]) or [f"{name} is not in its place"]
    return []


# What the ledger says, as the peer shows it.


def _schedule_lines(log: CaseLog, state: LoanState) -> list[Line]:
    """Return rows of installments and disbursements, by day."""
    placed: list[tuple[tuple[dt.date, int, int], int, Line]] = []
    for position, (on, amount_minor) in enumerate(_paid_out(log)):
        line = _disbursement_line(on, amount_minor)
        placed.append(((on, 1, position), amount_minor, line))
    for position, row in enumerate(state.rows):
        place = 0
        if row.kind == "down_payment":
            place = 2
        elif is_cumulative(log.product) or row.kind == "additional":
            place = 3
        paid_off = row.credited_minor - row.principal_minor
        line = _installment_line(position + 1, row)
        if row.kind == "regular" and row.from_on == state.terms.disbursed_on:
            # A first period may begin before money is paid out.
            line["days"] = (row.due_on - log.seed_on(row.from_on)).days
        placed.append(((row.due_on, place, position), paid_off, line))
    balance_minor = 0
    lines: list[Line] = []
    for _, change_minor, line in sorted(placed, key=lambda found: found[0]):
        balance_minor += change_minor
        if line["nr"] is not None:
            line["balance"] = balance_minor
        lines.append(line)
    return lines


def _paid_out(log: CaseLog) -> list[tuple[dt.date, int]]:
    """Return what was paid out, in order of arrival, and what is still planned."""
    planned = log.tranches or [log.planned]
    paid_count = len(log.paid_out)
    if not paid_count:
        return planned
    lent = [found for found in log.transactions if lent_minor(found.event)]
    # Disbursements of a day are shown before income that became principal on it.
    lent.sort(key=lambda found: not isinstance(found.event.what, Disbursed))
    added = [
        (found.event.value_on, lent_minor(found.event))
        for found in lent
        if not found.is_reversed
    ]
    return [*added, *log.tranches[paid_count:]]


def _disbursement_line(on: dt.date, amount_minor: int) -> Line:
    line: Line = dict.fromkeys(
        (
            "nr", "days", "paid_date", "principal", "interest", "in_advance", "late",
            "waived",
        )
    )  # fmt: skip
    zeros = dict.fromkeys(("fees", "penalties", "due", "paid", "outstanding"), 0)
    return line | zeros | {"due_date": on.isoformat(), "balance": amount_minor}


def _installment_line(number: int, row: LoanStateRow) -> Line:
    return {
        "nr": number,
        "days": 0 if row.kind == "down_payment" else (row.due_on - row.from_on).days,
        "due_date": row.due_on.isoformat(),
        "paid_date": row.settled_on.isoformat() if row.settled_on else None,
        "principal": row.principal_minor,
        "interest": row.interest_minor,
        "fees": row.fees_minor,
        "penalties": row.penalties_minor,
        "due": row.charged_minor,
        "paid": row.paid_minor,
        "in_advance": row.paid_early_minor,
        "late": row.paid_late_minor,
        "waived": row.waived_minor,
        "outstanding": row.open_minor,
    }


def _transaction_lines(log: CaseLog, state: LoanState) -> list[Line]:
    """Return the transactions that the peer lists, in order."""
    shown = log.shown(state)
    lines: list[Line] = []
    for transaction in log.in_order():
        if not transaction.is_listed:
            continue
        itself, interest = log.shown_of(transaction, shown)
        if itself is not None:
            lines.append(_transaction_line(transaction, transaction.name, itself))
        if interest is not None:
            lines.append(_transaction_line(transaction, "Interest Refund", interest))
    return lines


def _transaction_line(transaction: Transaction, name: str, shown: Shown) -> Line:
    parts = shown.parts_minor if transaction.is_recognized else (0, 0, 0, 0)
    principal, interest, fees, penalties = parts
    return {
        "date": transaction.event.value_on.isoformat(),
        "type": name,
        "amount": shown.amount_minor,
        "principal": principal,
        "interest": interest,
        "fees": fees,
        "penalties": penalties,
        "balance": 0 if name in _WITHOUT_BALANCE else shown.balance_minor,
        "reverted": transaction.is_reversed,
    }


def _whole(value: Json) -> int:
    if not isinstance(value, int):
        raise MalformedError(f"must be a whole number, got {value!r}")
    return value
