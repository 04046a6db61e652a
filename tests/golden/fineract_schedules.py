"""Schedules of Apache Fineract, through the public terms and conventions.

Every schedule that a case expects is built anew from what was paid out so far, and
compared: number, days, due date, balance, principal, interest, fees, due, and what is
outstanding where nothing was paid. Totals likewise. Left to the ledger are `paid_date`,
`paid`, `in_advance` and `late` of a down payment that is paid by itself, `waived`, and
the transactions; and every case with a step that only a ledger can take.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import attrs

from microcrm_core.loans import (
    InterestPause,
    RateChange,
    Schedule,
    build_schedule,
)
from tests.golden.fineract_terms import (
    conventions_of,
    is_auto_down_payment,
    minor_of,
    product_of,
    rate_of,
    terms_of,
)
from tests.golden.known import require_known
from tests.golden.outcomes import (
    PASSED,
    Failed,
    NotSupportedError,
    Outcome,
)
from tests.golden.reading import (
    Json,
    MalformedError,
    Record,
    date_at,
    dates_at,
    flag_at,
    fraction_at,
    items_at,
    record_at,
    text_at,
)

__all__ = ["check"]

_SHOWN_MAX = 6
_COMMON_KEYS = frozenset({"op", "business_date", "date", "amount"})
_STEP_KEYS = {
    "approve": frozenset({"expected_disbursement"}),
    "disburse": frozenset({"auto_down_payment"}),
    "interest_pause": frozenset({"start", "end"}),
    "reschedule": frozenset({"new_rate_percent", "from_date", "submitted_on"}),
}
_DAY = dt.timedelta(days=1)


def check(case: Record, document: Record) -> Outcome:
    """Check one case of a family of schedules."""
    loan = record_at(case, "loan")
    planned = (date_at(loan, "submitted_on"), minor_of(loan.get("principal")))
    replay = _Replay(product=product_of(case, document), loan=loan, disbursed=[planned])
    columns = [str(name) for name in items_at(document, "schedule_columns")]
    for field in ("expected_tranches", "charges_from_product"):
        if loan.get(field):
            raise NotSupportedError(f"{field}: needs the ledger")
    for step in items_at(case, "timeline"):
        if not isinstance(step, dict):
            raise MalformedError(f"a step must be an object, got {step!r}")
        wrong = replay.take(step, columns)
        if wrong:
            return Failed("; ".join(wrong[:_SHOWN_MAX]))
    return PASSED if replay.expected_count else Failed("the case expects nothing")


@attrs.define(kw_only=True)
class _Replay:
    """What was paid out and agreed up to some step of a case."""

    product: Record
    loan: Record
    disbursed: list[tuple[dt.date, int]]
    is_planned: bool = True
    auto_paid: set[dt.date] = attrs.Factory(set)
    rate_changes: list[RateChange] = attrs.Factory(list)
    pauses: list[InterestPause] = attrs.Factory(list)
    expected_count: int = 0

    def take(self, step: Record, columns: list[str]) -> list[str]:
        """Take one step; return what differs from what it expects."""
        kind = step.get("expect")
        if kind is None:
            self._act(text_at(step, "op"), step)
            return []
        if kind == "transactions":
            return []
        self.expected_count += 1
        if kind == "schedule":
            return self._differences(step, columns)
        if kind == "totals":
            return self._total_differences(record_at(step, "values"))
        if kind == "due_dates":
            found = tuple(
                due_on
                for due_on, is_down in zip(*self._dated(), strict=True)
                if not is_down
            )
            expected = dates_at(step, "dates")
            return [] if found == expected else [f"dates {expected}, found {found}"]
        raise NotSupportedError(f"expect {kind}")

    def _act(self, op: str, step: Record) -> None:
        if op in _STEP_KEYS:
            require_known(step, _COMMON_KEYS | _STEP_KEYS[op], op)
        if op == "approve":
            on = date_at(step, "expected_disbursement")
            self.disbursed = [(on, minor_of(step.get("amount")))]
        elif op == "disburse":
            self._disburse(step)
        elif op == "undo_last_disbursal":
            self.disbursed.remove(max(self.disbursed, key=lambda payment: payment[0]))
        elif op == "interest_pause":
            start_on, last_on = date_at(step, "start"), date_at(step, "end")
            self.pauses.append(InterestPause(start_on, last_on + _DAY))
        elif op == "reschedule" and step.get("new_rate_percent") is not None:
            self._change_rate(step)
        elif op == "close_of_business":
            self._require_nothing_late(op, date_at(step, "business_date"))
        else:
            raise NotSupportedError(f"{op}: needs the ledger")

    def _disburse(self, step: Record) -> None:
        business_on = date_at(step, "business_date")
        self._require_nothing_late("disburse", business_on)
        if self.is_planned:
            self.disbursed, self.is_planned = [], False
        on = date_at(step, "date")
        if self.disbursed and on > self._dated()[0][-1]:
            raise NotSupportedError("a tranche after the last due date")
        self.disbursed.append((on, minor_of(step.get("amount"))))
        is_auto = step.get("auto_down_payment") is None or flag_at(
            step, "auto_down_payment"
        )
        if is_auto and is_auto_down_payment(self.product):
            self.auto_paid.add(on)
        self._require_nothing_late("disburse", business_on)

    def _change_rate(self, step: Record) -> None:
        percent: Fraction = fraction_at(step, "new_rate_percent")
        self.rate_changes.append(
            RateChange(
                from_on=date_at(step, "from_date"),
                nominal_rate=rate_of(percent, self.loan),
            )
        )

    def _require_nothing_late(self, op: str, on: dt.date) -> None:
        # A product that recalculates interest charges late principal for more days.
        if self.is_planned or self.product.get("interest_recalculation") is None:
            return
        if fraction_at(self.loan, "rate_percent") == 0:
            return
        if any(due_on < on for due_on in self._dated()[0]):
            raise NotSupportedError(f"{op} with a late installment: needs the ledger")

    def _schedule(self) -> Schedule:
        terms, roll = terms_of(
            self.product, self.loan, self.disbursed, self.rate_changes, self.pauses
        )
        conventions = conventions_of(self.product, self.loan)
        return build_schedule(terms, attrs.evolve(conventions, roll=roll))

    def _dated(self) -> tuple[tuple[dt.date, ...], tuple[bool, ...]]:
        schedule = self._schedule()
        return schedule.due_on, schedule.is_down_payment

    def _rows(self, schedule: Schedule) -> list[dict[str, Json]]:
        rows: list[dict[str, Json]] = []
        before_on = schedule.terms.disbursed_on
        for row, due_on in enumerate(schedule.due_on):
            is_down = schedule.is_down_payment[row]
            due_minor = (
                schedule.principal_minor[row]
                + schedule.interest_minor[row]
                + schedule.fees_minor[row]
            )
            is_paid = is_down and due_on in self.auto_paid
            rows.append(
                {
                    "nr": row + 1,
                    "days": 0 if is_down else (due_on - before_on).days,
                    "due_date": due_on.isoformat(),
                    "balance": schedule.outstanding_minor[row],
                    "principal": schedule.principal_minor[row],
                    "interest": schedule.interest_minor[row],
                    "fees": schedule.fees_minor[row],
                    "penalties": 0,
                    "due": due_minor,
                    "paid": due_minor if is_paid else 0,
                    "outstanding": 0 if is_paid else due_minor,
                }
            )
            before_on = before_on if is_down else due_on
        return rows

    def _differences(self, step: Record, columns: list[str]) -> list[str]:
        found = self._rows(self._schedule())
        expected: list[dict[str, Json]] = []
        paid_out: list[tuple[str, int]] = []
        for row in items_at(step, "rows"):
            if not isinstance(row, list) or len(row) != len(columns):
                raise MalformedError(f"a row must have {len(columns)} values")
            values = dict(zip(columns, row, strict=True))
            if values["nr"] is None:
                paid_out.append((values["due_date"], minor_of(values["balance"])))
            else:
                expected.append(values)
        wrong = []
        disbursed = sorted((on.isoformat(), amount) for on, amount in self.disbursed)
        if sorted(paid_out) != disbursed:
            wrong.append(f"paid out expected {paid_out}, found {disbursed}")
        if len(expected) != len(found):
            wrong.append(f"rows expected {len(expected)}, found {len(found)}")
        for row, ours in zip(expected, found, strict=False):
            wrong += _row_differences(row, ours)
        return wrong

    def _total_differences(self, values: Record) -> list[str]:
        rows = self._rows(self._schedule())
        wrong = []
        names = ("principal", "interest", "fees", "penalties", "due", "paid")
        for name in (*names, "outstanding"):
            found = sum(value for row in rows if isinstance(value := row[name], int))
            if values.get(name) is not None and minor_of(values[name]) != found:
                wrong.append(f"total {name} expected {values[name]}, found {found}")
        return wrong


def _row_differences(expected: Record, found: dict[str, Json]) -> list[str]:
    wrong = []
    for name, value in found.items():
        wanted = expected.get(name)
        if name not in {"nr", "days", "due_date"}:
            wanted = minor_of(wanted)
        if wanted != value:
            wrong.append(f"row {found['nr']} {name} expected {wanted}, found {value}")
    return wrong
