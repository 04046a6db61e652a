"""Rejected rows: what a file holds that no portfolio can, and why.

A row that breaks a rule is left out and listed; the rest is reviewed. The list is for
the people who own the data: file, line, column and a sentence. A sentence shows ids and
figures, never other text, because that could be personal data.

Example:
    >>> from microcrm_core.reviews.rejections import RejectedRow
    >>> row = RejectedRow(
    ...     file="loans.csv", line=3, column="principal", code="amount_positive"
    ... )
    >>> row.text()
    'must be above zero'
    >>> row.text("zh-CN")
    '必须大于零'
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from microcrm_core.errors import InvalidValueError
from microcrm_core.reason_texts import Language
from microcrm_core.reviews.rejection_texts import FOUND_TEXT, REJECTION_TEXTS
from microcrm_core.reviews.whole_files import whole_file

__all__ = ["Fault", "FaultParams", "RejectedRow", "write_rejected"]

FaultParams: TypeAlias = Mapping[str, str | int]
"""What fills the text of a fault: ids and figures."""

_NO_PARAMS: Final[FaultParams] = MappingProxyType({})


def _known_code(_instance: object, _attribute: object, value: str) -> None:
    if value not in REJECTION_TEXTS:
        raise InvalidValueError("code", "must have texts", value)


@attrs.frozen
class Fault:
    """The first rule that a row breaks, wherever the row stands.

    Attributes:
        column: Column that breaks it; None: the row as a whole.
        code: Stable name of the rule.
        params: What fills its text.

    Example:
        >>> from microcrm_core.reviews.rejections import Fault
        >>> Fault("amount", "amount_positive").column
        'amount'
    """

    column: str | None
    code: str = attrs.field(validator=_known_code)
    params: FaultParams = _NO_PARAMS


@attrs.frozen(kw_only=True)
class RejectedRow:
    """A row that was left out, where it stands, and why.

    Attributes:
        file: Name of the file, or of the table if it was no file.
        line: Line of the file on which the row begins, from 1; the header is 1. For
            rows of a frame, the position from 2, as in a file of one row a line.
        column: Column that breaks a rule; None: the row as a whole.
        code: Stable name of the rule, a key of `REJECTION_TEXTS`.
        params: What fills its text: ids and figures.

    Example:
        >>> from microcrm_core.reviews.rejections import RejectedRow
        >>> row = RejectedRow(
        ...     file="repayments.csv",
        ...     line=7,
        ...     column="loan_id",
        ...     code="loan_unknown",
        ...     params={"id": "l-9"},
        ... )
        >>> str(row)
        'repayments.csv line 7, loan_id: must be the id of a loan, got l-9'
    """

    file: str
    line: int
    column: str | None
    code: str = attrs.field(validator=_known_code)
    params: FaultParams = attrs.field(default=_NO_PARAMS, hash=False)

    @classmethod
    def of(cls, fault: Fault, *, file: str, line: int) -> RejectedRow:
        """Return the rejection of the row that stands there.

        Example:
            >>> from microcrm_core.reviews.rejections import Fault, RejectedRow
            >>> fault = Fault("kind", "value_missing")
            >>> RejectedRow.of(fault, file="customers.csv", line=2).line
            2
        """
        return cls(
            file=file,
            line=line,
            column=fault.column,
            code=fault.code,
            params=fault.params,
        )

    def text(self, language: Language | str = Language.EN) -> str:
        """Return why, as a sentence without the place.

        Raises:
            InvalidValueError: The language is none of `Language`.

        Example:
            >>> from microcrm_core.reviews.rejections import RejectedRow
            >>> RejectedRow(
            ...     file="loans.csv", line=2, column="currency", code="value_missing"
            ... ).text()
            'must be given'
        """
        try:
            language = Language(language)
        except ValueError:
            rule = f"must be one of {', '.join(Language)}"
            raise InvalidValueError("language", rule, language) from None
        # A value that may be shown is a parameter; its words are of the language.
        is_shown = "figure" in self.params
        found = FOUND_TEXT[language].format_map(self.params) if is_shown else ""
        params = {"found": found, **self.params}
        return REJECTION_TEXTS[self.code][language].format_map(params)

    def __str__(self) -> str:
        """Return place and reason on one line."""
        column = f", {self.column}" if self.column else ""
        return f"{self.file} line {self.line}{column}: {self.text()}"


def write_rejected(
    path: str | os.PathLike[str],
    rows: Iterable[RejectedRow],
    *,
    language: Language | str = Language.EN,
) -> None:
    """Write the list of rejected rows as CSV: file, line, column, reason.

    The file appears whole or not at all, and replaces an older one.

    Raises:
        InvalidValueError: The language is none of `Language`.
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from microcrm_core.reviews.rejections import write_rejected
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "rejected.csv")
        ...     write_rejected(path, [])
        ...     print(path.read_text(), end="")
        file,line,column,reason
    """
    with whole_file(path) as binary:
        stream = io.TextIOWrapper(binary, encoding="utf-8", newline="")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "line", "column", "reason"))
        for row in rows:
            writer.writerow((row.file, row.line, row.column or "", row.text(language)))
        stream.detach()
