"""Every error that this library raises on purpose.

Each error has a stable `code` for programs, its parts as attributes, and one
line of text for people: what must hold, what was found, what to do. Texts hold
no personal data: only ids, field names and figures.

Example:
    >>> from microcrm_core.errors import InvalidValueError
    >>> error = InvalidValueError("days", "must not be negative", -3)
    >>> str(error)
    'days must not be negative, got -3'
    >>> error.code, error.field, error.value
    ('invalid_value', 'days', -3)
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Final

__all__ = [
    "ConflictError",
    "ConvergenceError",
    "CurrencyMismatchError",
    "InvalidValueError",
    "LedgerError",
    "MicrocrmError",
    "MissingExtraError",
    "PolicyError",
    "RecordNotFoundError",
    "ScheduleError",
    "StaleQuote",
    "StaleQuoteError",
    "StorageError",
    "StorageProblem",
]

_SHOWN_BITS_MAX: Final = 300


class MicrocrmError(Exception):
    """Anything that this library refuses.

    Attributes:
        code: Stable name of the kind of error, for programs and logs.

    Example:
        >>> from microcrm_core import MicrocrmError, Money, Currency
        >>> try:
        ...     Money(1.5, Currency.of("EUR"))
        ... except MicrocrmError as error:
        ...     print(error.code, error, sep=": ")
        invalid_value: minor must be a whole number, got 1.5
    """

    code: ClassVar[str] = "microcrm"

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive a trip between processes with every part."""
        return _rebuilt, (type(self), self.args, self.__dict__)


class InvalidValueError(MicrocrmError, ValueError):
    """A value breaks a rule of its field.

    Attributes:
        field: Name of the field or argument.
        rule: What must hold.
        value: What was found; in a batch, the value of the first bad row.
        hint: What to do about it, or None.
        row: Index of the first bad row in a batch, else None.
        bad_count: Number of bad rows in a batch, else None.
        row_count: Number of rows in a batch, else None.

    Example:
        >>> from microcrm_core import InvalidValueError
        >>> str(InvalidValueError("parts", "must be 1 or more", 0))
        'parts must be 1 or more, got 0'
    """

    code: ClassVar[str] = "invalid_value"

    def __init__(
        self,
        field: str,
        rule: str,
        value: object,
        *,
        hint: str | None = None,
        row: int | None = None,
        bad_count: int | None = None,
        row_count: int | None = None,
    ) -> None:
        self.field = field
        self.rule = rule
        self.value = value
        self.hint = hint
        self.row = row
        self.bad_count = bad_count
        self.row_count = row_count
        found = f"got {_shown(value)}"
        text = f"{field} {rule}, {found}"
        if row is not None:
            text = (
                f"{bad_count} of {row_count} rows: {field} {rule}; "
                f"first at row {row}, {found}"
            )
        super().__init__(f"{text}; {hint}" if hint else text)


class CurrencyMismatchError(InvalidValueError):
    """Two amounts of different currencies met where one currency is needed.

    Example:
        >>> from microcrm_core import Currency, CurrencyMismatchError, Money
        >>> try:
        ...     Money(1, Currency.of("EUR")) + Money(1, Currency.of("CZK"))
        ... except CurrencyMismatchError as error:
        ...     print(error)
        currency must be EUR, got 'CZK'
    """

    code: ClassVar[str] = "currency_mismatch"


class PolicyError(InvalidValueError):
    """A policy or a rule is not well formed.

    Example:
        >>> from microcrm_core import PolicyError
        >>> str(PolicyError("rules[2].tier", "must be a known tier", "gold"))
        "rules[2].tier must be a known tier, got 'gold'"
    """

    code: ClassVar[str] = "policy"


class ScheduleError(InvalidValueError):
    """No schedule satisfies the terms under the conventions.

    Attributes:
        field: Path to the field of the terms, or `installment` where no field alone is
            at fault.
        rule: What must hold.
        value: What was found: a count, a date, or an amount as text with its currency.
        hint: What to do about it, or None.
        number: The installment at fault, from 1, or None.
        count: Number of installments; None where *number* is.

    Example:
        >>> from microcrm_core import ScheduleError
        >>> error = ScheduleError(
        ...     "installment",
        ...     "must cover the interest of its period, EUR 6.00",
        ...     "EUR 5.07",
        ...     hint="lower the rate",
        ...     number=1,
        ...     count=60,
        ... )
        >>> for part in str(error).split(", "):
        ...     print(part)
        installment 1 of 60 must cover the interest of its period
        EUR 6.00
        got EUR 5.07; lower the rate
    """

    code: ClassVar[str] = "schedule"

    def __init__(
        self,
        field: str,
        rule: str,
        value: object,
        *,
        hint: str | None = None,
        number: int | None = None,
        count: int | None = None,
    ) -> None:
        super().__init__(field, rule, value, hint=hint)
        self.number = number
        self.count = count
        self.args = (f"{self.finding}; {hint}" if hint else self.finding,)

    @property
    def finding(self) -> str:
        """The text without the hint: what must hold, and what was found."""
        named = self.field
        if self.number is not None:
            named = f"installment {self.number} of {self.count}"
            if self.field != "installment":
                named = f"{named}: {self.field}"
        # Amounts come as text, which needs no quotation marks.
        is_text = isinstance(self.value, str)
        found = self.value if is_text else _shown(self.value)
        return f"{named} {self.rule}, got {found}"


class LedgerError(InvalidValueError):
    """The events of a loan contradict each other, or cannot be replayed together.

    Attributes:
        event_id: The event at fault.

    Example:
        >>> from microcrm_core import LedgerError
        >>> error = LedgerError(
        ...     "event-9", "event_id", "must name an event of the log", "event-7"
        ... )
        >>> str(error)
        "event 'event-9': event_id must name an event of the log, got 'event-7'"
    """

    code: ClassVar[str] = "ledger"

    def __init__(
        self,
        event_id: str,
        field: str,
        rule: str,
        value: object,
        *,
        hint: str | None = None,
    ) -> None:
        super().__init__(field, rule, value, hint=hint)
        self.event_id = event_id
        self.args = (f"event {event_id!r}: {self.args[0]}",)


class ConvergenceError(MicrocrmError, ArithmeticError):
    """A solver reached the bound on its steps; "no rate" is a result and not this.

    Attributes:
        step_count: The bound.
        flow_count: Cash flows of the equation.

    Example:
        >>> from microcrm_core.errors import ConvergenceError
        >>> str(ConvergenceError(400, flow_count=13))
        'the rate must be found within 400 steps, got none for 13 cash flows'
    """

    code: ClassVar[str] = "convergence"

    def __init__(self, step_count: int, *, flow_count: int) -> None:
        self.step_count = step_count
        self.flow_count = flow_count
        super().__init__(
            f"the rate must be found within {step_count} steps, "
            f"got none for {flow_count} cash flows"
        )


class RecordNotFoundError(MicrocrmError, LookupError):
    """No record is kept under the key.

    Attributes:
        key: The key that was asked for.

    Example:
        >>> from microcrm_core import RecordNotFoundError
        >>> str(RecordNotFoundError("customer-7"))
        "no record under 'customer-7'"
    """

    code: ClassVar[str] = "record_not_found"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"no record under {key!r}")


class ConflictError(MicrocrmError, RuntimeError):
    """Someone else wrote first.

    Attributes:
        key: The record that both wanted to write.
        version: The version it has now.
        expected_version: The version that the change is based on.
        other_keys: The other keys of the same batch that conflict, in its order.

    Example:
        >>> from microcrm_core import ConflictError
        >>> error = ConflictError("customer-7", version=3, expected_version=2)
        >>> str(error).partition("; ")[0]
        "'customer-7' is at version 3, the change is based on 2"
    """

    code: ClassVar[str] = "conflict"

    def __init__(
        self,
        key: str,
        *,
        version: int,
        expected_version: int,
        other_keys: tuple[str, ...] = (),
    ) -> None:
        self.key = key
        self.version = version
        self.expected_version = expected_version
        self.other_keys = other_keys
        found = (
            f"{key!r} is at version {version}, the change is based on "
            f"{expected_version}"
        )
        if other_keys:
            named = ", ".join(repr(other) for other in other_keys[:3])
            dots = ", ..." if len(other_keys) > 3 else ""
            found = f"{found}, and {len(other_keys)} more conflict: {named}{dots}"
        super().__init__(f"{found}; read it again and repeat the change")


class StaleQuote(StrEnum):
    """Why a quote no longer holds.

    Example:
        >>> from microcrm_core.errors import StaleQuote
        >>> StaleQuote("other_events").name
        'OTHER_EVENTS'
    """

    OTHER_EVENTS = "other_events"
    """The loan has other events than when it was quoted."""
    VALIDITY_OVER = "validity_over"
    """The last day on which it holds is past."""
    INSTALLMENT_DUE = "installment_due"
    """An installment has fallen due since."""


class StaleQuoteError(MicrocrmError, RuntimeError):
    """A quote was to be accepted, and the loan has moved on.

    Attributes:
        loan_id: The loan.
        why: In which way it has.
        found: What was found: a digest or a day, as text.
        quoted: What the quote rests on, as text.

    Example:
        >>> from microcrm_core.errors import StaleQuote, StaleQuoteError
        >>> error = StaleQuoteError(
        ...     "loan-7",
        ...     StaleQuote.VALIDITY_OVER,
        ...     found="2025-03-20",
        ...     quoted="2025-03-15",
        ... )
        >>> for part in str(error).split(", "):
        ...     print(part)
        the quote for 'loan-7' must be accepted by 2025-03-15
        got 2025-03-20; quote anew
    """

    code: ClassVar[str] = "stale_quote"

    def __init__(
        self, loan_id: str, why: StaleQuote, *, found: str, quoted: str
    ) -> None:
        self.loan_id = loan_id
        self.why = why
        self.found = found
        self.quoted = quoted
        rule = {
            StaleQuote.OTHER_EVENTS: f"must rest on the log as it is, {found[:12]}",
            StaleQuote.VALIDITY_OVER: f"must be accepted by {quoted}",
            StaleQuote.INSTALLMENT_DUE: f"must be accepted before {quoted}",
        }[why]
        told = quoted[:12] if why is StaleQuote.OTHER_EVENTS else found
        super().__init__(f"the quote for {loan_id!r} {rule}, got {told}; quote anew")


class StorageProblem(StrEnum):
    """What keeps a store from its work.

    Example:
        >>> from microcrm_core.errors import StorageProblem
        >>> StorageProblem("full").name
        'FULL'
    """

    LOCKED = "locked"
    """Another process holds the store for longer than we wait."""
    FULL = "full"
    """No space is left."""
    READ_ONLY = "read_only"
    """The file, its folder or the disk may not be written."""
    UNAVAILABLE = "unavailable"
    """It cannot be opened, or the disk reports an error."""
    CORRUPT = "corrupt"
    """What is stored is damaged."""
    FOREIGN = "foreign"
    """The file is something else than a store."""
    NEWER = "newer"
    """A newer version of this library wrote it."""
    CLOSED = "closed"
    """The store was closed."""
    FORKED = "forked"
    """The store was opened by the parent of this process."""


class StorageError(MicrocrmError, RuntimeError):
    """The place where a store keeps its records does not work.

    Attributes:
        store: Which store; for a file, its path.
        problem: What kind of trouble it is.
        rule: What must hold.
        hint: What to do about it.

    Example:
        >>> from microcrm_core.errors import StorageError, StorageProblem
        >>> str(
        ...     StorageError(
        ...         "crm.db",
        ...         StorageProblem.FULL,
        ...         rule="must have space left",
        ...         hint="free some and repeat",
        ...     )
        ... )
        "store 'crm.db' must have space left, got 'full'; free some and repeat"
    """

    code: ClassVar[str] = "storage"

    def __init__(
        self, store: str, problem: StorageProblem, *, rule: str, hint: str
    ) -> None:
        self.store = store
        self.problem = problem
        self.rule = rule
        self.hint = hint
        super().__init__(f"store {store!r} {rule}, got {problem.value!r}; {hint}")


class MissingExtraError(MicrocrmError, ImportError):
    """A feature needs an optional package that is not installed.

    Attributes:
        extra: The extra to install.

    Example:
        >>> from microcrm_core import MissingExtraError
        >>> str(MissingExtraError("frames", feature="to_frame"))
        "to_frame needs the extra 'frames'; pip install 'microcrm_core[frames]'"
    """

    code: ClassVar[str] = "missing_extra"

    def __init__(self, extra: str, *, feature: str) -> None:
        self.extra = extra
        self.feature = feature
        super().__init__(
            f"{feature} needs the extra {extra!r}; pip install 'microcrm_core[{extra}]'"
        )


def _shown(value: object) -> str:
    # Python refuses to write out whole numbers of thousands of digits.
    if isinstance(value, int) and value.bit_length() > _SHOWN_BITS_MAX:
        return f"a whole number of {value.bit_length()} bits"
    # Dates read better in ISO form than as a constructor call.
    isoformat = getattr(value, "isoformat", None)
    text = str(isoformat()) if callable(isoformat) else repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _rebuilt(
    kind: type[MicrocrmError], args: tuple[object, ...], parts: dict[str, object]
) -> MicrocrmError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(parts)
    return error
